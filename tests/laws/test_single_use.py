"""A single-use grant opens one document once, however many ask at the same time and wherever they ask."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gateway.consent.model import GrantRow
from gateway.disclosure.release import Refused, Released
from tests.laws.gateway_world import STATEMENT, Laws, open_world


def _outcomes(outcomes: list[object]) -> Counter[str]:
    return Counter(one.reason if isinstance(one, Refused) else "released" for one in outcomes)


@pytest.mark.parametrize("readers", [2, 8])
async def test_of_several_at_once_on_one_gateway_one_wins(laws: Laws, readers: int) -> None:
    document = await laws.deposit()
    await laws.give("suvi", laws.row(once=True))
    asked = [laws.ask(laws.read_of(document)) for _ in range(readers)]
    outcomes = _outcomes(list(await asyncio.gather(*asked)))
    assert outcomes == {"released": 1, "spent": readers - 1}
    kinds = Counter(entry.kind for entry in laws.entries())
    assert (kinds["disclosure"], kinds["consent.spent"]) == (1, 1)
    assert laws.verify() == []


async def test_both_were_judged_before_either_was_written(laws: Laws) -> None:
    # Else the race above would be no race: the two releases stand in one batch, and the second one falls out of it.
    document = await laws.deposit()
    await laws.give("suvi", laws.row(once=True))
    permits: list[int] = []
    judge = laws.gateway.engine.decide_many
    arrived = asyncio.Barrier(2)

    class Together:
        revision = laws.gateway.engine.revision

        async def decide_many(self, facts: object) -> object:
            decisions = await judge(facts)  # type: ignore[arg-type]
            if len(permits) < 2:
                permits.append(sum(type(one).__name__ == "Permit" for one in decisions))
                await arrived.wait()
            return decisions

    from dataclasses import replace

    parts = replace(laws.gateway.parts, engine=Together())  # type: ignore[arg-type]
    outcomes = await asyncio.gather(*(laws.ask(laws.read_of(document), parts) for _ in range(2)))
    assert permits == [1, 1]
    assert _outcomes(list(outcomes)) == {"released": 1, "spent": 1}


async def test_two_documents_and_one_grant_release_one_document(laws: Laws) -> None:
    first, second = await laws.deposit(), await laws.deposit()
    await laws.give("suvi", laws.row(once=True))
    outcomes = await asyncio.gather(*(laws.ask(laws.read_of(one)) for one in (first, second)))
    assert _outcomes(list(outcomes)) == {"released": 1, "spent": 1}


async def test_a_statement_that_leaves_health_care_leaves_once(laws: Laws) -> None:
    document = await laws.deposit(category=STATEMENT)
    now = laws.clock.now()
    row = laws.row(recipient="kela", category=STATEMENT, purpose="rehabilitation-decision")
    assert isinstance(row, GrantRow)
    assert row.until > now
    await laws.give("suvi", row)
    kela = laws.requester("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
    request = laws.read_of(document, kela, "DocumentReference")
    assert _outcomes([await laws.ask(request), await laws.ask(request)]) == {"released": 1, "spent": 1}


async def test_a_search_never_spends(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give("suvi", laws.row(once=True))
    found = await laws.ask(laws.search_of(laws.code("suvi")))
    assert not isinstance(found, Released)
    assert isinstance(await laws.ask(laws.read_of(document)), Released)


async def test_of_two_processes_on_one_database_one_wins_each_time(place: Path) -> None:
    rounds = 12
    async with open_world(place) as laws:
        people = [name for name in laws.world.clients if name not in ("turva",)]
        documents = []
        for number in range(rounds):
            # A document and a grant of its own for each round: a grant names its document.
            client = people[number % len(people)]
            document = await laws.deposit(client)
            await laws.give(client, laws.row(once=True, document=document))
            documents.append(document)
        racers = [_start(place, documents), _start(place, documents)]
        try:
            for racer in racers:
                assert await asyncio.to_thread(racer.stdout.readline) == "ready\n"  # type: ignore[union-attr]
            for racer in racers:
                racer.stdin.write("go\n")  # type: ignore[union-attr]
                racer.stdin.flush()  # type: ignore[union-attr]
            lines = [await asyncio.to_thread(racer.stdout.readline) for racer in racers]  # type: ignore[union-attr]
        finally:
            for racer in racers:
                racer.kill()
                racer.communicate()
        for outcomes in zip(*map(json.loads, lines), strict=True):
            assert sorted(outcomes) == ["released", "spent"]
        kinds = Counter(entry.kind for entry in laws.entries())
        assert (kinds["disclosure"], kinds["consent.spent"]) == (rounds, rounds)
        assert laws.verify() == []


def _start(folder: Path, documents: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.laws.racer", str(folder), *documents]
    return subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
