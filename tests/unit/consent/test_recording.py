"""The use cases from end to end: real log, real store, steered clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.consent.model import (
    Actor,
    AskedRow,
    Capture,
    CaptureMethod,
    ConsentState,
    Evidence,
    Giver,
    GiverKind,
    RefusedRow,
    RelationKind,
)
from gateway.consent.receipt import content_of
from gateway.consent.standing import check_asked
from gateway.directory.instants import parse_instant, to_micros
from gateway.directory.model import Directory
from gateway.directory.period import Period
from gateway.errors import ConsentRefused
from tests.parts.chance import without_chance
from tests.unit.consent.consent_room import DIRECTORY, SHOWN, START, UNTIL, WITH_NOTE, Room, row, worker


async def refused(awaitable: object) -> str:
    """Return the reason with which something was refused."""
    with pytest.raises(ConsentRefused) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.reason


async def code_sent(room: Room) -> str:
    """Return the last code that went to the client's own channel."""
    messages = await room.recording.messages_to("client")
    return str([message.body["code"] for message in messages if "code" in message.body][-1])


async def test_a_giving_leaves_entry_receipts_and_messages_together(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row(), row(recipient="kela", purpose="rehabilitation-decision"))
    assert room.kinds() == ["consent.given"]
    entry = room.entries()[0]
    assert entry["by"] == "client"
    assert [grant["recipient"] for grant in entry["grants"]] == ["kuntakokeilu", "kela"]  # type: ignore[attr-defined]
    assert await room.told("kuntakokeilu") == ["consent.given"]
    assert await room.told("client") == ["consent.given"]
    assert await room.told("sote-keskus") == []
    assert len(await room.recording.receipts(consent.id)) == 1
    assert len(await room.recording.receipts(consent.id, "kela")) == 1


async def test_a_refused_giving_leaves_nothing(room: Room) -> None:
    client = await room.client()
    assert await refused(room.give(client, row(recipient="tyonantaja"))) == "basis-not-applicable"
    assert room.kinds() == []
    assert await room.told("client") == []


async def test_an_unknown_wording_is_a_bad_request(room: Room) -> None:
    client = await room.client()
    shown = SHOWN.__class__("consent", 99, "fi", "plain", "0" * 64)
    giving = room.recording.give(client, [row()], Capture(CaptureMethod.SELF_SERVICE), shown)
    assert await refused(giving) == "request-invalid"


async def test_what_the_recipient_captured_waits_for_the_client(room: Room) -> None:
    client = await room.client()
    capture = Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=Evidence((("identity_check", "passport"),)))
    given = await room.recording.give(client, [row()], capture, SHOWN, by=worker("kuntakokeilu"))
    assert given.handle is not None
    assert not given.consent.grants[0].confirmed
    assert await room.told("kuntakokeilu") == []
    code = await code_sent(room)
    assert await refused(room.recording.confirm_by_code(given.handle, "WRONG234")) == "confirm-not-allowed"
    await room.recording.confirm_by_code(given.handle, f" {code[:4].lower()}-{code[4:]}")
    view = await room.recording.consent_view(given.consent.id, "kuntakokeilu")
    assert view is not None
    assert view.grants[0].confirmed
    assert await room.told("kuntakokeilu") == ["consent.given"]
    assert room.kinds() == ["consent.given", "consent.confirmed"]
    assert await refused(room.recording.confirm_by_code(given.handle, code)) == "confirm-not-allowed"


async def test_a_code_dies_of_five_wrong_attempts_and_of_age(room: Room) -> None:
    client = await room.client()
    capture = Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=Evidence((("identity_check", "passport"),)))
    given = await room.recording.give(client, [row()], capture, SHOWN, by=worker("kuntakokeilu"))
    code = await code_sent(room)
    for _ in range(5):
        await refused(room.recording.confirm_by_code(given.handle or "", "AAAAAAAA"))
    assert await refused(room.recording.confirm_by_code(given.handle or "", code)) == "confirm-not-allowed"
    second = await room.recording.give(client, [row()], capture, SHOWN, by=worker("kuntakokeilu"))
    code = await code_sent(room)
    room.clock.at += timedelta(minutes=31)
    assert await refused(room.recording.confirm_by_code(second.handle or "", code)) == "confirm-not-allowed"
    assert await refused(room.recording.confirm_by_code("unknown", code)) == "confirm-not-allowed"


