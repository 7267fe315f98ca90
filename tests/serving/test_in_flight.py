"""Requests in flight: whoever waits for those begun before is told once the last of them has ended."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.serving.in_flight import InFlight


class Held:
    """An application whose requests end when they are let go, one by one."""

    def __init__(self) -> None:
        self.begun: list[asyncio.Event] = []
        self.fails = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        released = asyncio.Event()
        self.begun.append(released)
        await released.wait()
        if self.fails:
            raise ConnectionResetError


async def _nothing() -> Message:
    raise AssertionError("nobody reads")


async def _nobody(message: Message) -> None:
    raise AssertionError("nobody answers")


async def _passed(app: InFlight) -> asyncio.Task[None]:
    request = asyncio.create_task(app({"type": "http"}, _nothing, _nobody))
    await asyncio.sleep(0)
    return request


async def test_nothing_is_waited_for_where_nothing_was_begun() -> None:
    await InFlight(Held()).settled()


@pytest.mark.parametrize("fails", [False, True], ids=["answered", "failed"])
async def test_what_was_begun_before_is_waited_for_and_what_begins_later_is_not(fails: bool) -> None:
    held = Held()
    held.fails = fails
    app = InFlight(held)
    before = await _passed(app)
    settled = asyncio.create_task(app.settled())
    await asyncio.sleep(0)
    after = await _passed(app)
    assert not settled.done()
    held.begun[0].set()
    await settled
    assert (before.done(), after.done()) == (True, False)
    held.begun[1].set()
    await asyncio.gather(before, after, return_exceptions=True)


async def test_whoever_waits_a_second_time_waits_for_the_first_requests_too() -> None:
    held = Held()
    app = InFlight(held)
    requests = [await _passed(app)]
    first = asyncio.create_task(app.settled())
    await asyncio.sleep(0)
    first.cancel()
    requests.append(await _passed(app))
    second = asyncio.create_task(app.settled())
    held.begun[1].set()
    await requests[1]
    assert not second.done()
    held.begun[0].set()
    await second
    assert all(one.done() for one in requests)
