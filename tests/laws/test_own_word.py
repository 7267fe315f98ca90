"""What the client said in person stands until the client says otherwise: no worker and no representative undoes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.consent.model import (
    Actor,
    AskedRow,
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    Evidence,
    Giver,
    GiverKind,
    GrantRow,
    RefusedRow,
    Shown,
)
from gateway.errors import ConsentRefused
from tests.laws.gateway_world import FEEDBACK, PLAN, Laws, open_world, removed

REGISTER = "reg:1"
MANDATE = Giver(GiverKind.MANDATE, REGISTER)
SEEN = Evidence((("identity_check", "seen"),))


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """An open gateway with the demo world in it."""
    async with open_world(tmp_path) as made:
        yield made
    removed(tmp_path)


def _shown(laws: Laws) -> Shown:
    wording = laws.gateway.wordings.current()
    return Shown(wording.id, wording.version, "fi", "plain", "0" * 64)


async def _given(
    laws: Laws, client: ClientId, row: GrantRow, service: str | None, giver: Giver | None = None
) -> Consent:
    """Have a worker of *service* record it, or who gives it themselves where there is none."""
    if service is None:
        capture, by = Capture(CaptureMethod.SELF_SERVICE), Actor()
    else:
        capture = Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=SEEN)
        by = Actor(service=service, system=f"{service}-system", worker="w-1")
    whom = giver or Giver()
    given = await laws.gateway.recording.give(client, [row], capture, _shown(laws), giver=whom, by=by)
    return given.consent


def _mandated(laws: Laws, client: ClientId) -> None:
    laws.gateway.mandates.add(client, GiverKind.MANDATE, REGISTER)  # type: ignore[attr-defined]


async def _refused_while_represented(laws: Laws) -> tuple[ClientId, str]:
    """Return a client who refused in person, a document, while a representative's consent for it stands."""
    client, document = await laws.client("suvi"), await laws.deposit("suvi")
    _mandated(laws, client)
    await laws.gateway.recording.refuse(client, [RefusedRow("kuntakokeilu", PLAN)])
    await _given(laws, client, laws.row(), None, MANDATE)
    assert (await laws.read(document)).status_code == 404
    return client, document


@pytest.mark.parametrize("service", ["kuntakokeilu", "sote-keskus", "tyopaja"])
async def test_what_a_worker_records_lifts_no_refusal_that_the_client_made(laws: Laws, service: str) -> None:
    client, document = await _refused_while_represented(laws)
    soon = laws.clock.now() + timedelta(minutes=1)
    await _given(laws, client, laws.row(until=soon), service)
    assert len((await laws.gateway.recording.for_client(client)).refusals) == 1
    laws.clock.advance(timedelta(minutes=2))
    # What was recorded is over; what the representative gave is beaten still.
    assert (await laws.read(document)).status_code == 404
    assert laws.verify() == []


async def test_a_recipients_own_record_opens_nothing_against_a_refusal(laws: Laws) -> None:
    client, document = await _refused_while_represented(laws)
    await _given(laws, client, laws.row(), "kuntakokeilu")
    assert (await laws.read(document)).status_code == 404


async def test_the_clients_own_yes_lifts_their_refusal(laws: Laws) -> None:
    client, document = await _refused_while_represented(laws)
    await _given(laws, client, laws.row(), None)
    assert (await laws.gateway.recording.for_client(client)).refusals == ()
    assert (await laws.read(document)).status_code == 200
    assert laws.verify() == []


async def _carrying_over(laws: Laws) -> tuple[ClientId, str, Consent]:
    """Return a client who refused in person what they had given without ticks, a document, and that consent, while a
    representative's consent with ticks stands."""
    client, document = await laws.client("suvi"), await laws.deposit("suvi")
    _mandated(laws, client)
    own = await laws.give("suvi", laws.row(), replace(laws.row(), custodian="terveystarkastus", category=FEEDBACK))
    await laws.gateway.recording.refuse(client, [RefusedRow("kuntakokeilu", PLAN)])
    await _given(laws, client, laws.row(sensitivities=frozenset({"health"})), None, MANDATE)
    return client, document, own