async def test_a_worker_of_the_custodian_confirms_and_no_other(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row(), by="kuntakokeilu")
    for other in ("kuntakokeilu", "kela", "sosiaalityo"):
        assert await refused(room.recording.confirm_by_service(consent.id, worker(other))) == "confirm-not-allowed"
    view = await room.recording.confirm_by_service(consent.id, worker("sote-keskus"))
    assert view.grants[0].confirmed


async def test_the_client_confirms_signed_in(room: Room) -> None:
    client, other = await room.client(), await room.client("211170-903L")
    consent = await room.give(client, row(), by="kuntakokeilu")
    assert await refused(room.recording.confirm_by_client(consent.id, other)) == "not-found"
    confirmed = await room.recording.confirm_by_client(consent.id, client)
    assert confirmed.grants[0].confirmed
    await room.recording.confirm_by_client(consent.id, client)
    assert room.kinds() == ["consent.given", "consent.confirmed"]


async def test_own_phone_needs_the_very_offer_and_its_code(room: Room) -> None:
    client = await room.client()
    by = worker("kuntakokeilu")
    handle = await room.recording.offer(client, [row()], SHOWN, by)

    def capture(code: str) -> Capture:
        return Capture(CaptureMethod.OWN_PHONE, evidence=Evidence((("handle", handle), ("code", code))))

    code = await code_sent(room)
    wrong = room.recording.give(client, [row()], capture("AAAAAAAA"), SHOWN, by=by)
    assert await refused(wrong) == "evidence-missing"
    other = row(sensitivities=frozenset({"health"}))
    assert await refused(room.recording.give(client, [other], capture(code), SHOWN, by=by)) == "evidence-missing"
    given = await room.recording.give(client, [row()], capture(code), SHOWN, by=by)
    assert given.consent.grants[0].confirmed
    assert given.handle is None
    again = room.recording.give(client, [row()], capture(code), SHOWN, by=by)
    assert await refused(again) == "evidence-missing"
    stored = await room.recording.consent_of_client(given.consent.id, client)
    assert stored is not None
    assert stored.capture.evidence.get("code") is None


async def test_a_code_written_on_the_clients_own_device_needs_not_be_told_to_the_worker(room: Room) -> None:
    client, other, by = await room.client(), await room.client("010190-900P"), worker("kuntakokeilu")
    handle = await room.recording.offer(client, [row()], SHOWN, by)
    capture = Capture(CaptureMethod.OWN_PHONE, evidence=Evidence((("handle", handle),)))
    before = room.recording.give(client, [row()], capture, SHOWN, by=by)
    assert await refused(before) == "evidence-missing" and not await room.recording.has_confirmed(client, handle)
    assert await refused(room.recording.confirm_by_code(handle, "AAAAAAAA")) == "confirm-not-allowed"
    code = await code_sent(room)
    assert await room.recording.confirm_by_code(handle, code) is None
    assert await refused(room.recording.confirm_by_code(handle, code)) == "confirm-not-allowed"
    assert await room.recording.has_confirmed(client, handle)
    assert not await room.recording.has_confirmed(other, handle)
    changed = row(sensitivities=frozenset({"health"}))
    for rows, whose in (([changed], client), ([row()], other)):
        assert await refused(room.recording.give(whose, rows, capture, SHOWN, by=by)) == "evidence-missing"
    given = await room.recording.give(client, [row()], capture, SHOWN, by=by)
    assert given.consent.grants[0].confirmed and given.handle is None
    assert await refused(room.recording.give(client, [row()], capture, SHOWN, by=by)) == "evidence-missing"


async def test_what_was_confirmed_on_the_own_device_is_given_within_half_an_hour(room: Room) -> None:
    client, by = await room.client(), worker("kuntakokeilu")
    handle = await room.recording.offer(client, [row()], SHOWN, by)
    await room.recording.confirm_by_code(handle, await code_sent(room))
    room.clock.at += timedelta(minutes=30)
    capture = Capture(CaptureMethod.OWN_PHONE, evidence=Evidence((("handle", handle),)))
    assert await refused(room.recording.give(client, [row()], capture, SHOWN, by=by)) == "evidence-missing"
    assert not await room.recording.has_confirmed(client, handle)


