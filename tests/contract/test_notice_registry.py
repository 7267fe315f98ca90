"""One suite for every store of choices, pauses, reminders and concerns, and for how the outbox lets messages wait."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from adapters.sql.concern_registry import SqlConcernRegistry
from adapters.sql.sealing import Sealing
from gateway.consent import lifecycle
from gateway.consent.acting import Stores
from gateway.consent.checks import Known
from gateway.consent.model import Capture, CaptureMethod, ClientId, Consent, Evidence, Giver, GrantRow, Prohibition
from gateway.consent.notice_choice import ChannelKind, NoticeChoice, Rhythm
from gateway.consent.notice_registry import Pause
from gateway.consent.outbox import Outgoing
from gateway.consent.person import Person
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.disclosure.concern import Answer, Case, Concern
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH
from tests.unit.consent.consent_room import DIRECTORY, SHOWN, START, Room, row

DAY = timedelta(days=1)


@pytest.fixture(params=ON_BOTH)
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    """Return a room on each database that is supported."""
    with database_url(request.param, tmp_path) as url:
        opened = Room.open(tmp_path, url)
        yield opened
        opened.close()


@pytest.fixture
def connection(room: Room) -> Iterator[object]:
    """Return the connection of one write transaction."""
    with room.database.write() as opened:
        yield opened


@pytest.fixture
def stores(room: Room) -> Stores:
    return room.office.stores


@pytest.fixture
def client(stores: Stores, connection: object) -> ClientId:
    identifier = Identifier.personal(PersonalIdentityCode.parse("140395-9022"))
    return stores.clients.add(connection, Person((identifier,), "Suvi", channels={"phone": "+358"}), START)


def given(stores: Stores, connection: object, client: ClientId, *rows: GrantRow, seq: int = 1) -> Consent:
    capture = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))
    consent = lifecycle.give(client, rows, (), capture, SHOWN, Giver(), Known(), DIRECTORY, START, seq)
    stores.consents.add_version(connection, consent, START)
    return consent


def test_a_choice_is_read_back_and_replaced(stores: Stores, connection: object, client: ClientId) -> None:
    assert stores.notices.choice(connection, client) is None
    for choice in (NoticeChoice(Rhythm.DAILY, ChannelKind.SMS, shared=True), NoticeChoice(Rhythm.NEVER)):
        stores.notices.choose(connection, client, choice, START)
        assert stores.notices.choice(connection, client) == choice


def test_an_address_is_added_to_what_is_sealed(stores: Stores, connection: object, client: ClientId) -> None:
    stores.clients.set_channel(connection, client, "email", "suvi@example.fi")
    person = stores.clients.person(connection, client)
    assert person is not None
    assert person.channels == {"phone": "+358", "email": "suvi@example.fi"}
    assert person.name == "Suvi"
    stores.clients.set_channel(connection, ClientId("nobody"), "email", "a@example.fi")


def test_a_language_replaces_what_is_sealed_and_nothing_else(
    stores: Stores, connection: object, client: ClientId
) -> None:
    before = stores.clients.person(connection, client)
    assert before is not None
    stores.clients.set_language(connection, client, "fi", "easy")
    after = stores.clients.person(connection, client)
    assert after == replace(before, language="fi", register="easy")
    stores.clients.set_language(connection, ClientId("nobody"), "sv", "plain")


def test_a_pause_stands_as_long_as_its_prohibition(stores: Stores, connection: object, client: ClientId) -> None:
    row_ = Prohibition("p1", client, None, None, True, START)
    pause = Pause("p1", client, START, START + 30 * DAY)
    stores.standing.save_prohibition(connection, row_)
    stores.standing.save_prohibition(connection, replace(row_, id="p2"))
    stores.notices.add_pause(connection, pause)
    assert stores.notices.pauses_of(connection, client) == (pause,)
    assert stores.notices.pauses_over(connection, START + 30 * DAY - timedelta(microseconds=1), 9) == ()
    assert stores.notices.pauses_over(connection, START + 30 * DAY, 9) == (pause,)
    stores.notices.mark_reminded(connection, "p1", START + 31 * DAY)
    assert stores.notices.pauses_over(connection, START + 31 * DAY, 9) == ()
    assert stores.notices.pauses_of(connection, client) == (replace(pause, reminded_at=START + 31 * DAY),)
    stores.standing.save_prohibition(connection, replace(row_, lifted_at=START + 32 * DAY))
    assert stores.notices.pauses_of(connection, client) == ()


def test_an_end_is_due_within_its_stage_and_once(stores: Stores, connection: object, client: ClientId) -> None:
    consent = given(stores, connection, client, row(until=START + 60 * DAY), row(until=START + 6 * DAY))
    grant, stage = consent.grants[0].id, 7 * DAY
    assert stores.notices.ending(connection, stage, START + 52 * DAY, 9) == ()
    found = stores.notices.ending(connection, stage, START + 53 * DAY, 9)
    assert [(one.client, one.consent, one.grants) for one in found] == [(client, consent.id, (grant,))]
    assert stores.notices.ending(connection, stage, START + 60 * DAY, 9) == ()
    stores.notices.mark_ending(connection, [grant], stage, START)
    assert stores.notices.ending(connection, stage, START + 53 * DAY, 9) == ()
    assert stores.notices.ending(connection, 30 * DAY, START + 53 * DAY, 9) == ()
    with pytest.raises(IntegrityError):
        stores.notices.mark_ending(connection, [grant], stage, START)


def test_a_reminder_of_thirty_days_leaves_room_for_one_of_seven(
    stores: Stores, connection: object, client: ClientId
) -> None:
    consent = given(stores, connection, client, row(until=START + 60 * DAY))
    stores.notices.mark_ending(connection, [consent.grants[0].id], 30 * DAY, START)
    assert stores.notices.ending(connection, 30 * DAY, START + 53 * DAY, 9) == ()
    assert len(stores.notices.ending(connection, 7 * DAY, START + 53 * DAY, 9)) == 1


def test_a_walk_through_is_due_for_whom_something_stands(stores: Stores, connection: object, client: ClientId) -> None:
    before = START + timedelta(microseconds=1)
    assert stores.notices.to_walk_through(connection, before, 9) == ()
    given(stores, connection, client, row())
    assert stores.notices.to_walk_through(connection, START - DAY, 9) == ()
    assert stores.notices.to_walk_through(connection, before, 9) == (client,)
    for at in (START + DAY, START + 2 * DAY):
        stores.notices.mark_walked(connection, [client], at)
        assert stores.notices.to_walk_through(connection, at - timedelta(microseconds=1), 9) == ()
        assert stores.notices.to_walk_through(connection, at, 9) == (client,)


def message(id: str, client: ClientId, party: str = "client") -> Outgoing:
    return Outgoing(id, "disclosure", party, client, None, {"at": 1}, START)


def test_the_outbox_holds_back_what_is_not_due_and_what_was_given_up(
    stores: Stores, connection: object, client: ClientId
) -> None:
    outbox = stores.outbox
    for number, id in enumerate(("m1", "m2", "m3"), 1):
        outbox.add(connection, message(id, client), number)
    outbox.put_off(connection, ["m1"], START + DAY, None)
    outbox.put_off(connection, ["m2"], START + DAY, "smtp-451")
    outbox.give_up(connection, ["m3"], "no-channel")
    assert outbox.waiting(connection, 9, START) == ()
    due = outbox.waiting(connection, 9, START + DAY)
    assert [(one.id, one.attempts) for one in due] == [("m1", 0), ("m2", 1)]
    outbox.reconsider(connection, client)
    assert [one.id for one in outbox.waiting(connection, 9, START)] == ["m1"]
    seen = {one.id: (one.fault, one.given_up) for one in outbox.of_client(connection, client)}
    assert seen == {"m1": (None, False), "m2": ("smtp-451", False), "m3": ("no-channel", True)}
    outbox.mark_delivered(connection, ["m2"], START)
    assert {one.id: one.fault for one in outbox.of_client(connection, client)}["m2"] is None


def concern(client: ClientId, number: int, *organisations: str) -> Concern:
    at = START + number * DAY
    cases = tuple(Case(one) for one in organisations)
    return Concern(
        f"c{number}", client, "gw/audit/2026", number, f"e{number}", "disclosure", START, at, at + 30 * DAY,
        "En tiedä.", cases,
    )  # fmt: skip


@pytest.fixture
def concerns(room: Room) -> SqlConcernRegistry:
    return SqlConcernRegistry(Sealing(room.keys))


def test_a_concern_is_read_back_as_it_was_written(
    concerns: SqlConcernRegistry, connection: object, client: ClientId
) -> None:
    first, second = concern(client, 1, "hyvinvointialue", "kela"), concern(client, 2, "kela")
    for one in (first, second):
        concerns.add(connection, one)
    assert concerns.concern(connection, "c1") == first
    assert concerns.concern(connection, "c9") is None
    assert concerns.about(connection, client, "e1") == first
    assert concerns.about(connection, ClientId("other"), "e1") is None
    assert concerns.of_client(connection, client) == (second, first)
    with pytest.raises(IntegrityError):
        concerns.add(connection, replace(second, id="c3"))


def test_an_organisation_sees_its_own_case_alone_and_the_open_ones_first(
    concerns: SqlConcernRegistry, connection: object, client: ClientId
) -> None:
    first, second = concern(client, 1, "hyvinvointialue", "kela"), concern(client, 2, "kela")
    for one in (first, second):
        concerns.add(connection, one)
    answered = Case("kela", Answer.MISTAKE, "Se oli virhe.", START + DAY)
    concerns.answer(connection, first, answered)
    assert concerns.of_organisation(connection, "kela", 9) == (second, replace(first, cases=(answered,)))
    assert concerns.of_organisation(connection, "kela", 1) == (second,)
    assert concerns.of_organisation(connection, "hyvinvointialue", 9) == (
        replace(first, cases=(Case("hyvinvointialue"),)),
    )
    whole = concerns.concern(connection, "c1")
    assert whole is not None
    assert whole.is_open
    assert answered in whole.cases


def test_a_case_or_words_that_were_put_elsewhere_by_hand_tell_nobody_anything(
    concerns: SqlConcernRegistry, connection: Connection, client: ClientId
) -> None:
    first, second = concern(client, 1, "kela"), concern(client, 2, "kela", "tyopaja")
    for one in (first, second):
        concerns.add(connection, one)
    concerns.answer(connection, first, Case("kela", Answer.MISTAKE, "Se oli virhe.", START + DAY))
    connection.execute(text("INSERT INTO concern_case (concern, organisation) VALUES ('c1', 'tyopaja')"))
    assert [one.id for one in concerns.of_organisation(connection, "tyopaja", 9)] == ["c2"]
    whole = concerns.concern(connection, "c1")
    assert whole is not None
    assert [case.organisation for case in whole.cases] == ["kela"]
    moved = (
        "UPDATE concern_case SET answer = 'mistake', words = (SELECT words FROM concern_case WHERE concern = 'c1' "
        "AND organisation = 'kela') WHERE concern = 'c2' AND organisation = 'tyopaja'"
    )
    connection.execute(text(moved))
    connection.execute(text("UPDATE concern SET said = (SELECT said FROM concern WHERE id = 'c1') WHERE id = 'c2'"))
    (seen,) = concerns.of_organisation(connection, "tyopaja", 9)
    assert (seen.said, [case.text for case in seen.cases]) == ("", [""])


def test_words_go_with_the_clients_key(
    room: Room, concerns: SqlConcernRegistry, connection: object, client: ClientId
) -> None:
    concerns.add(connection, concern(client, 1, "kela"))
    room.keys.destroy(client)
    left = concerns.concern(connection, "c1")
    assert left is not None
    assert left.said == ""


def test_a_late_case_is_found_once_the_day_has_passed_until_it_is_told_or_answered(
    concerns: SqlConcernRegistry, connection: object, client: ClientId
) -> None:
    first = concern(client, 1, "kela", "tyollisyysalue")
    concerns.add(connection, first)
    concerns.add(connection, concern(client, 2, "kela"))
    before = first.due_at - timedelta(microseconds=1)
    assert concerns.late(connection, before, 10) == ()
    both = (("c1", client, "kela"), ("c1", client, "tyollisyysalue"))
    assert concerns.late(connection, first.due_at, 10) == both
    assert concerns.late(connection, first.due_at, 1) == both[:1]
    concerns.mark_late(connection, "c1", "kela", first.due_at)
    concerns.answer(connection, first, Case("tyollisyysalue", Answer.RIGHTFUL, "Kyllä.", first.due_at))
    assert concerns.late(connection, first.due_at, 10) == ()
    assert concerns.late(connection, first.due_at + DAY, 10) == (("c2", client, "kela"),)
