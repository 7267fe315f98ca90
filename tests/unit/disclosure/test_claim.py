"""A permit is a claim: what the engine says holds, and whatever is changed in it is found before anything acts on
it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.disclosure.claim import is_prohibited, is_refused_in_person
from gateway.disclosure.decision import CONSENT_BASES, OBLIGATIONS, Deny, Permit, RelianceGrant
from gateway.disclosure.request import Action
from gateway.disclosure.snapshot import ProhibitionFacts, RefusalFacts
from tests.unit.disclosure.snapshots import FLOWS, Question, directory, question

BASES = ("consent", "consent-once", "joint-service", "statutory", "processor", "disclosure-permit", "own-data", "")
SEEDS = st.integers(min_value=0, max_value=10**9)


def permitted(seed: int) -> tuple[Question, Permit]:
    """Return the question of *seed* with its permit; Hypothesis looks further where there is none."""
    asked = question(seed)
    decision = asked.decide()
    assume(isinstance(decision, Permit))
    assert isinstance(decision, Permit)
    return asked, decision


def mutations(asked: Question, permit: Permit) -> Iterator[tuple[str, Permit]]:
    """Yield every way in which a permit may claim more, or other, than the facts bear out."""
    yield "another policy", replace(permit, policy="0" * 64)
    yield "no policy", replace(permit, policy="")
    for basis in BASES:
        if basis != permit.basis:
            yield f"basis {basis}", replace(permit, basis=basis)
    name, version = permit.projection
    yield "another projection", replace(permit, projection=("other", version))
    yield "another version of the projection", replace(permit, projection=(name, version + 1))
    yield from _of_obligations(asked, permit)
    yield from _of_sections(asked, permit)
    yield from _of_the_end(permit, asked.at)
    yield from _of_grants(permit)
    if permit.relation is not None:
        yield "no relation", replace(permit, relation=None)
        yield "another relation", replace(permit, relation="r-9")
        yield "a grant beside the relation", replace(permit, grants=(RelianceGrant("g-0", "k-0", 1, False),))
        yield (
            "a grant instead of the relation",
            replace(permit, relation=None, grants=(RelianceGrant("g-0", "k-0", 1, False),)),
        )


def _of_obligations(asked: Question, permit: Permit) -> Iterator[tuple[str, Permit]]:
    yield "an unknown obligation", replace(permit, obligations=permit.obligations | {"tell-nobody"})
    for owed in permit.obligations:
        yield f"without {owed}", replace(permit, obligations=permit.obligations - {owed})
    if "spend" not in permit.obligations:
        yield "with spend", replace(permit, obligations=permit.obligations | {"spend"})


def _of_sections(asked: Question, permit: Permit) -> Iterator[tuple[str, Permit]]:
    yield "no section", replace(permit, sections=frozenset())
    known = directory().categories[asked.document.category].sections
    for section in {*known, "unheard-of"} - permit.sections:
        yield f"also {section}", replace(permit, sections=permit.sections | {section})
        yield f"only {section}", replace(permit, sections=frozenset({section}))


def _of_the_end(permit: Permit, at: int) -> Iterator[tuple[str, Permit]]:
    if permit.good_until is not None:
        yield "good for a microsecond longer", replace(permit, good_until=permit.good_until + 1)
        yield "good for ever", replace(permit, good_until=None)
    yield "ended", replace(permit, good_until=at)


def _of_grants(permit: Permit) -> Iterator[tuple[str, Permit]]:
    grants = permit.grants
    if not grants:
        return
    first = grants[0]
    yield "no grant", replace(permit, grants=())
    yield "a grant twice", replace(permit, grants=(*grants, first))
    yield "a relation instead of the grants", replace(permit, grants=(), relation="r-0")
    yield "a relation beside the grants", replace(permit, relation="r-0")
    for number, grant in enumerate(grants):
        for changed in (
            replace(grant, id="g-9"), replace(grant, consent="k-9"), replace(grant, version=grant.version + 1),
            replace(grant, spend=not grant.spend),
        ):  # fmt: skip
            yield f"grant {changed}", replace(permit, grants=(*grants[:number], changed, *grants[number + 1 :]))
    for other in grants[1:]:
        if (other.consent, other.version) != (first.consent, first.version):
            swapped = replace(first, consent=other.consent, version=other.version)
            yield "consents swapped", replace(permit, grants=(swapped, *grants[1:]))


@given(SEEDS)
def test_what_the_engine_permits_is_founded(seed: int) -> None:
    asked, permit = permitted(seed)
    assert asked.fault(permit) is None


@given(SEEDS)
def test_every_change_of_a_permit_is_found(seed: int) -> None:
    asked, permit = permitted(seed)
    passed = [what for what, changed in mutations(asked, permit) if asked.fault(changed) is None]
    assert passed == []


def test_every_field_of_a_permit_is_changed_by_this_law() -> None:
    changed: set[str] = set()
    for seed in range(400):
        asked = question(seed)
        decision = asked.decide()
        if isinstance(decision, Permit):
            for _, other in mutations(asked, decision):
                changed |= {
                    one.name for one in fields(Permit) if getattr(other, one.name) != getattr(decision, one.name)
                }
    assert changed == {one.name for one in fields(Permit)}


def test_the_questions_of_this_law_reach_every_basis_obligation_and_flow() -> None:
    bases: set[str] = set()
    obligations: set[str] = set()
    flows: set[tuple[str, str]] = set()
    for seed in range(1500):
        asked = question(seed)
        decision = asked.decide()
        if isinstance(decision, Permit):
            bases.add(decision.basis)
            obligations |= decision.obligations
            flows.add(
                ((decision.basis in CONSENT_BASES and "consent") or decision.basis, asked.request.requester.service)
            )
    assert bases == {"consent", "consent-once", "joint-service", "statutory", "processor", "disclosure-permit"}
    assert obligations == OBLIGATIONS
    assert {recipient for _, recipient in flows} == {row[2] for row in FLOWS}


@given(SEEDS)
def test_a_permit_is_found_when_the_facts_that_it_rests_on_are_not_there(seed: int) -> None:
    asked, permit = permitted(seed)
    snapshot = asked.snapshot
    without = replace(asked, snapshot=replace(snapshot, grants=(), relations=()))
    assert without.fault(permit) is not None
    for change in ({"withdrawn": True}, {"confirmed": False}, {"spent": True}, {"ended": True},
                   {"until": asked.at}, {"valid_from": asked.at + 1}, {"recipient": "kela-etuudet"},
                   {"category": "handover"}, {"purpose": "own-use"},
                   {"custodian": "miepa"}, {"document": "d-2"}, {"dated_from": asked.at},
                   {"dated_until": 0}):  # fmt: skip
        grants = tuple(grant._replace(**change) for grant in snapshot.grants)
        if permit.grants:
            assert replace(asked, snapshot=replace(snapshot, grants=grants)).fault(permit) is not None, change
    for change in ({"ended": True}, {"until": asked.at}, {"valid_from": asked.at + 1}, {"kind": "own-data"},
                   {"custodian": "miepa"}, {"recipients": ()}):  # fmt: skip
        relations = tuple(replace(relation, **change) for relation in snapshot.relations)
        if permit.relation is not None:
            assert replace(asked, snapshot=replace(snapshot, relations=relations)).fault(permit) is not None, change


@given(SEEDS)
def test_a_prohibition_unfounds_what_rests_on_consent_or_on_a_disclosure_permit(seed: int) -> None:
    asked, permit = permitted(seed)
    never = ProhibitionFacts("p-9", None, None, by_client=True)
    prohibited = replace(asked, snapshot=replace(asked.snapshot, prohibitions=(never,)))
    if permit.basis in CONSENT_BASES | {"disclosure-permit"}:
        assert prohibited.fault(permit) is not None


@given(SEEDS)
def test_a_refusal_in_person_unfounds_what_a_representative_gave(seed: int) -> None:
    asked, permit = permitted(seed)
    assume(permit.grants)
    no = RefusalFacts(asked.request.requester.service, asked.document.category, by_client=True)
    given_by_another = tuple(grant._replace(by_client=False) for grant in asked.snapshot.grants)
    snapshot = replace(asked.snapshot, grants=given_by_another, refusals=(no,))
    assert replace(asked, snapshot=snapshot).fault(permit) is not None


def test_a_single_use_grant_founds_no_search() -> None:
    spending = 0
    for seed in range(600):
        asked = question(seed)
        decision = asked.decide()
        if isinstance(decision, Permit) and "spend" in decision.obligations:
            spending += 1
            searched = replace(asked, request=replace(asked.request, action=Action.SEARCH))
            assert searched.fault(decision) is not None
    assert spending > 10


@given(SEEDS)
def test_a_permit_of_another_time_is_found(seed: int) -> None:
    asked, permit = permitted(seed)
    assume(permit.good_until is not None)
    assert permit.good_until is not None
    assert replace(asked, at=permit.good_until - 1).fault(permit) is None
    assert replace(asked, at=permit.good_until).fault(permit) is not None


@pytest.mark.parametrize(
    ("prohibition", "covered"),
    [
        ((None, None), True), (("kela", None), True), ((None, "handover"), True), (("kela", "handover"), True),
        (("tyopaja", None), False), ((None, "activation-plan"), False), (("kela", "activation-plan"), False),
        (("tyopaja", "handover"), False),
    ],
)  # fmt: skip
def test_a_prohibition_covers_what_it_names_and_none_means_any(
    prohibition: tuple[str | None, str | None], covered: bool
) -> None:
    snapshot = replace(question(1).snapshot, prohibitions=(ProhibitionFacts("p-1", *prohibition, by_client=True),))
    assert is_prohibited(snapshot, "kela", "handover") is covered


def test_a_refusal_counts_in_person_for_its_own_row_alone() -> None:
    for row, expected in (
        (RefusalFacts("kela", "handover", by_client=True), True),
        (RefusalFacts("kela", "handover", by_client=False), False),
        (RefusalFacts("kela", "activation-plan", by_client=True), False),
        (RefusalFacts("tyopaja", "handover", by_client=True), False),
    ):
        snapshot = replace(question(1).snapshot, refusals=(row,))
        assert is_refused_in_person(snapshot, "kela", "handover") is expected


def test_a_deny_is_never_a_claim() -> None:
    denied = [question(seed).decide() for seed in range(100)]
    assert any(isinstance(one, Deny) for one in denied)
    assert all(one.reasons for one in denied if isinstance(one, Deny))
