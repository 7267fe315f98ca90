"""The order law: honest histories pass, and each kind of forged step is found, with the real keys too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.entry import Draft, IndexRow
from gateway.consent.events import Teller
from gateway.consent.mandate_reference import new_reference
from gateway.consent.model import Actor, Capture, CaptureMethod, Consent, ConsentId, Giver, GiverKind, GrantId
from gateway.demo.world import load_world
from gateway.directory.instants import to_micros
from gateway.disclosure.decision import RelianceGrant
from gateway.disclosure.opened import ERASED
from gateway.disclosure.order_law import check_order
from gateway.disclosure.request import Action
from gateway.disclosure.snapshot import DocumentFacts
from tests.unit.disclosure.logged import Logged
from tests.unit.disclosure.story import (
    CLIENT,
    GUARDIAN,
    ORIGIN,
    OTHER,
    OWN_PAGE,
    PLAN,
    Story,
    new_id,
)

DIRECTORY = load_world().directory


def found(story: Story) -> list[str]:
    """Return what is wrong with a history."""
    return [fault.what for fault in check_order(story.entries()).faults]


# Honest histories.


def honest(story: Story) -> None:
    """Tell a history in which everything that may happen does."""
    story.partner("partner.added", services=["kela"])
    plan = story.deposit(sections={"goals": (), "health": ("health",), "contact": ()})
    first = story.give()
    story.release(plan, first)
    health = story.row(sensitivities=frozenset({"health"}))
    second = story.give(health, confirmed=False, by=Actor("kela", "kela-system"))
    story.confirm(second, "sosiaalityo")
    story.release(plan, first, second, sections=("goals", "health"))
    once = story.give(single_use=True)
    story.release(plan, once)
    story.withdraw(first, "kela")
    third = story.change(second, story.row())
    story.release(plan, third)
    never = story.prohibit("kela")
    shared = story.relate()
    story.release(plan, relation=shared)
    story.deny("prohibited")
    story.lift(never)
    story.release(plan, third, action=Action.SEARCH)
    story.change(story.give(giver=GUARDIAN), giver=GUARDIAN)
    story.refuse("kuntakokeilu")
    story.suspend()
    story.suspend(suspended=False)
    story.partner()
    story.partner("partner.changed", change="resumed")
    newer = story.deposit(id=plan.id, version=2, sections={"goals": ("health",)})
    ticked = story.give(story.row(sensitivities=frozenset({"health"})))
    story.release(newer, third, ticked)
    story.mark()
    story.release(newer, third, ticked, obligations=("strip-location",))
    story.end_relation(shared)
    story.ask()
    story.withdraw(third)


def test_an_honest_history_is_sound() -> None:
    story = Story()
    honest(story)
    findings = check_order(story.entries())
    assert findings.faults == []
    assert findings.releases == 8
    assert [what for what in findings.unchecked if "directory of that day" not in what] == []


@pytest.mark.parametrize(
    "more",
    [
        {"until": 1}, {"valid_from": -1}, {"sensitivities": frozenset({"health"})}, {"document": None},
        {"dated_from": None}, {"dated_until": None}, {"purpose": "care"},
    ],
)  # fmt: skip
def test_a_change_that_says_more_of_a_row_lifts_the_refusal_of_it(more: dict[str, object]) -> None:
    story = Story()
    plan = story.deposit()
    limits = {"dated_from": story.at - timedelta(days=9), "dated_until": story.at + timedelta(days=9)}
    own = story.give(story.row(document=plan.id, **limits))
    consent = story.give(giver=GUARDIAN)
    story.refuse()
    old = own.grants[0].row
    days = {name: getattr(old, name) + timedelta(days=by) for name, by in more.items() if isinstance(by, int)}
    story.change(own, replace(old, **(more | days)))  # type: ignore[arg-type]
    story.release(plan, consent)
    assert found(story) == []


# Each kind of forged step.

Forge = Callable[[Story], None]
FORGED: dict[str, tuple[Forge, str]] = {}


def forged(what: str) -> Callable[[Forge], Forge]:
    """Register a forged history with what must be found in it."""

    def register(forge: Forge) -> Forge:
        FORGED[forge.__name__] = (forge, what)
        return forge

    return register


@forged("rests on a grant that was not given before")
def on_a_grant_that_nobody_gave(story: Story) -> None:
    plan = story.deposit()
    story.release(plan, basis="consent", reliance=(RelianceGrant(new_id(), new_id(), 1, False),), good_until=2**52)


@forged("rests on a grant that was not given before")
def before_it_was_given(story: Story) -> None:
    plan, later = story.deposit(), Story(at=story.at)
    consent = later.give()
    story.release(plan, consent)
    story.acts.append(later.acts[-1])


@forged("rests on a consent that was withdrawn before")
def after_withdrawal(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.withdraw(consent)
    story.release(plan, consent)


@forged("rests on a grant that was not confirmed before")
def without_confirmation(story: Story) -> None:
    plan, consent = story.deposit(), story.give(confirmed=False)
    story.release(plan, consent)


@forged("a grant is confirmed by another than the client or its custodian")
def confirmed_by_the_recipient(story: Story) -> None:
    plan, consent = story.deposit(), story.give(confirmed=False)
    story.confirm(consent, "kela")
    story.release(plan, consent)


@forged("rests on a version that was changed before")
def on_a_replaced_version(story: Story) -> None:
    plan, old = story.deposit(), story.give()
    story.change(old)
    story.release(plan, old)


@forged("rests on a grant under another consent or version")
def under_another_version(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.release(plan, replace(consent, version=2))


@forged("rests on a grant that had expired")
def after_the_end(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.wait(days=181)
    story.release(plan, consent, good_until=2**52)


@forged("rests on a grant that was not yet in force")
def before_the_beginning(story: Story) -> None:
    plan = story.deposit()
    story.release(plan, story.give(story.row(valid_from=story.at + timedelta(days=1))))


@forged("rests on a single-use grant that was spent before")
def twice_on_a_single_use_grant(story: Story) -> None:
    plan, once = story.deposit(), story.give(single_use=True)
    story.release(plan, once)
    story.release(plan, once)


@forged("a single-use grant was released without its consent.spent")
def without_spending(story: Story) -> None:
    story.release(story.deposit(), story.give(single_use=True), spent=False)


@forged("a single-use grant is not spent, or a standing one is")
def a_single_use_grant_called_standing(story: Story) -> None:
    plan, once = story.deposit(), story.give(single_use=True)
    story.release(plan, once, reliance=(RelianceGrant(once.grants[0].id, once.id, 1, False),))


@forged("a search rests on a single-use grant")
def a_search_that_spends(story: Story) -> None:
    story.release(story.deposit(), story.give(single_use=True), action=Action.SEARCH)


@forged("a grant is called spent without its release before it")
def spent_by_nothing(story: Story) -> None:
    once = story.give(single_use=True)
    body = {"grant": once.grants[0].id, "consent": once.id, "version": 1, "by_event": new_id()}
    story.tell(Draft(new_id(), IndexRow("consent.spent", "na"), body, {"client": CLIENT}, subject_owner=CLIENT))


@forged("rests on a grant whose mandate ended before")
def after_the_mandate(story: Story) -> None:
    plan, consent = story.deposit(), story.give(giver=GUARDIAN)
    story.end_mandate(consent)
    story.release(plan, consent)


@forged("a consent is given under a mandate that had ended")
def given_after_the_mandate(story: Story) -> None:
    plan = story.deposit()
    story.end_mandate(story.give(giver=GUARDIAN))
    story.release(plan, story.give(giver=GUARDIAN))


@forged("a consent is given under a mandate that had ended")
def changed_after_the_mandate(story: Story) -> None:
    first = story.give(giver=GUARDIAN)
    story.end_mandate(first)
    story.release(story.deposit(), story.change(first, giver=GUARDIAN))


@forged("a mandate ends and leaves a grant that rests on it")
def ended_in_one_session_alone(story: Story) -> None:
    before, again = (Giver(GiverKind.MANDATE, new_reference("c" * 32, story.at)) for _ in range(2))
    story.give(giver=again)
    story.end_mandate(story.give(giver=before))


@forged("rests on a grant whose mandate ended before")
def on_what_was_given_in_another_session(story: Story) -> None:
    before, again = (Giver(GiverKind.MANDATE, new_reference("c" * 32, story.at)) for _ in range(2))
    plan, other = story.deposit(), story.give(giver=again)
    story.end_mandate(story.give(giver=before))
    story.release(plan, other)


@forged("a prohibition is lifted under a mandate that had ended")
def lifted_after_the_mandate(story: Story) -> None:
    never = story.prohibit("kela", by_client=False)
    story.end_mandate(story.give(giver=GUARDIAN))
    story.tell(Teller(OWN_PAGE, new_id, GUARDIAN).prohibition(replace(never, lifted_at=story.at)))


@forged("rests on a representative's consent against the client's own refusal")
def against_the_own_refusal(story: Story) -> None:
    plan, consent = story.deposit(), story.give(giver=GUARDIAN)
    story.refuse()
    story.release(plan, consent)


@forged("rests on a representative's consent against the client's own refusal")
def after_the_own_consent_was_cut(story: Story) -> None:
    plan, own = story.deposit(), story.give(story.row(), story.row(category="activation-plan"))
    consent = story.give(giver=GUARDIAN)
    story.refuse()
    story.change(own, own.grants[0].row)
    story.release(plan, consent)


@forged("released on consent while a prohibition stands")
def against_a_prohibition(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.prohibit(category=PLAN)
    story.release(plan, consent)


@forged("released on a disclosure permit while a prohibition stands")
def a_permit_against_a_prohibition(story: Story) -> None:
    plan, permit = story.deposit(), story.relate("disclosure-permit")
    story.prohibit("kela")
    story.release(plan, relation=permit)


@forged("released about a client who was suspended before")
def about_a_suspended_client(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.suspend()
    story.release(plan, consent)


@forged("released to a partner system that was suspended before")
def to_a_suspended_partner(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.partner()
    story.release(plan, consent)


@forged("released on a token that was revoked before")
def on_a_revoked_token(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.partner("partner.changed", change="token-revoked", token="jti", expires=0)
    story.release(plan, consent)


@forged("released to a partner system that is not registered for the recipient")
def to_a_partner_of_another_service(story: Story) -> None:
    story.partner("partner.added", services=["kuntakokeilu"])
    story.release(story.deposit(), story.give())


@forged("a partner system that was not registered before")
def to_a_partner_that_nobody_registered(story: Story) -> None:
    story.release(story.deposit(), story.give())
    (added,) = (act for act in story.acts if act[1][0].index.kind == "partner.added")
    story.acts.remove(added)


@forged("rests on a relation that was not recorded before")
def on_a_relation_that_nobody_recorded(story: Story) -> None:
    plan, later = story.deposit(), Story(at=story.at)
    relation = later.relate()
    story.release(plan, relation=relation)


@forged("rests on a relation that was ended before")
def on_an_ended_relation(story: Story) -> None:
    plan, relation = story.deposit(), story.relate()
    story.end_relation(relation)
    story.release(plan, relation=relation)


@forged("rests on a relation of another kind")
def on_a_relation_of_another_kind(story: Story) -> None:
    story.release(story.deposit(), relation=story.relate("statutory"), basis="joint-service")


@forged("rests on a relation that does not run from this custodian")
def on_a_relation_turned_about(story: Story) -> None:
    story.release(story.deposit(), relation=story.relate(custodian="kuntakokeilu"))


@forged("rests on a relation that does not run to this recipient")
def on_a_relation_to_another(story: Story) -> None:
    story.release(story.deposit(), relation=story.relate(recipients=("kuntakokeilu",)))


@forged("rests on a relation of another client")
def on_a_relation_of_another_client(story: Story) -> None:
    story.release(story.deposit(), relation=story.relate(client=OTHER))


@forged("rests on a relation that had expired")
def on_an_expired_relation(story: Story) -> None:
    plan, relation = story.deposit(), story.relate(until=story.at + timedelta(days=1))
    story.wait(days=2)
    story.release(plan, relation=relation, good_until=2**52)


@forged("a relation is recorded by one who receives on it")
def recorded_by_the_recipient(story: Story) -> None:
    relation = story.relate()
    forged_row = replace(relation, id=new_id(), recorded_by="kela")
    story.tell(story.teller().relation("relation.recorded", forged_row))


WORKER = Actor("kela", "kela-system", "w7", "Virve", "role")
"""Of the recipient."""


@forged("a prohibition that the client made in person is lifted by another")
def lifted_by_the_recipient(story: Story) -> None:
    plan, consent, never = story.deposit(), story.give(), story.prohibit("kela")
    story.tell(story.teller(WORKER).prohibition(replace(never, lifted_at=story.at)))
    story.release(plan, consent)


@forged("a prohibition that the client made in person is lifted by another")
def lifted_by_the_recipient_as_one_of_a_representatives(story: Story) -> None:
    plan, consent, never = story.deposit(), story.give(), story.prohibit("kela")
    story.tell(story.teller(WORKER).prohibition(replace(never, lifted_at=story.at, by_client=False)))
    story.release(plan, consent)


@forged("a prohibition that the client made in person is lifted by another")
def lifted_by_a_representative(story: Story) -> None:
    plan, consent, never = story.deposit(), story.give(), story.prohibit("kela")
    story.tell(Teller(OWN_PAGE, new_id, GUARDIAN).prohibition(replace(never, lifted_at=story.at)))
    story.release(plan, consent)


@forged("a prohibition that the client made in person is lifted by another")
def lifted_by_a_worker_in_the_clients_name(story: Story) -> None:
    plan, consent, never = story.deposit(), story.give(), story.prohibit("kela")
    draft = story.teller(WORKER).prohibition(replace(never, lifted_at=story.at))
    story.tell(replace(draft, body={**draft.body, "by": "client"}))
    story.release(plan, consent)


@forged("a prohibition that the client made in person is lifted by another")
def lifted_as_a_repetition_of_nothing(story: Story) -> None:
    plan, consent, never = story.deposit(), story.give(), story.prohibit("kela")
    draft = story.teller(WORKER).prohibition(replace(never, lifted_at=story.at))
    story.tell(replace(draft, body={**draft.body, "replayed": {"kind": "prohibition.lifted"}}))
    story.release(plan, consent)


@forged("a prohibition is lifted by one whom it keeps out")
def a_representatives_prohibition_lifted_by_whom_it_keeps_out(story: Story) -> None:
    plan, consent, never = story.deposit(), story.give(), story.prohibit("kela", by_client=False)
    story.tell(story.teller(WORKER).prohibition(replace(never, lifted_at=story.at)))
    story.release(plan, consent)


@forged("a grant that its recipient captured is given as confirmed")
def recorded_as_confirmed_by_the_recipient(story: Story) -> None:
    plan = story.deposit()
    story.release(plan, story.give(by=WORKER))


@forged("what a service captured is given as captured on the client's own page")
def recorded_by_the_recipient_as_on_the_own_page(story: Story) -> None:
    plan, consent = story.deposit(), replace(story.give(), id=ConsentId(new_id()))
    capture = Capture(CaptureMethod.SELF_SERVICE, service="kela")
    grants = (replace(consent.grants[0], id=GrantId(new_id())),)
    forged_one = replace(consent, capture=capture, grants=grants)
    story.tell(story.teller(WORKER).given(forged_one))
    story.release(plan, forged_one)


@forged("what was the client's own word is confirmed by a representative")
def confirmed_by_a_representative(story: Story) -> None:
    plan, consent = story.deposit(), story.give(by=WORKER, confirmed=False)
    ids = frozenset(grant.id for grant in consent.grants)
    story.tell(Teller(OWN_PAGE, new_id, GUARDIAN).confirmed(consent, ids, None))
    story.release(plan, consent)


@forged("a grant is confirmed by another than the entry says")
def confirmed_by_the_recipient_in_the_clients_name(story: Story) -> None:
    plan, consent = story.deposit(), story.give(by=WORKER, confirmed=False)
    story.tell(story.teller(WORKER).confirmed(consent, frozenset(grant.id for grant in consent.grants), None))
    story.release(plan, consent)


@forged("a grant is confirmed by another than the entry says")
def confirmed_by_the_recipient_in_the_custodians_name(story: Story) -> None:
    plan, consent = story.deposit(), story.give(by=WORKER, confirmed=False)
    ids = frozenset(grant.id for grant in consent.grants)
    story.tell(story.teller(WORKER).confirmed(consent, ids, "sosiaalityo"))
    story.release(plan, consent)


@forged("rests on a representative's consent against the client's own refusal")
def after_a_second_confirmation(story: Story) -> None:
    plan, own, consent = story.deposit(), story.give(), story.give(giver=GUARDIAN)
    story.refuse()
    story.confirm(own)
    story.release(plan, consent)


@forged("a relation is recorded by another than the entry says")
def recorded_by_the_recipient_in_the_custodians_name(story: Story) -> None:
    plan, relation = story.deposit(), replace(story.relate(), id=new_id())
    story.tell(story.teller(WORKER).relation("relation.recorded", relation))
    story.release(plan, relation=relation)


@forged("rests on a grant for another recipient")
def to_another_recipient(story: Story) -> None:
    story.release(story.deposit(), story.give(), request=story.request("kuntakokeilu"))


@forged("rests on a grant for another purpose")
def for_another_purpose(story: Story) -> None:
    story.release(story.deposit(), story.give(), request=story.request(purpose="care"))


@forged("rests on a grant for another category")
def of_another_category(story: Story) -> None:
    story.release(story.deposit(category="activation-plan"), story.give())


@forged("rests on a grant of another custodian's documents")
def of_another_custodian(story: Story) -> None:
    story.release(story.deposit(custodian="sote-keskus"), story.give())


@forged("rests on a grant for another document")
def of_another_document(story: Story) -> None:
    story.release(story.deposit(), story.give(story.row(document=new_id())))


@forged("rests on a grant for documents of a later date")
def of_an_older_document(story: Story) -> None:
    story.release(story.deposit(), story.give(story.row(dated_from=story.at + timedelta(days=1))))


@forged("rests on a grant for documents of an earlier date")
def of_a_newer_document(story: Story) -> None:
    story.release(story.deposit(), story.give(story.row(dated_until=story.at - timedelta(days=1))))


@forged("rests on a grant of another client")
def of_another_client(story: Story) -> None:
    story.release(story.deposit(), story.give(client=OTHER))


@forged("the basis does not fit the grants")
def on_a_basis_that_does_not_fit(story: Story) -> None:
    story.release(story.deposit(), story.give(), basis="consent-once")


@forged("a basis on which nothing is released to a partner")
def on_no_basis(story: Story) -> None:
    story.release(story.deposit(), story.give(), basis="own-data")


@forged("a document that was not deposited before")
def of_an_unknown_document(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.release(replace(plan, id=new_id()), consent)


@forged("a document that is not as it was deposited: its client, version, custodian, category or date")
def of_an_old_version(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.deposit(id=plan.id, version=2)
    story.release(plan, consent)


@forged("a section whose sensitivity was neither ticked nor carried")
def of_a_section_not_ticked(story: Story) -> None:
    plan, consent = story.deposit(sections={"goals": (), "health": ("health",)}), story.give()
    story.release(plan, consent, sections=("goals", "health"))


@forged("a section whose sensitivity was neither ticked nor carried")
def of_a_document_sensitive_as_a_whole(story: Story) -> None:
    story.release(story.deposit(labels=("mental-health",)), story.give())


@forged("sections that the document does not have")
def of_sections_that_are_not_there(story: Story) -> None:
    story.release(story.deposit(), story.give(), sections=("goals", "contact"))


@forged("a place to be found at was released against a non-disclosure marking")
def against_a_marking(story: Story) -> None:
    plan, consent = story.deposit(), story.give()
    story.mark()
    story.release(plan, consent)


@forged("the permit lasts longer than a grant it rests on")
def longer_than_the_grant(story: Story) -> None:
    story.release(story.deposit(), story.give(), good_until=2**52)


@forged("a consent is given that was there before, or not as its first version")
def given_a_second_time(story: Story) -> None:
    consent = story.give()
    story.withdraw(consent)
    story.tell(story.teller().given(consent))


@forged("a consent is changed after it was withdrawn")
def changed_after_withdrawal(story: Story) -> None:
    consent = story.give()
    story.withdraw(consent)
    story.change(consent)


@forged("a consent is changed by another than the client")
def changed_by_a_representative(story: Story) -> None:
    consent = story.give()
    row = replace(consent, version=2, giver=GUARDIAN, grants=())
    story.tell(story.teller().given(row, replaced=1))


@forged("a consent is changed by another than the client")
def changed_by_a_representative_after_the_client(story: Story) -> None:
    first = story.give(giver=GUARDIAN)
    story.change(story.change(story.change(first, giver=GUARDIAN)), giver=GUARDIAN)


@forged("a grant is called expired before its end")
def expired_too_early(story: Story) -> None:
    story.expire(story.give())


@forged("it stands after the log's end")
def after_the_end_of_the_log(story: Story) -> None:
    story.end("gw.saattaen.example/audit/2027")
    story.give()


@forged("log.start stands after the log's beginning")
def carried_over_in_the_middle(story: Story) -> None:
    consent = story.give()
    carried = {"carried": carried_of(story)}
    story.withdraw(consent)
    story.tell(Draft(new_id(), IndexRow("log.start", "na"), carried, {"client": CLIENT}, subject_owner=CLIENT))


@forged("a permitted request is a disclosure, and names what it rests on")
def permitted_as_a_decision(story: Story) -> None:
    story.deny(outcome="permit")


@forged("its time is before that of the entry before it")
def back_in_time(story: Story) -> None:
    story.give()
    story.at -= timedelta(hours=1)
    story.give()


def _found_by_the_directory(story: Story) -> list[str]:
    return [fault.what for fault in check_order(story.entries(), DIRECTORY).faults]


@pytest.mark.parametrize("recorder", ["tyopaja", "kela-etuudet", "kanta", "nobody"])
def test_a_relation_recorded_by_neither_its_custodian_nor_a_register_for_its_kind_is_found(recorder: str) -> None:
    story = Story(directory=DIRECTORY.digest)
    relation = replace(story.relate(), id=new_id(), recorded_by=recorder)
    story.tell(story.teller(Actor(recorder, f"{recorder}-system", "w1")).relation("relation.recorded", relation))
    what = "a relation is recorded by one who is neither its custodian nor a register that may record it"
    assert _found_by_the_directory(story) == [what]
    # Without a directory nobody is accused, and that it was not checked is said.
    findings = check_order(story.entries())
    assert findings.faults == []
    assert "who may capture, lift and record: the directory of that day is not at hand" in findings.unchecked


def test_a_permit_that_its_register_recorded_is_sound() -> None:
    story = Story(directory=DIRECTORY.digest)
    permit = replace(story.relate("disclosure-permit"), id=new_id(), recorded_by="kanta")
    story.tell(story.teller(Actor(None, "kanta-system")).relation("relation.recorded", permit))
    assert _found_by_the_directory(story) == []


@pytest.mark.parametrize(
    "service, confirmed_from_the_start",
    [("kela-etuudet", False), ("nobody", False), ("tyopaja", True), ("sosiaalityo", True)],
)
def test_what_another_service_of_the_recipients_organisation_captured_is_not_confirmed(
    service: str, confirmed_from_the_start: bool
) -> None:
    story = Story(directory=DIRECTORY.digest)
    story.give(by=Actor(service, f"{service}-system", "w1"))
    what = [] if confirmed_from_the_start else ["a grant that its recipient captured is given as confirmed"]
    assert _found_by_the_directory(story) == what


@pytest.mark.parametrize("service, allowed", [("tyopaja", True), ("kela-etuudet", False)])
def test_a_service_lifts_a_representatives_prohibition_unless_its_organisation_is_kept_out(
    service: str, allowed: bool
) -> None:
    story = Story(directory=DIRECTORY.digest)
    never = story.prohibit("kela", by_client=False)
    by = Actor(service, f"{service}-system", "w1")
    story.tell(story.teller(by).prohibition(replace(never, lifted_at=story.at)))
    assert (_found_by_the_directory(story) == []) is allowed


def test_what_a_restored_log_says_once_more_is_not_asked_who_said_it() -> None:
    story = Story()
    never = story.prohibit("kela")
    later = Story(at=story.at, origin=f"{ORIGIN}r1")
    later.acts.clear()
    standing = {"prohibition": never.id, "recipient": "kela", "category": None, "in_person": True}
    carried = {"carried": {"prohibitions": [standing]}}
    later.tell(
        Draft(new_id(), IndexRow("log.start", "na"), {"previous": ORIGIN, "restored": {"lost": []}}),
        Draft(new_id(), IndexRow("log.start", "na"), carried, {"client": CLIENT}, subject_owner=CLIENT),
    )
    again = later.teller(Actor(system="gateway")).prohibition(replace(never, lifted_at=later.at))
    later.tell(replace(again, body={**again.body, "replayed": {"kind": "prohibition.lifted"}}))
    assert check_order([*story.entries(), *later.entries()]).faults == []


def test_where_it_cannot_be_read_who_acted_that_is_said() -> None:
    story = Story()
    story.lift(story.prohibit("kela"))
    closed = [replace(one, a=None, closed={"a": ERASED}) for one in story.entries()]
    findings = check_order(closed)
    assert findings.faults == []
    assert any("prohibition.lifted: who acted" in what for what in findings.unchecked)


def test_what_was_chosen_after_a_mandates_end_stands() -> None:
    story = Story()
    plan, name = story.deposit(), "c" * 32
    story.end_mandate(story.give(giver=Giver(GiverKind.MANDATE, new_reference(name, story.at))))
    anew = story.give(giver=Giver(GiverKind.MANDATE, new_reference(name, story.at + timedelta(seconds=1))))
    story.release(plan, anew)
    assert found(story) == []


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_step_is_found(name: str) -> None:
    forge, what = FORGED[name]
    story = Story()
    forge(story)
    assert what in found(story)


# The same through a real log, with real keys.

BY_TIME = {"after_the_end", "on_an_expired_relation", "back_in_time", "after_the_end_of_the_log"}
"""Forgeries that a log, which takes the time itself and ends itself, cannot be made to write at once."""


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Logged]:
    made = Logged(tmp_path, datetime(2026, 11, 23, tzinfo=UTC))
    yield made
    made.close()


@pytest.mark.parametrize("name", sorted(set(FORGED) - BY_TIME))
def test_a_step_forged_with_the_real_keys_is_found(name: str, logged: Logged) -> None:
    forge, what = FORGED[name]
    story = Story()
    forge(story)
    story.write(logged.log)
    assert what in [fault.what for fault in logged.check().faults]


def test_an_honest_log_is_sound_and_all_of_it_opens(logged: Logged) -> None:
    story = Story()
    honest(story)
    story.write(logged.log)
    findings = logged.check()
    assert findings.faults == []
    assert findings.entries == len(story.entries())
    assert not any(entry.closed for entry in logged.entries())


def test_an_erased_client_is_told_as_unchecked_and_accuses_nobody(logged: Logged) -> None:
    story = Story()
    honest(story)
    story.write(logged.log)
    logged.keys.destroy("subject-year", CLIENT, [2026])
    findings = logged.check()
    assert findings.faults == []
    assert any("disclosure" in what for what in findings.unchecked)
    assert any("consent.given" in what for what in findings.unchecked)
    assert {entry.s for entry in logged.entries() if entry.kind == "disclosure"} == {None}


# Over the years.


def carried_of(story: Story) -> dict[str, object]:
    """Return what a carry-over says of the first grant of the story."""
    given = next(entry for entry in story.entries() if entry.kind == "consent.given")
    assert given.b is not None
    row = given.b["grants"][0]  # type: ignore[index]
    return {"grants": [{**row, "consent": given.b["consent"], "version": 1, "seq": 1}]}


def next_year(story: Story, carried: dict[str, object]) -> Story:
    """Return the next year's log, begun with what is carried over."""
    following = "gw.saattaen.example/audit/2027"
    story.end(following)
    later = Story(at=datetime(2027, 1, 1, tzinfo=UTC), origin=following)
    later.acts.clear()
    later.tell(
        Draft(new_id(), IndexRow("log.start", "na"), {"previous": ORIGIN}),
        Draft(new_id(), IndexRow("log.start", "na"), {"carried": carried}, {"client": CLIENT}, subject_owner=CLIENT),
    )
    return later