async def test_paper_needs_another_persons_look_at_the_same_scan(room: Room) -> None:
    client, scan = await room.client(), "ab" * 32
    first, second = worker("sosiaalityo", "w-1"), worker("sosiaalityo", "w-2")
    paper = row(custodian="sosiaalityo")

    async def give(check: str, at: str = scan) -> str:
        capture = Capture(CaptureMethod.PAPER_SCAN, evidence=Evidence((("scan_sha256", at), ("check", check))))
        try:
            await room.recording.give(client, [paper], capture, SHOWN, by=first)
        except ConsentRefused as error:
            return error.reason
        return "given"

    mine = await room.recording.check_paper(client, [paper], SHOWN, scan, first)
    theirs = await room.recording.check_paper(client, [paper], SHOWN, scan, second)
    assert await give("") == "evidence-missing"
    assert await give("made-up") == "evidence-missing"
    assert await give(mine) == "evidence-missing"
    assert await give(theirs, "cd" * 32) == "evidence-missing"
    assert await give(theirs) == "given"
    assert await give(theirs) == "evidence-missing"


async def test_a_withdrawal_tells_recipients_save_the_one_told_and_custodians(room: Room) -> None:
    client = await room.client()
    rows = (row(custodian="sosiaalityo", recipient="kela", purpose="rehabilitation-decision"),
            row(custodian="sosiaalityo", recipient="tyohonvalmennus"))  # fmt: skip
    consent = await room.give(client, *rows)
    first = await room.recording.withdraw(consent.id, told="tyohonvalmennus", by=worker("tyohonvalmennus"))
    again = await room.recording.withdraw(consent.id)
    assert first == again
    assert first.state is ConsentState.WITHDRAWN
    assert await room.told("kela") == ["consent.given", "consent.withdrawn"]
    assert await room.told("tyohonvalmennus") == ["consent.given"]
    assert await room.told("sosiaalityo") == ["consent.withdrawn"]
    assert room.kinds() == ["consent.given", "consent.withdrawn"]
    assert room.entries()[1]["by"] == "tyohonvalmennus"
    assert len(await room.recording.receipts(consent.id)) == 2


async def test_an_ended_consent_may_be_withdrawn_and_another_clients_may_not(room: Room) -> None:
    client, other = await room.client(), await room.client("211170-903L")
    consent = await room.give(client, row())
    assert await refused(room.recording.withdraw(consent.id, client=other)) == "not-found"
    room.clock.at = UNTIL + timedelta(days=1)
    assert (await room.recording.withdraw(consent.id, client=client)).state is ConsentState.WITHDRAWN


async def test_a_change_tells_only_those_whose_rows_it_touched(room: Room) -> None:
    client = await room.client()
    kela = row(recipient="kela", purpose="rehabilitation-decision")
    consent = await room.give(client, row(), kela)
    before = await room.recording.consent_view(consent.id, "kela")
    new = await room.recording.change(consent.id, [row(sensitivities=frozenset({"health"})), kela], SHOWN)
    assert new.consent.version == 2
    assert await room.told("kuntakokeilu") == ["consent.given", "consent.changed"]
    assert await room.told("kela") == ["consent.given"]
    # Nothing that kela can see tells that there was a change.
    assert await room.recording.consent_view(consent.id, "kela") == before
    assert room.kinds() == ["consent.given", "consent.changed"]
    assert room.entries()[1]["replaces"] == 1


async def test_who_is_dropped_by_a_change_sees_an_ended_consent_and_who_is_new_a_giving(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row())
    await room.recording.change(consent.id, [row(recipient="tyohonvalmennus")], SHOWN)
    view = await room.recording.consent_view(consent.id, "kuntakokeilu")
    assert view is not None
    assert (view.grants, view.state, view.version) == ((), "ended", 2)
    newcomer = await room.recording.consent_view(consent.id, "tyohonvalmennus")
    assert newcomer is not None
    assert newcomer.version == 1
    assert await room.told("kuntakokeilu") == ["consent.given", "consent.changed"]
    assert await room.told("tyohonvalmennus") == ["consent.given"]
    assert await room.recording.consent_view(consent.id, "kela") is None


