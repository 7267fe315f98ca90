"""A withdrawal at t refuses every request judged at or after t, whoever reads meanwhile (consent rules, section 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from gateway.consent.model import Actor
from gateway.disclosure.release import Released
from tests.laws.gateway_world import Laws
from tests.laws.seams import interrupted

READERS, READS = 8, 25
RELEASES = ("disclosure", "search")


async def _withdrawal(laws: Laws) -> tuple[str, Callable[[], Awaitable[object]]]:
    consent = await laws.give()
    return "consent.withdrawn", lambda: laws.gateway.recording.withdraw(consent.id)


async def _prohibition(laws: Laws) -> tuple[str, Callable[[], Awaitable[object]]]:
    await laws.give()
    client = await laws.client("suvi")
    return "prohibition.given", lambda: laws.gateway.recording.prohibit(client, recipient="kuntakokeilu")


async def _partner_suspension(laws: Laws) -> tuple[str, Callable[[], Awaitable[object]]]:
    await laws.give()
    item = laws.gateway.partners.suspending("kuntakokeilu-system", by="test")
    return "partner.suspended", lambda: laws.gateway.log.submit(item, urgent=True)


async def _client_suspension(laws: Laws) -> tuple[str, Callable[[], Awaitable[object]]]:
    await laws.give()
    client = await laws.client("suvi")
    by = Actor(system="gateway")
    return "client.suspended", lambda: laws.gateway.clients.suspend(client, suspended=True, by=by)


async def _relation_end(laws: Laws) -> tuple[str, Callable[[], Awaitable[object]]]:
    relation = await laws.relate()
    by = Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1")
    return "relation.ended", lambda: laws.gateway.recording.end_relation(relation, by)


@pytest.mark.parametrize(
    "ending", [_withdrawal, _prohibition, _partner_suspension, _client_suspension, _relation_end],
    ids=["withdrawal", "prohibition", "partner suspended", "client suspended", "relation ended"],
)  # fmt: skip
async def test_nothing_is_released_once_its_ground_has_ended(
    laws: Laws, ending: Callable[[Laws], Awaitable[tuple[str, Callable[[], Awaitable[object]]]]]
) -> None:
    document = await laws.deposit()
    kind, end = await ending(laws)
    chance = Random(7)

    async def dawdle() -> None:
        await asyncio.sleep(chance.random() / 100)

    parts, _ = interrupted(laws.gateway.parts, dawdle, times=10_000)
    enough, ended = asyncio.Event(), asyncio.Event()
    late: list[object] = []
    released = 0

    async def read(number: int) -> None:
        nonlocal released
        for turn in range(READS):
            asked_late = ended.is_set()
            request = laws.read_of(document) if (number + turn) % 4 else laws.search_of(laws.code("suvi"))
            outcome = await laws.ask(request, parts)
            if isinstance(outcome, Released) and outcome.documents:
                released += 1
                if released == READERS * READS // 3:
                    enough.set()
                if asked_late:
                    late.append(outcome)

    async def finish() -> None:
        await enough.wait()
        await end()
        ended.set()

    await asyncio.gather(finish(), *(read(number) for number in range(READERS)))
    assert late == []
    entries = laws.entries()
    place = next(number for number, entry in enumerate(entries) if entry.kind == kind)
    after = [
        entry for entry in entries[place + 1 :]
        if entry.kind in RELEASES and entry.outcome == "permit" and (entry.b or {})["documents"]
    ]  # fmt: skip
    assert after == []
    assert released < READERS * READS, "the ground ended only after everyone had read"
    assert laws.verify() == []