def test_a_grant_carried_over_opens_in_the_new_year() -> None:
    story = Story()
    plan, consent = story.deposit(), story.give()
    later = next_year(story, carried_of(story))
    later.release(plan, consent)
    assert check_order([*story.entries(), *later.entries()]).faults == []


def test_what_a_representative_gave_is_carried_over_like_any_other_and_ends_with_its_mandate() -> None:
    story = Story()
    plan, consent = story.deposit(), story.give(giver=GUARDIAN)
    later = next_year(story, carried_of(story))
    later.release(plan, consent)
    assert check_order([*story.entries(), *later.entries()]).faults == []
    later.end_mandate(consent)
    later.release(plan, consent)
    (fault,) = check_order([*story.entries(), *later.entries()]).faults
    assert fault.what == "rests on a grant whose mandate ended before"


def test_without_the_old_log_what_it_carried_over_is_believed_and_that_is_said() -> None:
    story = Story()
    plan, consent = story.deposit(), story.give()
    later = next_year(story, carried_of(story))
    later.release(plan, consent)
    later.withdraw(consent)
    later.release(plan, consent)
    findings = check_order(later.entries())
    assert [fault.what for fault in findings.faults] == ["rests on a consent that was withdrawn before"]
    assert any("is not here; what it carried over is believed" in what for what in findings.unchecked)


