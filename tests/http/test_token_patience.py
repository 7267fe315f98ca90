"""A store that says nothing keeps nobody waiting for a token without end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI

from adapters.sql.database import ReadingThreads
from gateway.http.problems import install_problems
from gateway.http.token_routes import REVOCATION_PATH, TOKEN_PATH, TokenRevocation, token_router

SHORT, LONG = 0.1, 30.0


@dataclass(frozen=True)
class Said:
    """An answer of the authorization server."""

    status: int = 200
    body: Mapping[str, object] = field(default_factory=lambda: {"access_token": "a-token"})
    headers: tuple[tuple[str, str], ...] = ()


class SilentStore:
    """An authorization server whose store says nothing until it is let."""

    def __init__(self) -> None:
        self.speaks = threading.Event()
        self.answered = 0

    def token(self, form: Mapping[str, str]) -> Said:
        self.speaks.wait(LONG)
        self.answered += 1
        return Said()

    def revocation(self, form: Mapping[str, str]) -> tuple[Said, TokenRevocation | None]:
        return self.token(form), None


def serving(store: SilentStore, threads: int, waiting: int) -> httpx.AsyncClient:
    async def record(revocation: TokenRevocation) -> None:
        raise AssertionError("nothing was revoked")

    app = FastAPI()
    install_problems(app, challenge="Bearer")
    app.include_router(token_router(store, record, ReadingThreads(threads, waiting, SHORT)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x")


@pytest.mark.parametrize("path", [TOKEN_PATH, REVOCATION_PATH])
async def test_a_silent_store_is_waited_for_as_long_as_by_others_and_its_late_token_goes_nowhere(path: str) -> None:
    store = SilentStore()
    async with serving(store, 1, 1) as web:
        answer = await asyncio.wait_for(web.post(path, data={"a": "b"}), LONG / 2)
        assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
        assert "retry-after" in answer.headers
        assert "a-token" not in answer.text
        store.speaks.set()
        async with asyncio.timeout(LONG):
            while not (again := await web.post(path, data={"a": "b"})).is_success:
                await asyncio.sleep(0.01)
        assert again.status_code == 200
    # The one that nobody waited for was answered too, and its token went to nobody.
    assert store.answered >= 2


async def test_calls_that_nobody_waits_for_any_more_still_count_so_that_threads_do_not_pile_up() -> None:
    store, before = SilentStore(), threading.active_count()
    async with serving(store, 2, 1) as web:
        answers = await asyncio.gather(*(web.post(TOKEN_PATH, data={"a": "b"}) for _ in range(10)))
        assert {answer.status_code for answer in answers} == {503}
        assert threading.active_count() <= before + 2
        store.speaks.set()