async def test_a_spoken_or_withdrawn_or_ended_consent_is_not_changed(room: Room) -> None:
    client = await room.client()
    spoken = await room.recording.give(
        client, [row()], Capture(CaptureMethod.VERBAL, evidence=WITH_NOTE), SHOWN, by=worker("sote-keskus")
    )
    assert spoken.consent.grants[0].single_use
    assert spoken.consent.grants[0].row.until == spoken.consent.given_at + timedelta(hours=24)
    assert await refused(room.recording.change(spoken.consent.id, [row()], SHOWN)) == "consent-ended"
    withdrawn = await room.give(client, row())
    await room.recording.withdraw(withdrawn.id)
    assert await refused(room.recording.change(withdrawn.id, [row()], SHOWN)) == "consent-ended"
    short = await room.give(client, row(until=START + timedelta(hours=1)))
    room.clock.at = START + timedelta(hours=1)
    assert await refused(room.recording.change(short.id, [row()], SHOWN)) == "consent-ended"


async def test_a_service_cannot_change_for_the_client(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row())
    changing = room.recording.change(consent.id, [row()], SHOWN, by=worker("kuntakokeilu"))
    assert await refused(changing) == "capture-not-allowed"


async def test_a_grant_that_begins_later_is_told_when_it_does(room: Room) -> None:
    client = await room.client()
    await room.give(client, row(valid_from=START + timedelta(days=1)))
    assert await room.told("kuntakokeilu") == []
    await room.recording.expire_due()
    assert await room.told("kuntakokeilu") == []
    room.clock.at = START + timedelta(days=1)
    await room.recording.expire_due()
    await room.recording.expire_due()
    assert await room.told("kuntakokeilu") == ["consent.given"]


async def test_expiry_is_written_once_and_has_a_receipt(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row(until=START + timedelta(hours=1)), row())
    room.clock.at = START + timedelta(hours=2)
    assert await room.recording.expire_due() == 1
    assert await room.recording.expire_due() == 0
    assert room.kinds() == ["consent.given", "consent.expired"]
    stored = await room.recording.consent_of_client(consent.id, client)
    assert stored is not None
    assert stored.state is ConsentState.GIVEN
    room.clock.at = UNTIL
    assert await room.recording.expire_due() == 1
    stored = await room.recording.consent_of_client(consent.id, client)
    assert stored is not None
    assert stored.state is ConsentState.ENDED


async def test_a_representative_needs_a_mandate_and_ends_with_it(room: Room) -> None:
    client = await room.client()
    giver = Giver(GiverKind.MANDATE, "m-1")
    assert await refused(room.give(client, row(), giver=giver)) == "mandate-missing"
    room.mandates.add(client, GiverKind.MANDATE, "m-1", START + timedelta(days=30))
    consent = await room.give(client, row(), giver=giver)
    assert consent.grants[0].row.until == START + timedelta(days=30)
    assert await room.recording.end_mandate(client, "m-1", Actor(system="register")) == 1
    assert await room.recording.end_mandate(client, "m-1", Actor(system="register")) == 0
    stored = await room.recording.consent_of_client(consent.id, client)
    assert stored is not None
    assert stored.grants[0].ended
    assert await room.told("kuntakokeilu") == ["consent.given", "consent.ended"]
    assert "mandate.ended" in room.kinds()


GUIDED = Giver(GiverKind.MANDATE, "m-1")
"""A representative of the client under a mandate."""
FOR_CLIENT = Actor(worker="representative", role="mandate")
"""The same, signed in on the client's page."""


async def test_a_representative_changes_what_a_representative_gave_and_is_cut_at_the_mandates_end(room: Room) -> None:
    client = await room.client()
    room.mandates.add(client, GiverKind.MANDATE, "m-1", START + timedelta(days=30))
    consent = await room.give(client, row(), giver=GUIDED)
    kela = row(recipient="kela", purpose="rehabilitation-decision")
    new = await room.recording.change(consent.id, [kela], SHOWN, client=client, giver=GUIDED, by=FOR_CLIENT)
    assert (new.consent.version, new.consent.giver.kind) == (2, GiverKind.MANDATE)
    assert new.consent.grants[0].confirmed and new.consent.grants[0].row.until == START + timedelta(days=30)
    assert room.entries()[-1]["representative"] == "mandate"
    room.mandates.end(client, GiverKind.MANDATE, "m-1")
    again = room.recording.change(consent.id, [row()], SHOWN, client=client, giver=GUIDED, by=FOR_CLIENT)
    assert await refused(again) == "mandate-missing"