def test_without_the_old_log_a_grant_that_was_not_carried_over_opens_nothing() -> None:
    story = Story()
    plan, consent, other = story.deposit(), story.give(), story.give()
    later = next_year(story, carried_of(story))
    later.release(plan, other)
    assert [fault.what for fault in check_order(later.entries()).faults] == [
        "rests on a grant that was not given before"
    ]
    assert consent.version == 1


def test_a_withdrawn_grant_cannot_be_raised_by_carrying_it_over() -> None:
    story = Story()
    story.deposit()
    consent = story.give()
    carried = carried_of(story)
    story.withdraw(consent)
    later = next_year(story, carried)
    faults = check_order([*story.entries(), *later.entries()]).faults
    assert [fault.what for fault in faults] == ["a grant is carried over that did not stand so"]


def test_a_prohibition_that_is_not_carried_over_is_found() -> None:
    story = Story()
    story.give()
    carried = carried_of(story)
    story.prohibit("kela")
    later = next_year(story, carried)
    later.ask()
    faults = check_order([*story.entries(), *later.entries()]).faults
    assert [fault.what for fault in faults] == ["a prohibition that stood is not carried over"]


def test_a_log_that_begins_without_an_end_before_it_is_found() -> None:
    story = Story()
    later = next_year(story, {})
    story.acts.pop()
    whats = [fault.what for fault in check_order([*story.entries(), *later.entries()]).faults]
    assert f"log {ORIGIN} has no end before this one begins" in whats


