"""Readers on many connections against several gateways, and a controller a lane that gives a ground and ends it.

A read counts as late when it began after the answer to the end of its ground, and ended before the next ground began to
be given: nothing of it may be released.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.stress.lanes import HEALTH, KINDS, Grounds, Lane
from tests.stress.wire import Wire

READERS = 64
READS_IN_PHASE = 12
"""How many reads of a lane each phase lasts at least, on the average half of all reads are in each."""
OTHERS = 10
"""Every so many endings is one of each other kind than a withdrawal."""


@dataclass
class Record:
    """What the harness itself has seen."""

    answers: Counter[int] = field(default_factory=Counter)
    entries: set[str] = field(default_factory=set)
    """The entries of all releases that it got, as `origin/index`."""
    late: list[str] = field(default_factory=list)
    """What was released although its ground had ended."""
    odd: list[str] = field(default_factory=list)
    """Answers that no rule allows."""
    late_reads: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    withdrawn: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """How long each end took to be answered."""

    @property
    def reads(self) -> int:
        """How many reads were answered."""
        return sum(self.answers.values())


class Stress:
    """One run: until so many reads are done and so many withdrawals are answered."""

    def __init__(self, lanes: list[Lane], wire: Wire, grounds: Grounds, reads: int, withdrawals: int) -> None:
        self._lanes, self._wire, self._grounds = lanes, wire, grounds
        self._reads, self._withdrawals = reads, withdrawals
        self.record = Record()
        self._kinds = _kinds(withdrawals)

    async def run(self, seed: int) -> Record:
        """Read and end until there was enough of both."""
        done = asyncio.Event()
        async with asyncio.TaskGroup() as reading:
            for number in range(READERS):
                reading.create_task(self._read(Random(seed + number), done))
            async with asyncio.TaskGroup() as ending:
                for lane in self._lanes:
                    ending.create_task(self._control(lane))
            done.set()
        return self.record

    async def _control(self, lane: Lane) -> None:
        while self._kinds:
            lane.kind = self._kinds.pop()
            lane.turn()
            ground = await self._grounds.give(lane)
            await self._enough(lane)
            began = time.perf_counter()
            prohibition = await self._grounds.end(lane, ground)
            self.record.seconds.append(time.perf_counter() - began)
            lane.turn()
            self.record.endings[lane.kind] += 1
            if lane.kind == "withdrawal":
                self.record.withdrawn.append(ground)
            await self._enough(lane)
            # From here on the lane is as open as its next ground makes it; a late read has ended before.
            lane.turn()
            await self._grounds.clear(lane, ground, prohibition)
            lane.turn()

    async def _enough(self, lane: Lane) -> None:
        while lane.reads_in_phase < READS_IN_PHASE:
            await asyncio.sleep(0.02)

    async def _read(self, chance: Random, done: asyncio.Event) -> None:
        record = self.record
        while not done.is_set() or record.reads < self._reads:
            lane = chance.choice(self._lanes)
            began, kind = lane.phase, lane.kind
            answer = await self._wire.read(lane.path)
            record.answers[answer.status] += 1
            lane.reads_in_phase += 1
            if answer.status == 200 and answer.entry is not None:
                record.entries.add(answer.entry)
            elif answer.status not in (404, 503):
                record.odd.append(f"{answer.status}: {answer.body[:200]!r}")
            if began == lane.phase and began % 4 == 2:
                record.late_reads += 1
                if answer.status == 200 and (kind != "tick" or HEALTH in answer.body):
                    record.late.append(f"{kind}: {answer.entry}")


def _kinds(withdrawals: int) -> list[str]:
    """Return which grounds are given, in turn: so many withdrawals, and of each other kind a tenth of that."""
    kinds = ["withdrawal"] * withdrawals
    for other in KINDS[1:]:
        kinds += [other] * (withdrawals // OTHERS)
    Random(withdrawals).shuffle(kinds)
    return kinds
