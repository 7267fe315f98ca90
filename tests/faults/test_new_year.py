"""A new year's log is begun while a withdrawal and reads are on their way: what is withdrawn stays so on both sides."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.disclosure.release import Released
from tests.laws.gateway_world import Laws, open_world
from tests.laws.seams import interrupted

MIDNIGHT = datetime(2026, 12, 31, 22, 0, tzinfo=UTC)
"""The first instant of 2027 in Helsinki."""


async def _read_until(laws: Laws, document: str, ended: asyncio.Event) -> list[bool]:
    """Read over and over, once more after the end; return of each read that began after it whether it was released."""
    late: list[bool] = []
    while True:
        began_late = ended.is_set()
        outcome = await laws.ask(laws.read_of(document))
        if began_late:
            late.append(isinstance(outcome, Released))
            if len(late) == 3:
                return late


@pytest.mark.parametrize("order", ["the withdrawal is there first", "the year is there first"])
async def test_a_withdrawal_at_midnight_holds_in_the_old_log_and_in_the_new(place: Path, order: str) -> None:
    async with open_world(place) as laws:
        laws.clock.set(MIDNIGHT - timedelta(minutes=1))
        document = await laws.deposit()
        withdrawn, kept = await laws.give(), await laws.give("sirpa")
        other = await laws.deposit("sirpa")
        assert isinstance(await laws.ask(laws.read_of(document)), Released)
        ended = asyncio.Event()
        readers = [asyncio.create_task(_read_until(laws, document, ended)) for _ in range(4)]
        await asyncio.sleep(0)
        if order == "the year is there first":
            laws.clock.set(MIDNIGHT)
        ending = asyncio.create_task(laws.gateway.recording.withdraw(withdrawn.id))
        await asyncio.sleep(0)
        laws.clock.set(MIDNIGHT)
        await ending
        ended.set()
        late = [one for reads in await asyncio.gather(*readers) for one in reads]
        assert late == [False] * 12
        # What was not withdrawn is carried over.
        assert isinstance(await laws.ask(laws.read_of(other)), Released)
        assert kept.id
        years = {entry.origin.rpartition("/")[2] for entry in laws.entries()}
        assert years == {"2026", "2027"}
        assert laws.verify() == []


async def test_a_release_judged_before_midnight_is_compared_in_the_new_year(place: Path) -> None:
    async with open_world(place) as laws:
        laws.clock.set(MIDNIGHT - timedelta(minutes=1))
        document = await laws.deposit()
        consent = await laws.give()

        async def then() -> None:
            laws.clock.set(MIDNIGHT)
            await laws.gateway.recording.withdraw(consent.id)

        outcome = await laws.ask(laws.read_of(document), interrupted(laws.gateway.parts, then)[0])
        assert not isinstance(outcome, Released)
        assert [entry.kind for entry in laws.entries() if entry.origin.endswith("2027")][-1] == "decision"
        assert laws.verify() == []
