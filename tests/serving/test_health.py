"""Health: alive whatever else is, ready only while everything that serving rests on answers, and that in time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection

from gateway.http.health_routes import Bounded, health_router
from gateway.open_gateway import Gateway
from tests.laws.gateway_world import Laws, open_world


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """An open gateway with the demo world in it."""
    async with open_world(tmp_path) as made:
        yield made


IN_TIME = 20.0
"""A check may take half of it; a machine that runs tests is slow at times."""


async def test_a_gateway_that_is_well_is_ready_and_says_what_was_looked_at(laws: Laws) -> None:
    answer = await laws.web.get("/health/ready")
    assert (answer.status_code, answer.json()["parts"]) == (200, {"database": True, "engine": True, "log": True})


async def test_a_database_that_hangs_is_told_in_time_and_its_threads_do_not_pile_up(tmp_path: Path) -> None:
    released, hanging = threading.Event(), 0

    def hung(gateway: Gateway) -> Gateway:
        @contextmanager
        def read() -> Iterator[Connection]:
            nonlocal hanging
            hanging += 1
            released.wait(60)
            raise OSError("cut")
            yield

        return replace(gateway, database=replace(gateway.database, read=read))

    async with open_world(tmp_path) as well:
        laws = well.changed(hung, readiness=IN_TIME / 2)
        for _ in range(3):
            began = time.monotonic()
            answer = await laws.web.get("/health/ready")
            assert time.monotonic() - began < IN_TIME
            assert answer.status_code == 503
            assert answer.json()["parts"] == {"database": False, "engine": True, "log": True}
            assert (await laws.web.get("/health/live")).status_code == 200
        assert hanging == 1
        released.set()


async def test_a_further_check_counts_too(laws: Laws) -> None:
    async def no_witness() -> bool:
        raise ConnectionError("nobody there")

    unready = await laws.changed(lambda one: replace(one, more_checks={"witness": no_witness})).web.get("/health/ready")
    assert (unready.status_code, unready.json()["parts"]["witness"]) == (503, False)


async def test_a_check_that_hung_is_asked_again_once_it_has_ended() -> None:
    gate, asked = asyncio.Event(), 0

    async def check() -> bool:
        nonlocal asked
        asked += 1
        await gate.wait()
        return True

    bounded = Bounded(check, 0.05)
    assert [await bounded(), await bounded()] == [False, False]
    assert asked == 1
    gate.set()
    await asyncio.sleep(0)
    assert await bounded()


async def test_checks_are_asked_side_by_side() -> None:
    met = asyncio.Barrier(2)

    async def check() -> bool:
        await met.wait()
        return True

    app = FastAPI()
    app.include_router(health_router({"one": check, "other": check}, IN_TIME))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as web:
        assert (await web.get("/health/ready")).status_code == 200