def test_a_log_that_is_not_here_from_its_beginning_says_so() -> None:
    story = Story()
    plan, consent = story.deposit(), story.give()
    story.release(plan, consent)
    findings = check_order(story.entries()[3:])
    assert findings.faults == []
    assert any("not here from its beginning" in what for what in findings.unchecked)


# With the directory of the day.


def test_the_directory_of_the_day_tells_flows_and_sensitive_sections() -> None:
    directory = load_world().directory
    story = Story(directory=directory.digest)
    plan, consent = story.deposit(), story.give()
    story.release(plan, consent)
    assert check_order(story.entries(), directory).faults == []
    assert not any("directory" in what for what in check_order(story.entries(), directory).unchecked)
    story.release(plan, consent, sections=("goals", "health"))
    story.release(plan, relation=story.relate("statutory"))
    assert [fault.what for fault in check_order(story.entries(), directory).faults] == [
        "a section whose sensitivity was neither ticked nor carried",
        "a basis that the directory does not allow for this category between these services",
    ]


def test_an_entry_that_lacks_a_field_is_a_fault_and_not_an_error() -> None:
    story = Story()
    story.release(story.deposit(), story.give())
    entries = story.entries()
    last = entries[-1]
    assert last.b is not None
    broken = replace(last, b={key: value for key, value in last.b.items() if key != "purpose"})
    assert [fault.what for fault in check_order([*entries[:-1], broken]).faults] == [
        "field purpose of this disclosure is missing or of another type"
    ]


