"""Every entry in which an organisation had a part is found by its officer, and says so in what is signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.sql.log_search import SqlSearchStore
from audit.entry import IndexRow
from gateway.consent.model import RefusedRow
from gateway.disclosure.concern import Answer
from gateway.disclosure.index_law import told
from gateway.disclosure.log_query import Officer, Query, Scope
from gateway.disclosure.officer_looks import OfficerLooks
from gateway.disclosure.officer_scope import may_see, scope_of
from gateway.disclosure.release import Refused, Released
from gateway.disclosure.snapshot import UNMET
from gateway.verification import verify_gateway
from tests.laws.gateway_world import PLAN, Laws, installed, open_world
from tests.unit.disclosure.story import Story

WHY = "A complaint of the client's"


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """A gateway on SQLite."""
    async with open_world(installed(tmp_path)) as made:
        yield made


def officer_of(laws: Laws, service: str) -> Officer:
    """The officer of a service's organisation."""
    directory = laws.world.directory
    organisation = directory.services[service].organisation
    systems = {one.id: one.organisation for one in laws.gateway.partners.list()}
    return Officer("dpo", "Tiina", organisation, scope_of(organisation, directory, systems))


async def seen_by(laws: Laws, service: str, client: str = "suvi") -> Counter[str]:
    """The kinds of a client's entries that a service's officer finds and may see."""
    gateway = laws.gateway
    looks = OfficerLooks(SqlSearchStore(gateway.database), gateway.keys, gateway.log, gateway.parts.new_event_id)
    found = await looks.search(Query(client=await laws.client(client)), officer_of(laws, service), WHY)
    assert Counter(one.kind for one in found.sights) == Counter(one.kind for one in found.entries)
    return Counter(one.kind for one in found.entries)


async def test_officers_of_both_sides_see_that_a_single_use_grant_was_spent(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give("suvi", laws.row(once=True))
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    assert (await seen_by(laws, "sote-keskus"))["consent.spent"] == 1
    assert (await seen_by(laws, "kuntakokeilu"))["consent.spent"] == 1
    assert (await seen_by(laws, "kela"))["consent.spent"] == 0
    assert verify_gateway(laws.gateway).sound


def test_custodian_officer_may_see_a_refusal_that_came_before_the_fetch() -> None:
    story = Story()
    story.deny(document=story.lie_outside(id=UNMET))
    _, (draft,) = story.acts[-1]
    entry = story.entries()[-1]
    assert draft.index.custodian == "sosiaalityo"
    assert may_see(entry, IndexRow(entry.kind, entry.outcome), Scope(frozenset({"sosiaalityo"}), frozenset()))
    # The other half: an index row that names a stranger opens nothing to them.
    assert not may_see(entry, replace(draft.index, custodian="te"), Scope(frozenset({"te"}), frozenset()))


def test_entry_that_names_grants_by_id_names_whom_they_are_between() -> None:
    story = Story()
    consent = story.give()
    begun = len(story.acts)
    story.confirm(consent, "sosiaalityo")
    story.expire(consent)
    story.end_mandate(consent)
    story.withdraw(consent)
    for (_, (draft,)), entry in zip(story.acts[begun:], story.entries()[begun:], strict=True):
        assert (draft.index.recipient, draft.index.custodian) == ("kela", "sosiaalityo"), entry.kind
        for service in ("kela", "sosiaalityo"):
            assert may_see(entry, IndexRow(entry.kind, entry.outcome), Scope(frozenset({service}), frozenset()))
        assert told(entry)["category"] == draft.index.category is not None


async def test_an_answered_concern_is_seen_by_the_organisation_that_answered_alone(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    release = next(one for one in laws.entries() if one.kind == "disclosure")
    concerns, officer = laws.gateway.concerns, officer_of(laws, "kuntakokeilu")
    raised = await concerns.raise_concern(await laws.client("suvi"), release.origin, release.index)
    await concerns.answer(raised.id, officer, Answer.RIGHTFUL, "It had its reason.")
    assert (await seen_by(laws, "kuntakokeilu"))["concern.answered"] == 1
    assert (await seen_by(laws, "sote-keskus"))["concern.answered"] == 0
    for service in ("kuntakokeilu", "sote-keskus"):
        assert (await seen_by(laws, service))["concern.raised"] == 1
    assert verify_gateway(laws.gateway).sound


async def test_the_index_of_every_kind_of_entry_is_told_by_its_sections(laws: Laws) -> None:
    recording = laws.gateway.recording
    client = await laws.client("suvi")
    once = await laws.give("suvi", laws.row(once=True))
    document = await laws.deposit()
    await laws.ask(laws.read_of(document))
    assert isinstance(await laws.ask(laws.read_of("f" * 32)), Refused)
    await laws.search(laws.code("suvi"))
    await laws.search(laws.code("maija"))
    await recording.refuse(client, [RefusedRow("kela", PLAN)])
    await recording.withdraw(once.id)
    await laws.relate()
    with laws.gateway.log_store.read() as reader:
        (head,) = reader.heads()
        events = {one.index: one for one in reader.events(head.origin, 0, head.size)}
    for entry in laws.entries():
        row = events[entry.index].row
        stored = {name: getattr(row, name) for name in ("basis", "category", "recipient", "custodian", "requester")}
        assert dict(told(entry)) == stored, entry.kind
    assert verify_gateway(laws.gateway).sound
