"""What a recipient is told when a consent is changed: every row once it is in force, and what it may open once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.consent.model import Consent, GrantRow, Shown
from gateway.consent.outbox import Outgoing
from tests.laws.gateway_world import PLAN, STATEMENT, Laws


async def _change(laws: Laws, consent: Consent, *rows: GrantRow) -> Consent:
    wording = laws.gateway.wordings.current()
    shown = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    given = await laws.gateway.recording.change(consent.id, rows, shown, client=consent.client)
    return given.consent


async def _told(laws: Laws, service: str) -> tuple[Outgoing, ...]:
    return await laws.gateway.recording.messages_to(service, await laws.client("suvi"))


def _documents(message: Outgoing) -> list[object]:
    documents = message.body["documents"]
    assert isinstance(documents, dict)
    return [one for found in documents.values() for one in found]


async def test_a_row_for_one_time_that_a_change_adds_is_told_with_its_document(laws: Laws) -> None:
    document = await laws.deposit()
    standing = laws.row(category="self-assessment")
    consent = await laws.give("suvi", standing)
    await _change(laws, consent, standing, laws.row(once=True))
    kinds = ["consent.given", "consent.changed"]
    messages = await _told(laws, "kuntakokeilu")
    assert [one.kind for one in messages] == kinds
    assert _documents(messages[-1]) == [document]
    # It was told: nothing is left to tell of it.
    await laws.gateway.recording.expire_due()
    assert [one.kind for one in await _told(laws, "kuntakokeilu")] == kinds
    assert (await laws.read(document)).status_code == 200


async def test_what_is_forbidden_is_told_of_by_a_change_without_its_document(laws: Laws) -> None:
    await laws.deposit()
    standing = laws.row(category="self-assessment")
    consent = await laws.give("suvi", standing)
    await laws.gateway.recording.prohibit(consent.client, category=PLAN)
    await _change(laws, consent, standing, laws.row(once=True))
    assert _documents((await _told(laws, "kuntakokeilu"))[-1]) == []


async def test_a_row_that_a_change_adds_for_later_is_told_once_it_is_in_force(laws: Laws) -> None:
    plan = laws.row(recipient="kela", purpose="rehabilitation-decision")
    later = replace(plan, category=STATEMENT, valid_from=laws.clock.now() + timedelta(days=2))
    consent = await laws.give("suvi", plan)
    await _change(laws, consent, plan, later)
    document = await laws.deposit(category=STATEMENT)
    assert [one.kind for one in await _told(laws, "kela")] == ["consent.given", "consent.changed"]
    laws.clock.advance(timedelta(days=3))
    await laws.gateway.recording.expire_due()
    messages = await _told(laws, "kela")
    assert [one.kind for one in messages] == ["consent.given", "consent.changed", "consent.given"]
    assert _documents(messages[-1]) == [document]


async def test_a_row_whose_start_is_still_to_come_is_told_at_its_start_after_a_change_of_anothers(laws: Laws) -> None:
    later = laws.row(valid_from=laws.clock.now() + timedelta(days=2))
    consent = await laws.give("suvi", later)
    await _change(laws, consent, later, laws.row(recipient="kela", purpose="rehabilitation-decision"))
    laws.clock.advance(timedelta(days=3))
    await laws.gateway.recording.expire_due()
    assert [one.kind for one in await _told(laws, "kuntakokeilu")] == ["consent.given"]


async def test_messages_name_an_untouched_row_by_the_id_that_its_recipient_knows(laws: Laws) -> None:
    once, theirs = laws.row(once=True), laws.row(recipient="kela", purpose="rehabilitation-decision")
    consent = await laws.give("suvi", once, theirs)
    await _change(laws, consent, once, replace(theirs, sensitivities=frozenset({"health"})))
    document = await laws.deposit()
    view = await laws.gateway.recording.consent_view(consent.id, "kuntakokeilu")
    assert view is not None
    (known,) = view.grants
    given, deposited = await _told(laws, "kuntakokeilu")
    assert (given.kind, deposited.kind) == ("consent.given", "consent.document")
    assert deposited.body["documents"] == {known.id: [document]}
    await laws.gateway.recording.withdraw(consent.id, client=consent.client)
    withdrawn = (await _told(laws, "kuntakokeilu"))[-1]
    for message in (given, deposited, withdrawn):
        assert [row["id"] for row in message.body["grants"]] == [known.id], message.kind  # type: ignore[attr-defined]
    assert laws.verify() == []