async def test_what_the_client_gave_in_person_no_representative_changes_or_confirms(room: Room) -> None:
    client, other = await room.client(), await room.client("010190-900P")
    room.mandates.add(client, GiverKind.MANDATE, "m-1")
    room.mandates.add(other, GiverKind.MANDATE, "m-1")
    own = await room.give(client, row(), by="kuntakokeilu")
    theirs = await room.give(client, row(), giver=GUIDED)
    for consent, whose in ((own.id, client), (theirs.id, other)):
        change = room.recording.change(consent, [row()], SHOWN, client=whose, giver=GUIDED)
        assert await refused(change) == "not-found"
        assert await refused(room.recording.confirm_by_client(consent, whose, giver=GUIDED)) == "not-found"
    assert await refused(room.recording.change(theirs.id, [row()], SHOWN, giver=GUIDED)) == "mandate-missing"
    # What a representative gave is the client's too: changed in person it is the client's own from then on.
    await room.recording.change(theirs.id, [row()], SHOWN, client=client)
    change = room.recording.change(theirs.id, [row()], SHOWN, client=client, giver=GUIDED)
    assert await refused(change) == "not-found"


async def test_a_representative_confirms_what_a_worker_recorded_as_a_representatives_word(room: Room) -> None:
    client = await room.client()
    room.mandates.add(client, GiverKind.MANDATE, "m-1")
    consent = await room.give(client, row(), by="kuntakokeilu", giver=GUIDED)
    assert not consent.grants[0].confirmed
    unknown = Giver(GiverKind.MANDATE, "m-2")
    assert await refused(room.recording.confirm_by_client(consent.id, client, giver=unknown)) == "mandate-missing"
    confirmed = await room.recording.confirm_by_client(consent.id, client, giver=GUIDED, by=FOR_CLIENT)
    assert confirmed.grants[0].confirmed
    assert (room.entries()[-1]["k"], room.entries()[-1]["representative"]) == ("consent.confirmed", "mandate")


async def test_a_representative_puts_a_request_aside_and_contests_a_relation(room: Room) -> None:
    client = await room.client()
    asked = AskedRow("sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support")
    await room.recording.request(client, asked, worker("kuntakokeilu"))
    request = (await room.recording.for_client(client)).requests[0].id
    relation = await room.recording.record_relation(
        client, RelationKind.STATUTORY, "tyopaja", ["sosiaalityo"], by=worker("tyopaja"), section="189/2001 22 §"
    )
    before = room.kinds()
    assert await refused(room.recording.defer(client, request, giver=GUIDED)) == "mandate-missing"
    assert await refused(room.recording.contest_relation(relation.id, client, giver=GUIDED)) == "mandate-missing"
    assert room.kinds() == before
    room.mandates.add(client, GiverKind.MANDATE, "m-1")
    await room.recording.defer(client, request, giver=GUIDED, by=FOR_CLIENT)
    contested = await room.recording.contest_relation(relation.id, client, giver=GUIDED, by=FOR_CLIENT)
    assert contested.contested_at is not None and await room.told("tyopaja") == ["relation.contested"]
    assert (await room.recording.for_client(client)).requests[0].state == "deferred"
    assert [(one["k"], one["representative"]) for one in room.entries()[-2:]] == [
        ("consent.deferred", "mandate"), ("relation.contested", "mandate"),
    ]  # fmt: skip
    assert "representative" not in room.entries()[0]


async def test_a_guardians_grant_ends_at_eighteen(room: Room) -> None:
    client = await room.client("170809A9081")
    room.clock.at = parse_instant("2027-03-01T09:00:00+02:00")
    room.mandates.add(client, GiverKind.GUARDIAN, "g-1")
    given = await room.give(client, row(until=parse_instant("2027-12-31")), giver=Giver(GiverKind.GUARDIAN, "g-1"))
    assert given.grants[0].row.until == parse_instant("2027-08-17")
    room.clock.at = parse_instant("2027-08-17")
    late = room.give(client, row(until=parse_instant("2027-12-31")), giver=Giver(GiverKind.GUARDIAN, "g-1"))
    assert await refused(late) == "mandate-missing"


