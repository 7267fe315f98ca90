"""The pure parts of the portal: how consents stand, what a form chose, the start page, what a receipt says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent import lifecycle
from gateway.consent.checks import Known, year_after
from gateway.consent.model import (
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    ConsentState,
    Evidence,
    Giver,
    GiverKind,
    Grant,
    GrantId,
    GrantRow,
    Prohibition,
    Relation,
    RelationKind,
    Shown,
)
from gateway.consent.view import ClientPicture, ReceiptView, RefusalView, RequestView
from gateway.consent.wording_files import load_wordings
from gateway.directory.instants import last_day
from gateway.directory.period import Period
from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind
from gateway.disclosure.sight import Sight
from gateway.web.numbers import number_of
from gateway.web.portal.cards import Stand, card_of, left_out
from gateway.web.portal.choice import MONTHS, Offered, as_it_stands, day_after_months, end_of, read_choice, rows_of
from gateway.web.portal.offering import purposes_of, recipients, rows_again, rows_for, rows_left
from gateway.web.portal.receipt_view import read_receipt
from gateway.web.portal.start import start_of
from tests.laws.gateway_world import demo_world

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
SUVI = ClientId("c" * 32)
DIRECTORY = demo_world().directory
WORDINGS = load_wordings()
ROW = GrantRow(
    "sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support", NOW - timedelta(days=1),
    NOW + timedelta(days=90), frozenset({"health"}),
)  # fmt: skip


def consent_of(*grants: Grant, **changes: object) -> Consent:
    """A consent given in person on the own page."""
    shown = Shown("consent", 1, "fi", "plain", "0" * 64)
    capture = Capture(CaptureMethod.SELF_SERVICE)
    one = Consent(
        ConsentId("ab12cd34" + "0" * 24), 1, SUVI, Giver(), capture, shown, grants, (), ConsentState.GIVEN, NOW
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def grant_of(row: GrantRow = ROW, **changes: object) -> Grant:
    """A grant in force."""
    return replace(Grant(GrantId("1"), row, False, True), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("grant", "stand"),
    [
        (grant_of(), Stand.IN_FORCE),
        (grant_of(confirmed=False), Stand.UNCONFIRMED),
        (grant_of(spent=True), Stand.SPENT),
        (grant_of(ended=True), Stand.ENDED),
        (grant_of(replace(ROW, until=NOW)), Stand.ENDED),
        (grant_of(replace(ROW, valid_from=NOW + timedelta(days=1))), Stand.LATER),
    ],
)
def test_a_row_stands_as_the_rules_have_it(grant: Grant, stand: Stand) -> None:
    assert card_of(consent_of(grant), (), WORDINGS, DIRECTORY, NOW).stand is stand


def test_a_withdrawn_consent_is_withdrawn_in_every_row_and_a_prohibition_stops_a_row() -> None:
    withdrawn = card_of(
        consent_of(grant_of(), grant_of(ended=True), state=ConsentState.WITHDRAWN), (), WORDINGS, DIRECTORY, NOW
    )
    assert {row.stand for row in withdrawn.rows} == {Stand.WITHDRAWN}
    assert not withdrawn.can_withdraw and not withdrawn.can_change and not withdrawn.text_changed
    never = Prohibition("p", SUVI, None, "work-ability-plan", True, NOW)
    assert card_of(consent_of(grant_of()), (never,), WORDINGS, DIRECTORY, NOW).stand is Stand.FORBIDDEN
    lifted = replace(never, lifted_at=NOW)
    assert card_of(consent_of(grant_of()), (lifted,), WORDINGS, DIRECTORY, NOW).stand is Stand.IN_FORCE


def test_an_end_within_thirty_days_is_told_and_a_newer_text_is() -> None:
    soon = grant_of(replace(ROW, until=NOW + timedelta(days=30)))
    assert card_of(consent_of(soon), (), WORDINGS, DIRECTORY, NOW).ends_soon == soon.row.until
    assert card_of(consent_of(grant_of()), (), WORDINGS, DIRECTORY, NOW).ends_soon is None
    old = consent_of(grant_of(), shown=Shown("consent", 0, "fi", "plain", "0" * 64))
    assert card_of(old, (), WORDINGS, DIRECTORY, NOW).text_changed


def test_the_last_day_is_the_one_before_the_midnight_at_which_a_period_ends() -> None:
    assert last_day(datetime(2027, 5, 31, 21, tzinfo=UTC)) == date(2027, 5, 31)
    assert last_day(datetime(2027, 5, 31, 21, 0, 1, tzinfo=UTC)) is None
    assert number_of("ab12cd34" + "0" * 24) == "AB12-CD34"


class Sent(dict[str, list[str]]):
    """The fields of a form."""

    def text(self, name: str, *, most: int = 4000) -> str:
        """Return the first value."""
        return self.get(name, [""])[0]

    def texts(self, name: str) -> list[str]:
        """Return every value."""
        return self.get(name, [])


OFFERED = [Offered("1", "sote-keskus", "kuntakokeilu", "work-ability-plan", "employment-support")]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "row"),
        ({"row": ["1"]}, "until"),
        ({"row": ["1"], "until": ["7"]}, "until"),
        ({"row": ["1"], "until": ["keep"]}, "until"),
        ({"row": ["1"], "until": ["day"], "until_day": ["31.2.2027"]}, "until_day"),
        ({"row": ["1"], "until": ["day"], "until_day": ["21.11.2026"]}, "until_day"),
        ({"row": ["1"], "until": ["day"], "until_day": ["23.11.2027"]}, "until_day"),
        ({"row": ["2"], "until": ["3"]}, "row"),
    ],
)
def test_a_choice_that_is_not_whole_has_a_fault_at_its_field(sent: dict[str, list[str]], field: str) -> None:
    choice = read_choice(Sent(sent), OFFERED, DIRECTORY.sensitivities, NOW)
    assert choice.fault(field) and field in {id for id, _ in choice.faults}


def test_nothing_is_ticked_that_was_not_and_unknown_ticks_are_none() -> None:
    sent = Sent({"row": ["1"], "until": ["3"], "tick-1": ["health", "strange"], "tick-2": ["mental-health"]})
    choice = read_choice(sent, OFFERED, DIRECTORY.sensitivities, NOW)
    assert not choice.faults
    (row,) = rows_of(choice, OFFERED, NOW)
    assert row.sensitivities == frozenset({"health"}) and row.valid_from == NOW
    assert last_day(row.until) == date(2027, 2, 22)


@given(st.integers(0, 8 * 366 * 24 * 3600), st.sampled_from(MONTHS))
def test_no_length_that_is_offered_is_longer_than_a_permission_may_be(seconds: int, months: int) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    end = end_of(day_after_months(now, months), now)
    assert now < end <= year_after(now)


def test_a_change_that_changes_nothing_gives_the_same_rows() -> None:
    card = card_of(consent_of(grant_of(), grant_of(ended=True)), (), WORDINGS, DIRECTORY, NOW)
    left = rows_left(card)
    assert rows_of(as_it_stands(left), left, NOW) == (ROW,)


@pytest.mark.parametrize("ended", ["recipient", "flow", "category"])
def test_a_row_that_could_not_be_given_now_does_not_hinder_a_change_of_the_others(ended: str) -> None:
    over = Period(None, NOW)
    stays = replace(ROW, category="self-assessment", recipient="tyohonvalmennus")
    services, categories = DIRECTORY.services, DIRECTORY.categories
    directory = {
        "recipient": lambda: replace(
            DIRECTORY, services={**services, ROW.recipient: replace(services[ROW.recipient], period=over)}
        ),
        "flow": lambda: replace(
            DIRECTORY,
            flows=tuple(replace(one, period=over) if one.category == ROW.category else one for one in DIRECTORY.flows),
        ),
        "category": lambda: replace(
            DIRECTORY, categories={**categories, ROW.category: replace(categories[ROW.category], period=over)}
        ),
    }[ended]()
    consent = consent_of(grant_of(), grant_of(stays, id=GrantId("2")))
    card = card_of(consent, (), WORDINGS, directory, NOW)
    left = rows_left(card)
    assert ([row.key for row in left], card.ends_too) == (["2"], (consent.grants[0],))
    by_client = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "s"),)))
    changed = lifecycle.change(
        consent, rows_of(as_it_stands(left), left, NOW), (), by_client, consent.shown, Giver(), Known(),
        directory, NOW, 2,
    )  # fmt: skip
    assert left_out((consent, changed)) == (consent.grants[0],)
    alone = card_of(consent_of(grant_of()), (), WORDINGS, directory, NOW)
    assert not alone.can_change and alone.can_withdraw and rows_left(alone) == []
    assert rows_again(alone.consent, directory, NOW) == []


def test_giving_again_begins_with_nothing_and_names_the_successor_of_a_service_that_has_ended() -> None:
    again = rows_again(consent_of(grant_of(replace(ROW, recipient="te-toimisto"))), DIRECTORY, NOW)
    assert [(row.recipient, row.sensitivities, row.until) for row in again] == [("kuntakokeilu", frozenset(), None)]
    gone = card_of(consent_of(grant_of(replace(ROW, recipient="te-toimisto"))), (), WORDINGS, DIRECTORY, NOW)
    assert gone.gone == (("te-toimisto", "kuntakokeilu"),)


def test_giving_again_after_several_successions_names_the_first_that_is_in_force() -> None:
    over = replace(DIRECTORY.services["kuntakokeilu"], period=Period(None, NOW), succeeded_by="tyohonvalmennus")
    directory = replace(DIRECTORY, services={**DIRECTORY.services, "kuntakokeilu": over})
    old = consent_of(grant_of(replace(ROW, recipient="te-toimisto")))
    assert [row.recipient for row in rows_again(old, directory, NOW)] == ["tyohonvalmennus"]


def test_only_what_a_permission_can_carry_is_offered_and_never_to_an_employer_or_an_ended_service() -> None:
    assert not {"tyonantaja", "te-toimisto"} & set(recipients(DIRECTORY, NOW))
    offered = {(row.category, row.custodian) for row in rows_for("sosiaalityo", DIRECTORY, NOW)}
    assert ("interruption-notice", "kuntakokeilu") not in offered and ("handover", "kuntakokeilu") in offered
    assert purposes_of("kela", DIRECTORY, NOW) == ["rehabilitation-decision", "benefit-decision"]


def picture_of(*consents: Consent, **more: object) -> ClientPicture:
    """What stands about Suvi."""
    return replace(ClientPicture(SUVI, consents, (), (), (), (), ()), **more)  # type: ignore[arg-type]


def test_the_start_page_tells_who_may_see_by_permission_and_by_law_and_what_waits() -> None:
    relation = Relation(
        "r", SUVI, RelationKind.JOINT_SERVICE, "sote-keskus", ("kela",), NOW, None, None, None, "sote-keskus"
    )
    asks = RequestView("q", "kela", "sote-keskus", "work-ability-plan", "care", "requested", NOW)
    picture = picture_of(
        consent_of(grant_of()), consent_of(grant_of(confirmed=False)), relations=(relation,),
        requests=(asks, replace(asks, state="deferred")),
    )  # fmt: skip
    start = start_of(picture, WORDINGS, DIRECTORY, NOW)
    assert [(one.recipient, bool(one.categories), one.by_law) for one in start.sees] == [
        ("kuntakokeilu", True, False), ("kela", False, True),
    ]  # fmt: skip
    assert len(start.asks) == len(start.put_aside) == len(start.unconfirmed) == 1
    over = replace(relation, ended_at=NOW)
    assert not start_of(picture_of(relations=(over,)), WORDINGS, DIRECTORY, NOW).sees


def test_a_representative_sees_what_representatives_gave_and_that_something_is_forbidden() -> None:
    own, theirs = consent_of(grant_of()), consent_of(grant_of(), giver=Giver(GiverKind.GUARDIAN, "register:1"))
    never = Prohibition("p", SUVI, "kela", None, True, NOW)
    no = RefusalView("f", "kela", "work-ability-plan", NOW, by_client=True)
    picture = picture_of(own, theirs, prohibitions=(never,), refusals=(no,))
    assert Sight(THE_CLIENT, DIRECTORY).picture(picture) == picture
    shown = Sight(Looker(LookerKind.REPRESENTATIVE, "someone"), DIRECTORY).picture(picture)
    assert (shown.consents, shown.refusals, shown.prohibitions) == ((theirs,), (), (never,))


@pytest.mark.parametrize("jws", ["", "a.b", "a.e30.c", "a.W10.c", "a.bm90IGpzb24.c"])
def test_what_is_no_receipt_is_told_as_such(jws: str) -> None:
    with pytest.raises(ValueError, match="no receipt"):
        read_receipt(ReceiptView("r", ConsentId("c"), "consent.given", NOW, jws))