async def _released_sections(laws: Laws, document: str) -> set[str]:
    assert (await laws.read(document)).status_code == 200
    body = laws.entries()[-1].b
    assert body is not None
    return set(body["documents"][0]["sections"])  # type: ignore[index]


def _without_a_row(row: GrantRow) -> list[GrantRow]:
    return [row]


def _shortened(row: GrantRow) -> list[GrantRow]:
    return [replace(row, until=row.until - timedelta(days=1))]


def _with_another_row(row: GrantRow) -> list[GrantRow]:
    return [row, replace(row, custodian="terveystarkastus", category=FEEDBACK, sensitivities=frozenset({"health"}))]


@pytest.mark.parametrize("changed", [_without_a_row, _shortened, _with_another_row])
async def test_a_change_that_says_no_more_of_a_row_lifts_no_refusal_of_it(
    laws: Laws, changed: Callable[[GrantRow], list[GrantRow]]
) -> None:
    client, document, own = await _carrying_over(laws)
    before = await _released_sections(laws, document)
    recording = laws.gateway.recording
    await recording.change(own.id, changed(own.grants[0].row), _shown(laws), client=client)
    assert [(one.recipient, one.category) for one in (await recording.for_client(client)).refusals] == [
        ("kuntakokeilu", PLAN)
    ]
    assert await _released_sections(laws, document) == before
    assert "health" not in before
    assert laws.verify() == []


async def test_a_change_by_which_the_client_says_more_of_a_row_lifts_its_refusal(laws: Laws) -> None:
    client, document, own = await _carrying_over(laws)
    recording = laws.gateway.recording
    longer = replace(own.grants[0].row, until=own.grants[0].row.until + timedelta(days=1))
    await recording.change(own.id, [longer], _shown(laws), client=client)
    assert (await recording.for_client(client)).refusals == ()
    assert "health" in await _released_sections(laws, document)
    assert laws.verify() == []


async def test_confirming_by_the_client_lifts_their_refusal_and_confirming_by_the_custodian_does_not(
    laws: Laws,
) -> None:
    client, document = await _refused_while_represented(laws)
    consent = await _given(laws, client, laws.row(), "kuntakokeilu")
    recording = laws.gateway.recording
    other = await _given(laws, client, laws.row(), "kuntakokeilu")
    await recording.confirm_by_service(other.id, Actor(service="sote-keskus", system="sote-keskus-system", worker="1"))
    assert len((await recording.for_client(client)).refusals) == 1
    await recording.confirm_by_client(consent.id, client)
    assert (await recording.for_client(client)).refusals == ()
    assert (await laws.read(document)).status_code == 200
    assert laws.verify() == []


async def test_an_unconfirmed_record_leaves_the_question_with_the_client(laws: Laws) -> None:
    client, recording = await laws.client("suvi"), laws.gateway.recording
    asked = AskedRow("sote-keskus", "kuntakokeilu", PLAN, "employment-support")
    await recording.request(client, asked, Actor(service="kuntakokeilu", system="kuntakokeilu-system", worker="1"))
    consent = await _given(laws, client, laws.row(), "kuntakokeilu")
    assert [one.state for one in (await recording.for_client(client)).requests] == ["requested"]
    await recording.confirm_by_client(consent.id, client)
    assert (await recording.for_client(client)).requests == ()


async def test_a_no_within_a_yes_answers_the_question_and_is_not_asked_again(laws: Laws) -> None:
    client, recording = await laws.client("suvi"), laws.gateway.recording
    asked = AskedRow("sote-keskus", "kela", PLAN, "rehabilitation-decision")
    by = Actor(service="kela", system="kela-system", worker="1")
    await recording.request(client, asked, by)
    capture = Capture(CaptureMethod.SELF_SERVICE)
    await recording.give(client, [laws.row()], capture, _shown(laws), refused=[RefusedRow("kela", PLAN)])
    assert (await recording.for_client(client)).requests == ()
    await recording.request(client, asked, by)
    assert (await recording.for_client(client)).requests == ()
    laws.clock.advance(timedelta(days=91))
    await recording.request(client, asked, by)
    assert len((await recording.for_client(client)).requests) == 1