async def test_only_the_client_lifts_what_the_client_prohibited(room: Room) -> None:
    client = await room.client()
    room.mandates.add(client, GiverKind.MANDATE, "m-1")
    giver = Giver(GiverKind.MANDATE, "m-1")
    own = await room.recording.prohibit(client, recipient="kuntakokeilu")
    theirs = await room.recording.prohibit(client, category="handover", giver=giver)
    assert await refused(room.recording.lift_prohibition(own.id, client=client, giver=giver)) == "lift-not-allowed"
    await room.recording.lift_prohibition(theirs.id, client=client, giver=giver)
    await room.recording.lift_prohibition(own.id, client=client)
    await room.recording.lift_prohibition(own.id, client=client)
    assert room.kinds() == ["prohibition.given"] * 2 + ["prohibition.lifted"] * 2
    assert await refused(room.recording.prohibit(client, recipient="nobody")) == "request-invalid"


async def test_a_request_answers_alike_whether_known_unknown_or_cooling(room: Room) -> None:
    client = await room.client()
    asked = AskedRow("sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support")
    for whom in (client, client, None):
        await room.recording.request(whom, asked, worker("kuntakokeilu"))
    assert room.kinds() == ["consent.requested"] * 3
    assert await room.told("client") == ["consent.requested"]
    picture = await room.recording.for_client(client)
    assert [request.state for request in picture.requests] == ["requested"]
    await room.recording.defer(client, picture.requests[0].id)
    room.clock.at += timedelta(days=89)
    await room.recording.request(client, asked, worker("kuntakokeilu"))
    assert len((await room.recording.for_client(client)).requests) == 1
    await room.give(client, row())
    assert (await room.recording.for_client(client)).requests == ()
    assert await refused(room.recording.request(client, asked, worker("kela"))) == "request-invalid"


async def test_a_refusal_is_kept_until_the_client_says_yes(room: Room) -> None:
    client = await room.client()
    await room.recording.refuse(client, [RefusedRow("kuntakokeilu", "work-ability-plan")])
    picture = await room.recording.for_client(client)
    assert [(one.recipient, one.by_client) for one in picture.refusals] == [("kuntakokeilu", True)]
    await room.give(client, row())
    assert (await room.recording.for_client(client)).refusals == ()
    nowhere = room.recording.refuse(client, [RefusedRow("nobody", "work-ability-plan")])
    assert await refused(nowhere) == "request-invalid"


async def test_the_clients_own_yes_ends_the_day_before_which_they_are_not_asked_again(room: Room) -> None:
    client = await room.client()
    asked = AskedRow("sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support")
    no = RefusedRow("kuntakokeilu", "work-ability-plan", START + timedelta(days=300))
    await room.recording.refuse(client, [no])
    await room.recording.request(client, asked, worker("kuntakokeilu"))
    assert (await room.recording.for_client(client)).requests == ()
    consent = await room.give(client, row())
    await room.recording.withdraw(consent.id, client=client)
    await room.recording.request(client, asked, worker("kuntakokeilu"))
    assert len((await room.recording.for_client(client)).requests) == 1


@pytest.mark.parametrize(
    ("by", "recipient", "days"),
    [("tyopaja", "kuntakokeilu", 100), ("kuntakokeilu", "kuntakokeilu", 366), (None, "kela", 366)],
)
async def test_not_before_is_a_services_for_its_own_questions_alone_and_a_year_at_most(
    room: Room, by: str | None, recipient: str, days: int
) -> None:
    client = await room.client()
    no = [RefusedRow(recipient, "work-ability-plan", START + timedelta(days=days))]
    actor = Actor() if by is None else worker(by)
    assert await refused(room.recording.refuse(client, no, by=actor)) == "request-invalid"
    assert await refused(room.give(client, row(category="handover"), by=by, refused=no)) == "request-invalid"
    assert room.kinds() == []


async def test_not_before_within_a_year_is_kept_as_it_was_said(room: Room) -> None:
    client = await room.client()
    no = RefusedRow("kuntakokeilu", "work-ability-plan", START + timedelta(days=365))
    await room.recording.refuse(client, [no], by=worker("kuntakokeilu"))
    asked = AskedRow("sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support")
    room.clock.at = START + timedelta(days=364)
    await room.recording.request(client, asked, worker("kuntakokeilu"))
    assert (await room.recording.for_client(client)).requests == ()
    room.clock.at = START + timedelta(days=366)
    await room.recording.request(client, asked, worker("kuntakokeilu"))
    assert len((await room.recording.for_client(client)).requests) == 1


