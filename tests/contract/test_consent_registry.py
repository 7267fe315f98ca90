"""One suite for every store of consents: what is written is read back as it was, and states change alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from gateway.consent import lifecycle
from gateway.consent.acting import Stores
from gateway.consent.checks import Known
from gateway.consent.model import (
    AskedRow,
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    Evidence,
    Giver,
    GrantRow,
    Prohibition,
    RefusedRow,
    Relation,
    RelationKind,
)
from gateway.consent.outbox import Outgoing
from gateway.consent.person import Person
from gateway.consent.proofs import CodeRow, PaperCheck
from gateway.consent.view import ReceiptView
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH
from tests.unit.consent.consent_room import DIRECTORY, SHOWN, START, UNTIL, Room, row

CLIENT = ClientId("a" * 32)
OTHER = ClientId("b" * 32)


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
    writing: AbstractContextManager[object] = room.database.write()
    with writing as opened:
        yield opened


@pytest.fixture
def stores(room: Room) -> Stores:
    """Return the stores under test."""
    return room.office.stores


def make(*rows: GrantRow, client: ClientId = CLIENT, seq: int = 1, refused: tuple[RefusedRow, ...] = ()) -> Consent:
    """Return a new consent, with everything that a store must keep."""
    capture = Capture(
        CaptureMethod.WITH_PROFESSIONAL, "kuntakokeilu", "w-1", "k-system", Evidence((("identity_check", "passport"),))
    )
    return lifecycle.give(client, rows, refused, capture, SHOWN, Giver(), Known(), DIRECTORY, START, seq)


FULL = row(
    sensitivities=frozenset({"health", "mental-health"}), once=True, document="d" * 32, dated_from=START,
    dated_until=UNTIL,
)  # fmt: skip


def test_a_version_is_read_back_as_it_was_written(stores: Stores, connection: object) -> None:
    consent = make(FULL, row(), refused=(RefusedRow("kela", "handover", UNTIL),))
    stores.consents.add_version(connection, consent, START)
    assert stores.consents.consent(connection, consent.id) == consent
    assert stores.consents.versions(connection, consent.id) == (consent,)
    assert stores.consents.consent(connection, ConsentId("unknown")) is None


def test_a_new_version_replaces_the_rows_and_keeps_the_old_version(stores: Stores, connection: object) -> None:
    first = make(row())
    stores.consents.add_version(connection, first, START)
    own = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))
    second = lifecycle.change(first, (FULL,), (), own, SHOWN, Giver(), Known(), DIRECTORY, START, 2)
    stores.consents.add_version(connection, second, START)
    assert stores.consents.consent(connection, first.id) == second
    assert stores.consents.versions(connection, first.id) == (first, second)


def test_a_clients_consents_come_newest_first_and_only_theirs(stores: Stores, connection: object) -> None:
    old, new, other = make(row(), seq=1), make(row(), seq=2), make(row(), client=OTHER, seq=3)
    for consent in (old, new, other):
        stores.consents.add_version(connection, consent, START)
    assert stores.consents.consents_of(connection, CLIENT) == (new, old)


def test_the_versions_of_each_of_a_clients_consents_come_newest_consent_first(
    stores: Stores, connection: object
) -> None:
    old, new, other = make(row(), seq=1), make(row(), seq=2), make(row(), client=OTHER, seq=3)
    for consent in (old, new, other):
        stores.consents.add_version(connection, consent, START)
    own = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))
    changed = lifecycle.change(old, (FULL,), (), own, SHOWN, Giver(), Known(), DIRECTORY, START, 4)
    stores.consents.add_version(connection, changed, START)
    assert stores.consents.versions_of(connection, CLIENT) == ((old, changed), (new,))
    assert stores.consents.consents_of(connection, CLIENT) == (changed, new)


def test_consents_that_have_not_ended_are_found_among_all_that_were(stores: Stores, connection: object) -> None:
    soon = START + timedelta(hours=1)
    over, mixed, withdrawn = make(row(until=soon), seq=1), make(row(until=soon), row(), seq=2), make(row(), seq=3)
    spent, ended, changed, other = (
        make(row(once=True), seq=4), make(row(), seq=5), make(row(), seq=6), make(row(), client=OTHER, seq=7),
    )  # fmt: skip
    for consent in (over, mixed, withdrawn, spent, ended, changed, other):
        stores.consents.add_version(connection, consent, START)
    stores.consents.save(connection, withdrawn, lifecycle.withdraw(withdrawn, None, START), START)
    assert stores.consents.spend(connection, spent.grants[0].id, "event")
    gone, _ = lifecycle.end_grants(ended, frozenset(grant.id for grant in ended.grants), START)
    stores.consents.save(connection, ended, gone, START)
    own = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))
    short = lifecycle.change(changed, (row(until=soon),), (), own, SHOWN, Giver(), Known(), DIRECTORY, START, 8)
    stores.consents.add_version(connection, short, START)
    before = stores.consents.unended_of(connection, CLIENT, soon - timedelta(microseconds=1))
    assert [one.id for one in before] == [changed.id, spent.id, mixed.id, over.id]
    assert before[0] == short
    at_end = stores.consents.unended_of(connection, CLIENT, soon)
    assert [one.id for one in at_end] == [spent.id, mixed.id]
    assert at_end[1] == mixed


def test_statements_about_a_clients_consents_take_no_more_parameters_the_more_there_are(
    room: Room, stores: Stores, connection: object
) -> None:
    taken: list[int] = []

    def note(_: object, __: object, ___: str, parameters: Sequence[object], ____: object, _____: bool) -> None:
        taken.append(len(parameters))

    def ask() -> list[int]:
        taken.clear()
        stores.consents.consents_of(connection, CLIENT)
        stores.consents.unended_of(connection, CLIENT, START)
        return list(taken)

    stores.consents.add_version(connection, make(row()), START)
    event.listen(room.database.engine, "before_cursor_execute", note)
    try:
        few = ask()
        for seq in range(2, 12):
            stores.consents.add_version(connection, make(row(), seq=seq), START)
        assert len(few) == 4 and ask() == few
    finally:
        event.remove(room.database.engine, "before_cursor_execute", note)


def test_states_are_saved_alone(stores: Stores, connection: object) -> None:
    consent = make(row(), row(recipient="tyohonvalmennus"))
    stores.consents.add_version(connection, consent, START)
    confirmed, _ = lifecycle.confirm(consent, None)
    stores.consents.save(connection, consent, confirmed, START, confirmed_by="client")
    assert stores.consents.consent(connection, consent.id) == confirmed
    withdrawn = lifecycle.withdraw(confirmed, "kela", START)
    stores.consents.save(connection, confirmed, withdrawn, START)
    assert stores.consents.consent(connection, consent.id) == withdrawn


def test_passed_and_untold_grants_are_found_once(stores: Stores, connection: object) -> None:
    consent = make(row(recipient="kela", purpose="rehabilitation-decision", until=START + timedelta(hours=1)))
    stores.consents.add_version(connection, consent, START)
    ids = frozenset({consent.grants[0].id})
    assert [found for _, found in stores.consents.untold(connection, START, 10)] == [ids]
    stores.consents.mark_told(connection, ids, START)
    assert stores.consents.untold(connection, START, 10) == ()
    assert stores.consents.passed(connection, START, 10) == ()
    end = START + timedelta(hours=1)
    assert [found for _, found in stores.consents.passed(connection, end, 10)] == [ids]
    stores.consents.mark_expired(connection, ids)
    assert stores.consents.passed(connection, end, 10) == ()


def test_grants_that_are_not_over_are_counted_by_recipient_those_that_wait_apart(
    stores: Stores, connection: object
) -> None:
    own = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))

    def counts(at: datetime, beside: str = "") -> tuple[dict[str, int], dict[str, int]]:
        ask = stores.consents.in_force, stores.consents.unconfirmed
        confirmed, waiting = (dict(one(connection, CLIENT, at, beside=ConsentId(beside))) for one in ask)
        return confirmed, waiting

    mixed = make(row(), row(), row(recipient="kela", purpose="rehabilitation-decision"))
    other, withdrawn, changed = make(row(), client=OTHER, seq=2), make(row(), seq=3), make(row(), row(), seq=4)
    for consent in (mixed, other, withdrawn, changed):
        stores.consents.add_version(connection, consent, START)
    stores.consents.save(connection, withdrawn, lifecycle.withdraw(withdrawn, None, START), START)
    newer = lifecycle.change(changed, (row(),), (), own, SHOWN, Giver(), Known(), DIRECTORY, START, 5)
    stores.consents.add_version(connection, newer, START)
    assert counts(START) == ({"kuntakokeilu": 1, "kela": 1}, {"kuntakokeilu": 2})
    assert counts(START, mixed.id) == ({"kuntakokeilu": 1}, {})
    assert counts(UNTIL) == ({}, {})
    stores.consents.save(connection, mixed, lifecycle.confirm(mixed, None)[0], START)
    assert counts(START) == ({"kuntakokeilu": 3, "kela": 1}, {})


def test_what_workers_recorded_is_counted_whatever_became_of_it(stores: Stores, connection: object) -> None:
    own = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))
    two, withdrawn, other, changed = make(row(), FULL), make(row(), seq=2), make(row(), client=OTHER), make(row())
    for consent in (two, withdrawn, other, changed):
        stores.consents.add_version(connection, consent, START)
    stores.consents.save(connection, withdrawn, lifecycle.withdraw(withdrawn, None, START), START)
    by_client = lifecycle.change(changed, (row(), row()), (), own, SHOWN, Giver(), Known(), DIRECTORY, START, 5)
    stores.consents.add_version(connection, by_client, START)
    phone = Capture(CaptureMethod.OWN_PHONE, "kuntakokeilu", "w-1", "k-system", Evidence((("handle", "h"),)))
    stores.consents.add_version(connection, replace(make(row()), capture=phone), START)
    before = START - timedelta(microseconds=1)
    assert stores.consents.recorded(connection, CLIENT, {"kuntakokeilu", "kela"}, before) == 4
    assert stores.consents.recorded(connection, CLIENT, {"kela"}, before) == 0
    assert stores.consents.recorded(connection, CLIENT, {"kuntakokeilu"}, START) == 0
    relation = Relation(
        "r1", CLIENT, RelationKind.JOINT_SERVICE, "sosiaalityo", ("kela",), START, None, None, None, "sosiaalityo"
    )
    for one in (relation, replace(relation, ended_at=UNTIL), replace(relation, id="r2", client=OTHER)):
        stores.standing.save_relation(connection, one, START)
    assert stores.standing.recorded(connection, CLIENT, {"sosiaalityo", "kela"}, before) == 1
    assert stores.standing.recorded(connection, CLIENT, {"kela"}, before) == 0
    assert stores.standing.recorded(connection, CLIENT, {"sosiaalityo"}, START) == 0


def test_refusals_stand_until_they_are_lifted(stores: Stores, connection: object) -> None:
    rows = (RefusedRow("kuntakokeilu", "work-ability-plan", UNTIL), RefusedRow("kela", "work-ability-plan"))
    stores.standing.add_refusals(connection, CLIENT, rows, True, START)
    stores.standing.lift_refusals(connection, CLIENT, [row()], START)
    assert [one.recipient for one in stores.standing.refusals_of(connection, CLIENT)] == ["kela"]


def test_a_mandates_end_is_kept_by_client_and_name_and_the_latest_counts(stores: Stores, connection: object) -> None:
    assert stores.standing.mandate_end(connection, CLIENT, "m-1") is None
    for at in (START, UNTIL, START):
        stores.standing.end_mandate(connection, CLIENT, "m-1", at)
    assert stores.standing.mandate_end(connection, CLIENT, "m-1") == UNTIL
    assert stores.standing.mandate_end(connection, CLIENT, "m-2") is None
    assert stores.standing.mandate_end(connection, OTHER, "m-1") is None


def test_prohibitions_and_relations_are_read_back_with_their_ends(stores: Stores, connection: object) -> None:
    prohibition = Prohibition("p1", CLIENT, None, "handover", True, START)
    for state in (prohibition, replace(prohibition, lifted_at=UNTIL)):
        stores.standing.save_prohibition(connection, state)
        assert stores.standing.prohibition(connection, "p1") == state
        assert stores.standing.prohibitions_of(connection, CLIENT) == (state,)
    relation = Relation(
        "r1", CLIENT, RelationKind.JOINT_SERVICE, "sosiaalityo", ("kela", "kuntakokeilu"), START, None, "11 §",
        "case-1", "sosiaalityo",
    )  # fmt: skip
    for state in (relation, replace(relation, contested_at=START, ended_at=UNTIL)):
        stores.standing.save_relation(connection, state, START)
        assert stores.standing.relation(connection, "r1") == state
        assert stores.standing.relations_of(connection, CLIENT) == (state,)


def test_a_recipient_cools_down_after_asking_and_after_a_refusal(stores: Stores, connection: object) -> None:
    asked = AskedRow("sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support")
    assert not stores.standing.is_cooling(connection, CLIENT, asked, START)
    stores.standing.add_request(connection, "q1", CLIENT, asked, START, UNTIL)
    assert stores.standing.is_cooling(connection, CLIENT, asked, UNTIL - timedelta(microseconds=1))
    assert not stores.standing.is_cooling(connection, CLIENT, asked, UNTIL)
    assert not stores.standing.is_cooling(connection, OTHER, asked, START)
    stores.standing.answer_requests(connection, CLIENT, [("kuntakokeilu", "work-ability-plan")], "refused")
    assert stores.standing.requests_of(connection, CLIENT) == ()
    no = RefusedRow("kuntakokeilu", "work-ability-plan", UNTIL)
    stores.standing.add_refusals(connection, OTHER, [no], True, START)
    assert stores.standing.is_cooling(connection, OTHER, asked, START)


def test_codes_nonces_and_checks_count_once(stores: Stores, connection: object) -> None:
    code = CodeRow("h1", CLIENT, ConsentId("c1"), None, b"x" * 32, UNTIL)
    stores.proofs.add_code(connection, code)
    stores.proofs.count_attempt(connection, "h1")
    stores.proofs.use_code(connection, "h1", START, b"u" * 32)
    assert stores.proofs.code(connection, "h1") == replace(code, attempts=1, used_at=START, used=b"u" * 32)
    assert stores.proofs.code(connection, "h2") is None
    assert stores.proofs.use_nonce(connection, "i", "n", START)
    assert not stores.proofs.use_nonce(connection, "i", "n", START)
    assert stores.proofs.use_nonce(connection, "j", "n", START)
    check = PaperCheck("ref", CLIENT, "ab" * 32, b"o" * 32, "person", START, b"s" * 32)
    stores.proofs.add_check(connection, check)
    assert stores.proofs.check(connection, "ref") == check


def test_a_party_gets_its_own_receipts_and_none_after_erasure(stores: Stores, connection: object, room: Room) -> None:
    for at, party in ((START, None), (START, "kela"), (UNTIL, None)):
        view = ReceiptView(secrets.token_hex(16), ConsentId("c1"), "consent.given", at, f"jws-{party}")
        stores.proofs.add_receipt(connection, CLIENT, party, view, 1)
    own = stores.proofs.receipts(connection, ConsentId("c1"), None)
    assert [receipt.at for receipt in own] == [START, UNTIL]
    assert [receipt.jws for receipt in stores.proofs.receipts(connection, ConsentId("c1"), "kela")] == ["jws-kela"]
    room.keys.destroy(CLIENT)
    assert stores.proofs.receipts(connection, ConsentId("c1"), None) == ()


def test_messages_wait_in_order_until_delivered(stores: Stores, connection: object) -> None:
    for number in (2, 1):
        message = Outgoing(f"m{number}", "consent.given", "kela", CLIENT, ConsentId("c1"), {"n": number}, START)
        stores.outbox.add(connection, message, number)
    assert [message.id for message in stores.outbox.waiting(connection, 10)] == ["m1", "m2"]
    stores.outbox.mark_delivered(connection, ["m1"], START)
    assert [message.id for message in stores.outbox.waiting(connection, 10)] == ["m2"]
    assert [message.body for message in stores.outbox.to_party(connection, "kela", CLIENT)] == [{"n": 1}, {"n": 2}]
    assert stores.outbox.to_party(connection, "kela", OTHER) == ()
    assert not stores.outbox.acknowledge(connection, "m1", "kuntakokeilu", START)
    assert stores.outbox.acknowledge(connection, "m1", "kela", START)


@pytest.mark.parametrize("issuer", [None, "koivula"])
def test_clients_are_found_by_every_character_of_their_identifier(
    stores: Stores, connection: object, issuer: str | None
) -> None:
    codes = ("010190W998V", "010190-998V", "010190Y998V")
    people = [Identifier.personal(PersonalIdentityCode.parse(code), issuer) for code in codes]
    clients = [stores.clients.add(connection, Person((person,), "Kaima"), START) for person in people]
    assert [stores.clients.find(connection, person) for person in people] == clients
    assert len(set(clients)) == 3
    elsewhere = Identifier.personal(PersonalIdentityCode.parse(codes[0]), "elsewhere")
    assert stores.clients.find(connection, elsewhere) is None
    person = stores.clients.person(connection, clients[0])
    assert person is not None
    assert (person.name, person.identifiers) == ("Kaima", (people[0],))


def test_a_client_stands_as_marked_and_the_decoy_as_nobody(stores: Stores, connection: object) -> None:
    code = Identifier.personal(PersonalIdentityCode.parse("170809A9081"))
    client = stores.clients.add(connection, Person((code,)), START)
    stores.clients.mark(connection, client, True)
    stores.clients.suspend(connection, client, True)
    standing = stores.clients.standing(connection, client)
    assert standing is not None
    assert (standing.non_disclosure, standing.suspended, str(standing.born)) == (True, True, "2009-08-17")
    assert stores.clients.standing(connection, stores.clients.decoy()) is None
    assert stores.clients.standing(connection, OTHER) is None
