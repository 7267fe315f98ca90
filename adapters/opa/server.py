"""The policy engine on an OPA server, through opa-python-client's asynchronous client.

What that client leaves open is closed here: it retries by itself (0 here), waits 1.5 seconds (0.25 here), answers an
undefined rule with `{}` (an error here), and has no session outside `async with` (opened once here). Its uploads of
policies are never used: the server gets its policies as a bundle, and a decision of another revision is none.
It trusts the system's certificate authorities alone; a private one needs a proxy on this machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from opa_client import AsyncOpaClient

from adapters.breaker import Breaker
from adapters.opa.batches import encode
from adapters.opa.decision import parse_decision, parse_decisions
from adapters.opa.together import NoAnswer, Together
from gateway.disclosure.decision import Decision
from gateway.errors import EngineUnavailable, SettingsError

TIMEOUT = 0.25
_PACKAGE = "saattaen.disclosure"


class ServerEngine:
    """A `PolicyEngine` on the OPA server at *address*, pinned to *revision*. Use it inside `async with`, once.

    *address* is `http(s)://host[:port]`, *token* the bearer token that the server asks for. Raises SettingsError when
    the address is of another form.
    """

    def __init__(
        self,
        address: str,
        revision: str,
        *,
        token: str | None = None,
        timeout: float = TIMEOUT,
        breaker: Breaker | None = None,
    ) -> None:
        host, port, tls = _parse_address(address)
        self._revision = revision
        self._breaker = breaker or Breaker(time.monotonic)
        self._client = AsyncOpaClient(host=host, port=port, ssl=tls, token=token, retries=0, timeout=timeout)
        self._together = Together(self._judge)
        self._opened = AsyncExitStack()
        self._is_open = False

    async def __aenter__(self) -> Self:
        await self._opened.enter_async_context(self._client)
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        await self._opened.aclose()

    @property
    def revision(self) -> str:
        """The digest of the policies that the server must judge by."""
        return self._revision

    async def decide(self, facts: Mapping[str, object]) -> Decision:
        """Judge one request's facts. Raises EngineUnavailable."""
        encode(facts)
        return parse_decision(await self._query("decision", facts), self._revision)

    async def decide_many(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        """Judge several, in order, together with what other requests ask. Raises EngineUnavailable when one of them
        cannot be judged."""
        return await self._together.decide(facts)

    async def _judge(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        answer = await self._query("decisions", {"batch": list(facts)})
        return parse_decisions(answer, len(facts), self._revision)

    async def _query(self, rule: str, question: Mapping[str, object]) -> object:
        if not self._is_open or not self._breaker.may_try():
            raise NoAnswer("the policy server is not asked at present")
        try:
            answer = await self._client.query_rule(dict(question), _PACKAGE, rule)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            self._breaker.failed()
            raise NoAnswer("the policy server does not answer") from error
        # An undefined rule is an answer without a result: that is no permission, and no refusal either.
        if not isinstance(answer, dict) or "result" not in answer:
            self._breaker.failed()
            raise EngineUnavailable("the policy is undefined")
        self._breaker.succeeded()
        result: object = answer["result"]
        return result


def _parse_address(address: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise SettingsError("the policy server's address is no address") from error
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise SettingsError("the policy server's address must be http(s)://host[:port]")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    tls = parts.scheme == "https"
    return host, port or (443 if tls else 80), tls