async def test_the_clients_own_pause_stands_beside_a_representatives_and_is_theirs_to_end(laws: Laws) -> None:
    client, document = await laws.client("suvi"), await laws.deposit("suvi")
    recording = laws.gateway.recording
    await laws.give("suvi")
    _mandated(laws, client)
    theirs = await recording.pause(client, lasting=timedelta(days=1), giver=MANDATE)
    assert await recording.pause(client, lasting=timedelta(days=2), giver=MANDATE) == theirs
    own = await recording.pause(client)
    assert (own.in_person, own.prohibition == theirs.prohibition) == (True, False)
    assert await recording.pause(client) == own
    assert await recording.end_pause(client, giver=MANDATE) == 1
    assert (await laws.read(document)).status_code == 404
    with pytest.raises(ConsentRefused) as refused:
        await recording.end_pause(client, giver=MANDATE)
    assert refused.value.reason == "lift-not-allowed"
    # A representative's pause adds nothing to the client's.
    assert await recording.pause(client, giver=MANDATE) == own
    assert await recording.end_pause(client) == 1
    assert (await laws.read(document)).status_code == 200
    assert laws.verify() == []


async def test_a_recipient_who_is_kept_out_hears_of_no_document_before_nothing_keeps_them_out(laws: Laws) -> None:
    client, recording = await laws.client("suvi"), laws.gateway.recording
    first = await laws.deposit("suvi")
    forbidden = await recording.prohibit(client, recipient="kuntakokeilu")
    await _given(laws, client, laws.row(once=True), "tyopaja")
    second = await laws.deposit("suvi")
    told = await recording.messages_to("kuntakokeilu", client)
    assert [(one.kind, one.body.get("documents")) for one in told] == [("consent.given", {})]
    await laws.gateway.clients.suspend(client, suspended=True, by=Actor(system="gateway"))
    await recording.lift_prohibition(forbidden.id, client=client)
    assert len(await recording.messages_to("kuntakokeilu", client)) == 1
    await laws.gateway.clients.suspend(client, suspended=False, by=Actor(system="gateway"))
    _, last = sorted(await recording.messages_to("kuntakokeilu", client), key=lambda one: one.created)
    (documents,) = last.body["documents"].values()  # type: ignore[attr-defined]
    assert (last.kind, set(documents)) == ("consent.document", {first, second})


async def test_of_what_a_representative_gave_against_a_refusal_no_document_is_told(laws: Laws) -> None:
    client, recording = await laws.client("suvi"), laws.gateway.recording
    document = await laws.deposit("suvi")
    _mandated(laws, client)
    await recording.refuse(client, [RefusedRow("kuntakokeilu", PLAN)])
    await _given(laws, client, laws.row(once=True), None, MANDATE)
    (told,) = await recording.messages_to("kuntakokeilu", client)
    assert told.body["documents"] == {}
    await _given(laws, client, laws.row(), None)
    kinds = [(one.kind, one.body.get("documents")) for one in await recording.messages_to("kuntakokeilu", client)]
    (opened,) = [documents for kind, documents in kinds if kind == "consent.document"]
    assert list(opened.values()) == [[document]]  # type: ignore[union-attr]


async def test_a_custodian_confirms_no_representatives_word_once_the_mandate_is_over(laws: Laws) -> None:
    client, document = await laws.client("suvi"), await laws.deposit("suvi")
    _mandated(laws, client)
    consent = await _given(laws, client, laws.row(), "kuntakokeilu", replace(MANDATE))
    laws.gateway.mandates.end(client, GiverKind.MANDATE, REGISTER)  # type: ignore[attr-defined]
    custodian = Actor(service="sote-keskus", system="sote-keskus-system", worker="1")
    with pytest.raises(ConsentRefused) as refused:
        await laws.gateway.recording.confirm_by_service(consent.id, custodian)
    assert refused.value.reason == "mandate-missing"
    assert (await laws.read(document)).status_code == 404
