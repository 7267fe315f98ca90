"""A look at one's own data: its facts, and a permit checked as a claim, every field of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jsonschema import Draft7Validator

from adapters.opa.embedded import EmbeddedEngine
from gateway.disclosure.decision import Permit, RelianceGrant
from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind
from gateway.disclosure.own_data import find_own_fault, judge_own, own_facts
from gateway.disclosure.snapshot import ClientStanding, DocumentFacts, Epochs, ProhibitionFacts
from gateway.disclosure.whole import Whole
from tests.properties.test_decision_laws import SCHEMA
from tests.unit.disclosure.snapshots import NOW, directory

PLAN = "work-ability-plan"
REPRESENTATIVE = Looker(LookerKind.REPRESENTATIVE, "rep-1", "Riitta")
OFFICER = Looker(LookerKind.OFFICER, "o-1", "Olli")
DOCUMENT = DocumentFacts(
    "d-1", 0, "sote-keskus", PLAN, "CarePlan", NOW - 10, (), {"goals": (), "health": ("substance-use",)}, "c-1"
)
MINE = Permit("own-data", (), None, frozenset({"goals", "health"}), ("whole", 1), frozenset(), None, "rev")
THEIRS = replace(MINE, sections=frozenset({"goals"}))


def whole(*, prohibitions: tuple[ProhibitionFacts, ...] = (), **standing: bool) -> Whole:
    """What stands about the client."""
    client = ClientStanding(
        **({"id": "c-1", "known": True, "suspended": False, "non_disclosure": False} | standing)  # type: ignore[arg-type]
    )
    return Whole(Epochs(1, 0, 1), client, (), (), prohibitions, (), ())


FORBIDDEN = (ProhibitionFacts("p-1", None, PLAN, by_client=True),)


def fault(permit: Permit, looker: Looker = THE_CLIENT, stands: Whole | None = None) -> str | None:
    return find_own_fault(permit, looker, DOCUMENT, stands or whole(), directory(), "rev")


def test_a_permit_that_says_what_is_so_is_founded() -> None:
    assert fault(MINE) is None
    assert fault(THEIRS, REPRESENTATIVE) is None
    assert fault(MINE, THE_CLIENT, whole(prohibitions=FORBIDDEN, non_disclosure=True)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"policy": "another"},
        {"basis": "consent"},
        {"grants": (RelianceGrant("g-1", "k-1", 1, False),)},
        {"relation": "r-1"},
        {"projection": ("whole", 2)},
        {"projection": ("work-ability-plan-work", 1)},
        {"obligations": frozenset({"spend"})},
        {"good_until": NOW + 100},
        {"sections": frozenset()},
        {"sections": frozenset({"goals", "mental-health"})},
    ],
    ids=lambda one: "-".join(one),
)
def test_a_permit_of_which_any_field_is_another_is_unfounded(changed: dict[str, object]) -> None:
    assert fault(replace(MINE, **changed)) is not None  # type: ignore[arg-type]


def test_a_representatives_permit_for_more_than_is_ticked_is_unfounded() -> None:
    assert fault(MINE, REPRESENTATIVE) is not None
    half = replace(REPRESENTATIVE, ticks=frozenset({"health"}))
    assert fault(MINE, half) is not None
    assert fault(MINE, replace(half, ticks=frozenset({"health", "substance-use"}))) is None


def test_a_representatives_permit_under_a_prohibition_or_a_marking_is_unfounded() -> None:
    assert fault(THEIRS, REPRESENTATIVE, whole(prohibitions=FORBIDDEN)) is not None
    assert fault(THEIRS, REPRESENTATIVE, whole(non_disclosure=True)) is not None
    to_one = (ProhibitionFacts("p-1", "kela", PLAN, by_client=True),)
    assert fault(THEIRS, REPRESENTATIVE, whole(prohibitions=to_one)) is None


def test_nobody_has_a_permit_for_anothers_document_or_while_suspended() -> None:
    assert fault(MINE, THE_CLIENT, whole(suspended=True)) is not None
    assert fault(MINE, THE_CLIENT, whole(known=False)) is not None
    other = replace(DOCUMENT, client="c-2")
    assert find_own_fault(MINE, THE_CLIENT, other, whole(), directory(), "rev") is not None


@pytest.mark.parametrize("looker", [THE_CLIENT, REPRESENTATIVE, OFFICER], ids=lambda one: str(one.kind))
def test_the_facts_are_of_the_schema_and_name_nobody(looker: Looker) -> None:
    facts = own_facts(looker, DOCUMENT, whole(prohibitions=FORBIDDEN), directory(), NOW)
    assert isinstance(SCHEMA, Draft7Validator) and SCHEMA.is_valid(facts)
    assert "c-1" not in str(facts) and "rep-1" not in str(facts)


async def test_the_policy_gives_each_what_is_theirs_and_an_officer_nothing() -> None:
    engine = EmbeddedEngine()

    async def sections(looker: Looker) -> object:
        (answer,) = await judge_own(looker, [DOCUMENT], whole(), directory(), engine, NOW)
        return answer if isinstance(answer, str) else set(answer.sections)

    assert await sections(THE_CLIENT) == {"goals", "health"}
    assert await sections(REPRESENTATIVE) == {"goals"}
    assert await sections(OFFICER) == "basis-not-applicable"
    assert await judge_own(THE_CLIENT, [], whole(), directory(), engine, NOW) == []