async def test_a_party_hears_nothing_of_changes_and_ends_of_others_rows(room: Room) -> None:
    client = await room.client()
    theirs = row(recipient="kela", purpose="rehabilitation-decision", until=START + timedelta(days=20))
    consent = await room.give(client, row(), theirs)
    before = await room.recording.consent_view(consent.id, "kuntakokeilu")
    room.clock.at = START + timedelta(days=1)
    changed = replace(theirs, sensitivities=frozenset({"health"}))
    await room.recording.change(consent.id, [row(), changed], SHOWN, client=client)
    room.clock.at = START + timedelta(days=21)
    assert await room.recording.expire_due() == 1
    assert await room.recording.consent_view(consent.id, "kuntakokeilu") == before
    assert [one.kind for one in await room.recording.receipts(consent.id, "kuntakokeilu")] == ["consent.given"]
    assert await room.told("kuntakokeilu") == ["consent.given"]
    steps = ["consent.given", "consent.changed", "consent.expired"]
    assert [one.kind for one in await room.recording.receipts(consent.id, "kela")] == steps
    assert [one.kind for one in await room.recording.receipts(consent.id)] == steps


async def test_a_partys_receipt_says_what_the_party_knows_and_no_more(room: Room) -> None:
    client = await room.client()
    own = row(until=START + timedelta(days=30))
    others = [row(recipient="kela", purpose="rehabilitation-decision"), row(recipient="tyohonvalmennus")]
    consent = await room.give(client, own)
    room.clock.at = START + timedelta(days=1)
    await room.recording.change(consent.id, [others[0], own, others[1]], SHOWN, client=client)
    room.clock.at = START + timedelta(days=31)
    assert await room.recording.expire_due() == 1
    first, last = [content_of(one) for one in await room.recording.receipts(consent.id, "kuntakokeilu")]
    assert (first["status"], last["status"]) == ("given", "expired")
    for field in ("given_at", "grants", "notice", "capacity", "controllers", "version"):
        assert first[field] == last[field], field
    # Who is named for the first time by a change hears of a giving, as its message and its view say.
    (named,) = await room.recording.receipts(consent.id, "kela")
    assert (named.kind, content_of(named)["status"]) == ("consent.given", "given")


async def test_a_party_whose_rows_were_taken_away_hears_of_no_withdrawal_after_that(room: Room) -> None:
    client = await room.client()
    theirs = row(recipient="kela", purpose="rehabilitation-decision")
    consent = await room.give(client, row(), theirs)
    await room.recording.change(consent.id, [theirs], SHOWN, client=client)
    before = await room.recording.consent_view(consent.id, "kuntakokeilu")
    assert before is not None
    assert (before.state, before.withdrawn_at) == ("ended", None)
    receipts = await room.recording.receipts(consent.id, "kuntakokeilu")
    room.clock.at += timedelta(days=40)
    await room.recording.withdraw(consent.id, client=client)
    assert await room.recording.consent_view(consent.id, "kuntakokeilu") == before
    assert await room.recording.receipts(consent.id, "kuntakokeilu") == receipts
    seen = await room.recording.consent_view(consent.id, "kela")
    assert seen is not None
    assert seen.state == "withdrawn"


PLAN_ASKED = AskedRow("sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support")


def _flows_of_the_plan(period: Period) -> Directory:
    flows = (replace(one, period=period) if one.category == PLAN_ASKED.category else one for one in DIRECTORY.flows)
    return replace(DIRECTORY, flows=tuple(flows))


def test_a_question_is_judged_by_the_flow_that_stands_when_it_is_asked() -> None:
    later = START + timedelta(days=200)
    check_asked(PLAN_ASKED, "kuntakokeilu", _flows_of_the_plan(Period(None, later)), START)
    for period, at in ((Period(later, None), START), (Period(None, later), later)):
        with pytest.raises(ConsentRefused) as caught:
            check_asked(PLAN_ASKED, "kuntakokeilu", _flows_of_the_plan(period), at)
        assert caught.value.reason == "basis-not-applicable"


