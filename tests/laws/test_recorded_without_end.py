"""An organisation that records without end about a client comes to one, and takes nothing from anybody meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.consent.acting import Act
from gateway.consent.bounds import MOST_RECORDED, YEAR
from gateway.consent.model import (
    Actor,
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    Evidence,
    Prohibition,
    Relation,
    RelationKind,
    Shown,
)
from gateway.disclosure.decision import Decision
from gateway.disclosure.ports import PolicyEngine
from gateway.disclosure.release import Refused, Released
from gateway.errors import ConsentRefused
from tests.laws.gateway_world import Laws

ROWS = 50
"""As many as one consent may have."""
MANY = 100


class Listening:
    """The engine, and how many relations and prohibitions it was told of."""

    def __init__(self, engine: PolicyEngine) -> None:
        self._engine, self.revision, self.told = engine, engine.revision, set[tuple[int, int]]()

    async def decide(self, facts: Mapping[str, object]) -> Decision:
        """Judge one."""
        return (await self.decide_many([facts]))[0]

    async def decide_many(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        """Judge several."""
        self.told |= {(_number(one["relations"]), _number(one["prohibitions"])) for one in facts}
        return await self._engine.decide_many(facts)


def _number(rows: object) -> int:
    assert isinstance(rows, list)
    return len(rows)


async def recorded(laws: Laws, rows: int = ROWS, service: str = "tyopaja") -> Consent:
    """Let a worker of a third organisation record rows that end at once."""
    recording, told, now = laws.gateway.recording, laws.gateway.wordings.current(), laws.clock.now()
    row = laws.row(valid_from=now, until=now + timedelta(seconds=1))
    given = await recording.give(
        await laws.client("suvi"), [row] * rows,
        Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=Evidence((("identity_check", "seen"),))),
        Shown(told.id, told.version, "fi", "plain", "0" * 64), by=Actor(service, f"{service}-system", "w-1"),
    )  # fmt: skip
    laws.clock.advance(timedelta(seconds=2))
    return given.consent


async def test_who_records_consents_without_end_comes_to_one_and_fills_nobody_elses_place(laws: Laws) -> None:
    document = await laws.deposit()
    for _ in range(MOST_RECORDED // ROWS - 1):
        await recorded(laws)
    last, client = await recorded(laws, ROWS - 1), await laws.client("suvi")
    # What becomes of it since gives no place back.
    await laws.gateway.recording.withdraw(last.id, client=client)
    await recorded(laws, 1)
    before = laws.size()
    with pytest.raises(ConsentRefused) as refused:
        await recorded(laws, 1)
    assert refused.value.reason == "too-many-recorded" and laws.size() == before
    # The client's own hand, another organisation, and what ends a consent are not hindered.
    given = await laws.give()
    await recorded(laws, 1, "sote-keskus")
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    await laws.gateway.recording.withdraw(given.id, client=client)
    await laws.gateway.recording.withdraw_all(client)
    laws.clock.advance(YEAR)
    await recorded(laws, 1)


async def test_who_records_relations_without_end_comes_to_one_too(laws: Laws) -> None:
    client, recording = await laws.client("suvi"), laws.gateway.recording
    await recording.run(Actor(system="earlier"), lambda act: _store(act, _relations(client, act, MOST_RECORDED - 1)))
    last = await laws.relate()
    with pytest.raises(ConsentRefused) as refused:
        await laws.relate()
    assert refused.value.reason == "too-many-recorded"
    await recording.end_relation(last, Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1"))
    assert len(await recording.relations_of(client, "sote-keskus")) == MOST_RECORDED


async def test_others_relations_and_prohibitions_however_many_shut_nobody_out(laws: Laws) -> None:
    document, client = await laws.deposit(), await laws.client("suvi")
    await laws.give()
    await laws.gateway.recording.run(Actor(system="other"), lambda act: _store(act, _relations(client, act, MANY)))
    engine = Listening(laws.gateway.engine)
    parts = replace(laws.gateway.parts, engine=engine)

    def forbid(act: Act) -> None:
        for number in range(MANY):
            row = Prohibition(f"{number:032x}", client, "kela", None, False, act.at)
            act.office.stores.standing.save_prohibition(act.connection, row)

    await laws.gateway.recording.run(Actor(system="other"), forbid)
    assert isinstance(await laws.ask(laws.read_of(document), parts), Released)
    assert isinstance(await laws.ask(laws.search_of(laws.code("suvi")), parts), Released)
    # What one decision weighs does not depend on what others recorded.
    assert engine.told == {(1, 0)}
    await laws.gateway.recording.prohibit(client, recipient="kuntakokeilu", category=None)
    refused = await laws.ask(laws.read_of(document))
    assert isinstance(refused, Refused) and refused.reason == "prohibited"


def _relations(client: ClientId, act: Act, number: int) -> Iterator[Relation]:
    """Yield relations of the health centre to the employment service: on no flow of theirs does one carry anything."""
    for each in range(number):
        yield Relation(
            f"{each:032x}", client, RelationKind.PROCESSOR, "sote-keskus", ("kuntakokeilu",), act.at, None, None, None,
            "sote-keskus",
        )  # fmt: skip


def _store(act: Act, rows: Iterator[Relation]) -> None:
    for row in rows:
        act.office.stores.standing.save_relation(act.connection, row, act.at)