def test_an_erased_section_is_told_by_its_kind() -> None:
    story = Story()
    story.give()
    entries = story.entries()
    erased = replace(entries[-1], s=None, b=None, closed={"s": ERASED, "b": ERASED})
    assert check_order([*entries[:-1], erased]).unchecked == [f"{ORIGIN}: consent.given: erased"]
    assert to_micros(story.at) > 0


# Documents that lie with a custodian outside: their releases alone tell of them.


def test_a_document_outside_is_released_as_it_was_fetched_each_time() -> None:
    story = Story()
    consent = story.give()
    first = story.lie_outside()
    story.release(first, consent)
    story.release(first, consent, action=Action.SEARCH)
    story.release(replace(first, version=2, dated=first.dated + 1), consent)
    assert found(story) == []


def _outside(change: Callable[[Story, Consent, DocumentFacts], object]) -> list[str]:
    """Return what is wrong with a second release of a document outside, after a first honest one."""
    story = Story()
    consent = story.give()
    document = story.lie_outside()
    story.release(document, consent)
    change(story, consent, document)
    return found(story)


OUTSIDE: dict[str, tuple[Callable[[Story, Consent, DocumentFacts], object], str]] = {
    "other labels under the same version": (
        lambda story, consent, document: story.release(replace(document, labels=("health",)), consent),
        "changed without its version",
    ),
    "another date under the same version": (
        lambda story, consent, document: story.release(replace(document, dated=document.dated + 1), consent),
        "changed without its version",
    ),
    "a version left out": (
        lambda story, consent, document: story.release(replace(document, version=3), consent),
        "does not follow",
    ),
    "an older version": (
        lambda story, consent, document: (
            story.release(replace(document, version=2), consent), story.release(document, consent)
        ),
        "does not follow",
    ),
    "a version that no document has": (
        lambda story, consent, document: story.release(replace(document, id=new_id(), version=0), consent),
        "does not follow",
    ),
    "as another client's": (
        lambda story, consent, document: story.release(
            replace(document, client=OTHER), story.give(client=OTHER), client=OTHER
        ),
        "another client's",
    ),
    "as another custodian's": (
        lambda story, consent, document: story.release(replace(document, custodian="sote-keskus"), consent),
        "another client's, custodian's",
    ),
    "by what it was not found with": (
        lambda story, consent, document: story.release(
            replace(document, version=2, labels=("health",)), consent
        ),
        "neither ticked nor carried",
    ),
    "deposited under the same id": (
        lambda story, consent, document: story.deposit(version=2, id=document.id),
        "deposited as another",
    ),
    "without saying that it lies outside": (
        lambda story, consent, document: story.release(replace(document, id=new_id(), source=None), consent),
        "not deposited before",
    ),
}  # fmt: skip


@pytest.mark.parametrize("forged", OUTSIDE)
def test_a_forged_release_of_a_document_outside_is_found(forged: str) -> None:
    change, what = OUTSIDE[forged]
    assert any(what in one for one in _outside(change))


def test_a_deposit_is_not_released_as_a_document_outside() -> None:
    story = Story()
    plan = story.deposit()
    story.release(replace(plan, source="server-1"), story.give())
    assert any("deposited is released as one outside" in one for one in found(story))
