"""Whoever waits for a keeping gets one that began after, at most one runs, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading

import pytest

from audit.entry import Draft
from audit.errors import NotKept
from audit.keeping import Keeping
from tests.simulators.steered_loop import on_steered_time, pass_time


class Slow:
    """A keeper that waits until it is let go, and counts."""

    def __init__(self) -> None:
        self.began, self.let_go, self.at_once = 0, threading.Semaphore(0), 0

    def protects(self, draft: Draft) -> bool:
        """Nothing here asks."""
        return False

    def keep(self) -> None:
        """Wait."""
        self.began += 1
        self.at_once += 1
        assert self.at_once == 1
        self.let_go.acquire()
        self.at_once -= 1


async def _begun(keeper: Slow, count: int) -> None:
    while keeper.began < count:
        await asyncio.sleep(0.001)


async def test_those_who_come_while_one_runs_share_the_next() -> None:
    keeper = Slow()
    keeping = Keeping(keeper)
    first = asyncio.create_task(keeping.keep())
    await _begun(keeper, 1)
    others = [asyncio.create_task(keeping.keep()) for _ in range(5)]
    await asyncio.sleep(0)
    keeper.let_go.release()
    await first
    assert not any(one.done() for one in others)
    await _begun(keeper, 2)
    keeper.let_go.release()
    await asyncio.gather(*others)
    assert keeper.began == 2


@on_steered_time
async def test_a_place_that_hangs_is_told_and_the_keeping_goes_on_by_itself() -> None:
    keeper = Slow()
    keeping = Keeping(keeper, patience=10.0)
    waiting = asyncio.create_task(keeping.keep())
    await _begun(keeper, 1)
    pass_time(10.0)
    with pytest.raises(NotKept, match="does not answer"):
        await waiting
    keeper.let_go.release()
    keeper.let_go.release()
    await keeping.keep()
    assert keeper.began in (1, 2)


async def test_a_waiter_who_goes_stops_nobody_elses_keeping() -> None:
    keeper = Slow()
    keeping = Keeping(keeper)
    one, other = asyncio.create_task(keeping.keep()), asyncio.create_task(keeping.keep())
    await _begun(keeper, 1)
    one.cancel()
    keeper.let_go.release()
    keeper.let_go.release()
    await other
