"""The rules of giving, confirming, changing and ending, as pure functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent import lifecycle
from gateway.consent.capture import Verified
from gateway.consent.checks import Known, Mandate, coming_of_age, year_after
from gateway.consent.model import (
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentState,
    Evidence,
    Giver,
    GiverKind,
    Grant,
    GrantId,
    GrantRow,
)
from gateway.directory.instants import parse_instant
from gateway.directory.model import Service
from gateway.directory.period import Period
from gateway.errors import ConsentRefused
from tests.unit.consent.consent_room import DIRECTORY, SHOWN, START, UNTIL, WITH_NOTE, row

CLIENT = ClientId("c" * 32)
OWN_PAGE = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))
SPOKEN = Capture(CaptureMethod.VERBAL, "sote-keskus", "w-1", "sote-keskus-system", WITH_NOTE)
WITH_WORKER = Capture(
    CaptureMethod.WITH_PROFESSIONAL, "sote-keskus", "w-1", None, Evidence((("identity_check", "passport"),))
)
GUARDIAN = Giver(GiverKind.GUARDIAN, "g-1")
NOTHING = Known()
MICROSECOND = timedelta(microseconds=1)


def give(*rows: GrantRow, capture: Capture = OWN_PAGE, giver: Giver = Giver(), known: Known = NOTHING) -> Consent:
    """Give at START."""
    return lifecycle.give(CLIENT, rows, (), capture, SHOWN, giver, known, DIRECTORY, START, 1)


def reason(*rows: GrantRow, capture: Capture = OWN_PAGE, giver: Giver = Giver(), known: Known = NOTHING) -> str:
    """Return why a giving is refused."""
    with pytest.raises(ConsentRefused) as refused:
        give(*rows, capture=capture, giver=giver, known=known)
    return refused.value.reason


# Each fault alone, in the order in which they are told.
FAULTS: list[tuple[str, dict[str, object]]] = [
    ("request-invalid", {"purpose": "curiosity"}),
    ("period-empty", {"valid_from": UNTIL}),
    ("period-too-long", {"until": START + timedelta(days=400)}),
    ("basis-not-applicable", {"recipient": "tyonantaja"}),
]


@pytest.mark.parametrize("fault, changed", FAULTS)
def test_each_fault_of_a_row_has_its_own_code(fault: str, changed: dict[str, object]) -> None:
    assert reason(row(**changed)) == fault


@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_the_first_fault_is_told_whatever_else_is_wrong_in_any_row(first: int) -> None:
    bad = Capture(CaptureMethod.VERBAL, "kela")
    rows = [row(**changed) for _, changed in FAULTS[first:]]
    assert reason(*reversed(rows), capture=bad, giver=GUARDIAN) == FAULTS[first][0]


def test_capture_then_evidence_then_mandate_are_told_last() -> None:
    assert reason(row(), capture=Capture(CaptureMethod.VERBAL, "kela"), giver=GUARDIAN) == "capture-not-allowed"
    no_note = replace(SPOKEN, evidence=Evidence())
    assert reason(row(), capture=no_note, giver=GUARDIAN) == "evidence-missing"
    assert reason(row(), capture=SPOKEN, giver=GUARDIAN) == "mandate-missing"


@pytest.mark.parametrize(
    "changed",
    [
        {"custodian": "nobody"},
        {"recipient": "nobody"},
        {"category": "everything"},
        {"sensitivities": frozenset({"secret"})},
        {"recipient": "sote-keskus"},
        {"recipient": "te-toimisto"},
        {"dated_from": START, "dated_until": START},
    ],
)
def test_unknown_codes_and_empty_ranges_are_bad_requests(changed: dict[str, object]) -> None:
    assert reason(row(**changed)) == "request-invalid"


def test_a_giving_names_at_least_one_row() -> None:
    assert reason() == "request-invalid"


def test_twelve_months_are_allowed_and_one_microsecond_more_is_not() -> None:
    last = parse_instant("2027-11-22T09:00:00+02:00")
    assert give(row(until=last)).grants[0].row.until == last
    assert reason(row(until=last + MICROSECOND)) == "period-too-long"
    leap = parse_instant("2028-02-29T12:00:00+02:00")
    assert year_after(leap) == parse_instant("2029-02-28T12:00:00+02:00")


def test_an_end_that_is_now_is_empty() -> None:
    assert reason(row(valid_from=START - timedelta(days=1), until=START)) == "period-empty"
    assert give(row(until=START + MICROSECOND)).grants[0].row.until == START + MICROSECOND


def test_the_employer_captures_nothing_and_the_pension_provider_no_words() -> None:
    pension = row(recipient="elakelaitos", purpose="rehabilitation-decision")
    for service in ("tyonantaja", "elakelaitos"):
        capture = replace(WITH_WORKER, service=service)
        assert reason(pension, capture=capture) == "capture-not-allowed"


def test_the_clients_own_page_is_the_clients_alone() -> None:
    assert reason(row(), capture=replace(OWN_PAGE, service="kuntakokeilu")) == "capture-not-allowed"


def test_words_and_imports_are_the_custodians_of_every_row() -> None:
    other = row(custodian="sosiaalityo")
    assert reason(row(), other, capture=SPOKEN) == "capture-not-allowed"
    signed = Capture(CaptureMethod.PARTNER_IMPORT, "kuntakokeilu", evidence=Evidence((("signed", "x"),)))
    known = Known(Verified(signature=True))
    assert reason(row(), capture=signed, known=known) == "capture-not-allowed"
    assert give(row(), capture=replace(signed, service="sote-keskus"), known=known).grants[0].confirmed
    assert reason(row(), capture=replace(signed, service="sote-keskus")) == "evidence-missing"


def test_spoken_is_single_use_and_ends_a_day_after_it_was_spoken() -> None:
    grant = give(row(), capture=SPOKEN).grants[0]
    assert (grant.single_use, grant.row.until) == (True, START + timedelta(hours=24))
    earlier = Evidence((*WITH_NOTE.items, ("spoken_at", "2026-11-22T08:00:00+02:00")))
    assert give(row(), capture=replace(SPOKEN, evidence=earlier)).grants[0].row.until == START + timedelta(hours=23)
    for told in ("2026-11-22T09:00:01+02:00", "yesterday"):
        evidence = Evidence((*WITH_NOTE.items, ("spoken_at", told)))
        assert reason(row(), capture=replace(SPOKEN, evidence=evidence)) == "evidence-missing"
    stale = Evidence((*WITH_NOTE.items, ("spoken_at", "2026-11-21T09:00:00+02:00")))
    assert reason(row(), capture=replace(SPOKEN, evidence=stale)) == "period-empty"


def test_a_certificate_and_a_row_marked_once_are_single_use() -> None:
    certificate = row(category="medical-statement-b", recipient="kela-etuudet", purpose="benefit-decision")
    consent = give(certificate, row(once=True), row())
    assert [grant.single_use for grant in consent.grants] == [True, True, False]


@pytest.mark.parametrize(
    "service, recipient, confirmed",
    [
        ("kuntakokeilu", "kuntakokeilu", False),  # the recipient itself
        ("sosiaalityo", "tyohonvalmennus", False),  # the recipient's organisation, not the grant's custodian
        ("sote-keskus", "tyohonvalmennus", True),  # the grant's own custodian, inside the recipient's organisation
        ("kela", "kuntakokeilu", True),  # a third organisation
    ],
)
def test_nobody_grants_to_themselves(service: str, recipient: str, confirmed: bool) -> None:
    consent = give(row(recipient=recipient), capture=replace(WITH_WORKER, service=service))
    assert consent.grants[0].confirmed is confirmed


def test_confirmation_is_per_grant_and_the_custodians_for_its_own() -> None:
    capture = replace(WITH_WORKER, service="kuntakokeilu")
    consent = give(row(), row(custodian="sosiaalityo"), capture=capture)
    confirmed, ids = lifecycle.confirm(consent, "sosiaalityo")
    assert [grant.confirmed for grant in confirmed.grants] == [False, True]
    assert ids == {consent.grants[1].id}
    whole, _ = lifecycle.confirm(confirmed, None)
    assert all(grant.confirmed for grant in whole.grants)
    assert lifecycle.confirm(whole, None) == (whole, frozenset())
    with pytest.raises(ConsentRefused, match="confirms"):
        lifecycle.confirm(consent, "kuntakokeilu")


def test_a_change_cannot_follow_a_spent_grant() -> None:
    consent = give(row(), row(recipient="tyohonvalmennus"))
    spent = replace(consent, grants=(replace(consent.grants[0], spent=True), consent.grants[1]))
    assert not lifecycle.is_changeable(spent, START)
    one_over = replace(consent, grants=(replace(consent.grants[0], ended=True), consent.grants[1]))
    assert lifecycle.is_changeable(one_over, START)
    assert not lifecycle.is_changeable(consent, UNTIL)
    assert lifecycle.is_changeable(consent, UNTIL - MICROSECOND)


def test_a_withdrawal_is_told_once() -> None:
    once = lifecycle.withdraw(give(row()), "kela", START)
    assert lifecycle.withdraw(once, None, UNTIL) == once
    assert not once.in_force(START)
    assert (once.state, once.withdrawn_told) == (ConsentState.WITHDRAWN, "kela")


def test_a_guardian_is_one_of_a_minor_whose_birthday_is_known() -> None:
    mandate = Mandate(GiverKind.GUARDIAN, "g-1", None)
    minor = date(2009, 8, 17)
    consent = give(row(), giver=GUARDIAN, known=Known(mandate=mandate, born=minor))
    assert consent.giver.until == parse_instant("2027-08-17")
    for known in (
        Known(mandate=mandate),
        Known(mandate=mandate, born=date(1995, 3, 14)),
        Known(mandate=Mandate(GiverKind.MANDATE, "g-1", None), born=minor),
        Known(mandate=Mandate(GiverKind.GUARDIAN, "g-2", None), born=minor),
        Known(mandate=Mandate(GiverKind.GUARDIAN, "g-1", START), born=minor),
        Known(born=minor),
    ):
        assert reason(row(), giver=GUARDIAN, known=known) == "mandate-missing"
    assert coming_of_age(date(2008, 2, 29)) == parse_instant("2026-03-01")


def test_a_predecessor_is_asked_again_and_never_followed() -> None:
    consent = give(row())
    old = replace(consent, grants=(replace(consent.grants[0], row=row(recipient="te-toimisto")),))
    assert lifecycle.succeeded(old, DIRECTORY, START) == {("te-toimisto", "kuntakokeilu")}
    assert lifecycle.succeeded(consent, DIRECTORY, START) == frozenset()


def test_a_chain_of_successions_leads_to_the_first_that_is_in_force() -> None:
    consent = give(row())
    later, last = START + timedelta(days=10), START + timedelta(days=20)

    def ended(code: str, at: datetime, by: str) -> Service:
        return replace(DIRECTORY.services[code], period=Period(None, at), succeeded_by=by)

    chain = {
        "kuntakokeilu": ended("kuntakokeilu", later, "tyohonvalmennus"),
        "tyohonvalmennus": ended("tyohonvalmennus", last, "sosiaalityo"),
    }
    directory = replace(DIRECTORY, services={**DIRECTORY.services, **chain})
    assert lifecycle.succeeded(consent, directory, later - timedelta(days=1)) == frozenset()
    assert lifecycle.succeeded(consent, directory, later) == {("kuntakokeilu", "tyohonvalmennus")}
    assert lifecycle.succeeded(consent, directory, last) == {("kuntakokeilu", "sosiaalityo")}
    over = replace(DIRECTORY.services["sosiaalityo"], period=Period(None, last))
    nobody = replace(directory, services={**directory.services, "sosiaalityo": over})
    assert lifecycle.succeeded(consent, nobody, last) == frozenset()


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_a_grant_is_in_force_from_its_start_up_to_its_end_and_not_at_it(offset: int) -> None:
    consent = give(row())
    at = START + timedelta(microseconds=offset)
    assert consent.in_force(at) is (START <= at < UNTIL)


MORE: list[tuple[dict[str, object], dict[str, object]]] = [
    ({}, {"until": UNTIL + MICROSECOND}),
    ({}, {"valid_from": START - MICROSECOND}),
    ({}, {"sensitivities": frozenset({"health"})}),
    ({}, {"recipient": "tyopaja"}),
    ({}, {"purpose": "care"}),
    ({"once": True}, {"once": False}),
    ({"document": "d1"}, {"document": None}),
    ({"document": "d1"}, {"document": "d2"}),
    ({"dated_from": START}, {"dated_from": None}),
    ({"dated_from": START}, {"dated_from": START - MICROSECOND}),
    ({"dated_until": START}, {"dated_until": None}),
    ({"dated_until": START}, {"dated_until": START + MICROSECOND}),
]
"""How a row was, and how it is changed so that it says more."""


def _version(**fields: object) -> Consent:
    made = row(**{"valid_from": START, "until": UNTIL} | fields)
    grant = Grant(GrantId(lifecycle.new_id()), made, made.once, True)
    return replace(give(row()), grants=(grant,))


@pytest.mark.parametrize("was, more", MORE)
def test_a_version_says_more_by_a_row_that_is_wider_in_any_way_and_not_by_one_carried_over_or_cut(
    was: dict[str, object], more: dict[str, object]
) -> None:
    narrow, wide = _version(**was), _version(**was | more)
    assert lifecycle.widened(narrow, wide) == {grant.id for grant in wide.grants}
    assert lifecycle.widened(narrow, _version(**was)) == frozenset()
    if more.keys().isdisjoint({"recipient", "purpose"}) and more != {"document": "d2"}:
        assert lifecycle.widened(wide, narrow) == frozenset()


def test_what_had_ended_with_a_mandate_covers_nothing_of_a_new_version() -> None:
    old = _version()
    ended = replace(old, grants=tuple(replace(grant, ended=True) for grant in old.grants))
    new = _version()
    assert lifecycle.widened(ended, new) == {grant.id for grant in new.grants}