def test_nobody_asks_when_it_has_ended_nor_for_a_category_that_has() -> None:
    over = Period(None, START)
    services = {**DIRECTORY.services, "kuntakokeilu": replace(DIRECTORY.services["kuntakokeilu"], period=over)}
    category = DIRECTORY.categories[PLAN_ASKED.category]
    categories = {**DIRECTORY.categories, PLAN_ASKED.category: replace(category, period=over)}
    for directory in (replace(DIRECTORY, services=services), replace(DIRECTORY, categories=categories)):
        check_asked(PLAN_ASKED, "kuntakokeilu", directory, START - timedelta(microseconds=1))
        with pytest.raises(ConsentRefused) as caught:
            check_asked(PLAN_ASKED, "kuntakokeilu", directory, START)
        assert caught.value.reason == "request-invalid"


async def test_relations_are_the_custodians_to_record_and_the_clients_to_contest(room: Room) -> None:
    client = await room.client()

    def record(by: str) -> object:
        return room.recording.record_relation(
            client, RelationKind.STATUTORY, "tyopaja", ["sosiaalityo"], by=worker(by), section="189/2001 22 §"
        )

    assert await refused(record("sosiaalityo")) == "relation-not-allowed"
    relation = await record("tyopaja")  # type: ignore[misc]
    contested = await room.recording.contest_relation(relation.id, client)
    assert contested.ended_at is None
    assert await room.told("tyopaja") == ["relation.contested"]
    assert await refused(room.recording.end_relation(relation.id, worker("sosiaalityo"))) == "relation-not-allowed"
    ended = await room.recording.end_relation(relation.id, worker("tyopaja"))
    assert (await room.recording.end_relation(relation.id, worker("tyopaja"))).ended_at == ended.ended_at
    assert room.kinds() == ["relation.recorded", "relation.contested", "relation.ended"]


async def test_messages_are_delivered_once_and_again_when_the_channel_was_down(room: Room) -> None:
    client = await room.client()
    await room.give(client, row())
    room.channel.down = True
    assert await room.recording.deliver_outbox() == 0
    room.channel.down = False
    assert await room.recording.deliver_outbox() == 2
    assert await room.recording.deliver_outbox() == 0
    by_party = {message.party: channels for message, channels in room.channel.delivered}
    assert by_party == {"client": {"sms": "+358"}, "kuntakokeilu": {}}
    (message,) = await room.recording.messages_to("kuntakokeilu")
    assert not await room.recording.acknowledge(message.id, "kela")
    assert await room.recording.acknowledge(message.id, "kuntakokeilu")
    told = [one for one in (await room.recording.for_client(client)).messages if one.party == "kuntakokeilu"]
    assert told[0].acknowledged is not None


async def test_no_entry_message_or_receipt_holds_an_identity_code(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row())
    receipts = await room.recording.receipts(consent.id)
    shown = repr((room.entries(), await room.recording.messages_to("client"), receipts, consent))
    assert "140395-9022" not in shown and "140395" not in without_chance(shown)
    with room.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT sealed FROM client").all()
    assert all(sealed is None or b"140395" not in sealed for (sealed,) in rows)


async def test_marking_and_suspending_a_client_are_entries(room: Room) -> None:
    client = await room.client()
    await room.clients.mark(client, non_disclosure=True, by=Actor(system="gateway"))
    await room.clients.suspend(client, suspended=True, by=Actor(system="gateway"))
    assert room.kinds() == ["client.marked", "client.suspended"]
    assert await room.client() == client
    assert to_micros(room.clock.at) > to_micros(START)


async def test_an_unconfirmed_row_that_a_change_confirms_is_told_though_its_contents_stay(room: Room) -> None:
    client = await room.client()
    consent = await room.give(client, row(), by="kuntakokeilu")
    assert await room.told("kuntakokeilu") == []
    theirs = row(recipient="kela", purpose="rehabilitation-decision")
    await room.recording.change(consent.id, [row(), theirs], SHOWN, client=client)
    assert await room.told("kuntakokeilu") == ["consent.given"]
    # What was told once is not told again by a change of others' rows.
    await room.recording.change(consent.id, [row()], SHOWN, client=client)
    await room.recording.expire_due()
    assert await room.told("kuntakokeilu") == ["consent.given"]
    assert await room.told("kela") == ["consent.given", "consent.changed"]
