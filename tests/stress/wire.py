"""Requests to any of the gateways, with a token of the right scope that is still good."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp

from adapters.clocks import SystemClock
from adapters.tokens.acting import Acting
from adapters.tokens.simulator import SimulatedPartner
from gateway.http.token_routes import TOKEN_PATH

_TOKEN_SECONDS = 120.0
_TRIES = 10


@dataclass(frozen=True)
class Answer:
    """What came back of a read."""

    status: int
    entry: str | None
    body: bytes


class Wire:
    """Speaks to the gateways at *ports*, each time to any of them, as two partner systems: who reads, who records."""

    def __init__(
        self, web: aiohttp.ClientSession, ports: list[int], reader: tuple[SimulatedPartner, Acting],
        recorder: tuple[SimulatedPartner, Acting], chance: Random,
    ) -> None:  # fmt: skip
        self._web, self._ports, self._chance = web, ports, chance
        self._reader, self._recorder = reader, recorder
        self._tokens: dict[str, tuple[float, str]] = {}
        self._asking = asyncio.Lock()
        self.busy = 0
        """How often a gateway said 503 and was asked again."""

    async def read(self, path: str) -> Answer:
        """GET a document once, whatever comes of it."""
        headers = {"authorization": f"Bearer {await self.token('system/*.rs')}"}
        async with self._web.get(self._address(path), headers=headers) as answer:
            return Answer(answer.status, answer.headers.get("saattaen-entry"), await answer.read())

    async def post(self, path: str, body: object) -> dict[str, Any]:
        """POST JSON until it is taken, as a partner does that is told to come again; raises for any other refusal."""
        for _ in range(_TRIES):
            headers = {"authorization": f"Bearer {await self.token('saattaen/consents saattaen/relations')}"}
            async with self._web.post(self._address(path), json=body, headers=headers) as answer:
                if answer.status == 503:
                    self.busy += 1
                    continue
                if answer.status not in (200, 201):
                    raise RuntimeError(f"{path.rpartition('/')[2]} answered {answer.status}: {await answer.text()}")
                return dict(await answer.json(content_type=None))
        raise RuntimeError("too busy, over and over")

    async def token(self, scope: str) -> str:
        """Return a token with that scope."""
        async with self._asking:
            until, token = self._tokens.get(scope, (0.0, ""))
            if time.monotonic() < until:
                return token
            system, acting = self._reader if scope.startswith("system") else self._recorder
            endpoint = f"http://127.0.0.1:{self._ports[0]}{TOKEN_PATH}"
            for _ in range(_TRIES):
                form = system.token_form(acting, scope=scope, token_endpoint=endpoint, at=SystemClock().now())
                async with self._web.post(self._address(TOKEN_PATH), data=form) as answer:
                    if answer.status == 503:
                        self.busy += 1
                        continue
                    answer.raise_for_status()
                    token = str((await answer.json())["access_token"])
                self._tokens[scope] = (time.monotonic() + _TOKEN_SECONDS, token)
                return token
        raise RuntimeError("too busy, over and over")

    def _address(self, path: str) -> str:
        return f"http://127.0.0.1:{self._chance.choice(self._ports)}{path}"
