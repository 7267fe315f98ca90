"""Where a client has many grants for a recipient, what is told of them decides just as all of them would."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given

from adapters.opa.decision import MAX_GRANTS
from gateway.consent.bounds import MOST_IN_FORCE
from gateway.disclosure.candidates import FEW, MOST, told, told_prohibitions, told_relations
from gateway.disclosure.decision import Decision, Permit
from gateway.disclosure.facts import grant_facts
from gateway.disclosure.snapshot import DocumentFacts, GrantFacts, ProhibitionFacts, RelationFacts
from tests.properties import oracle
from tests.properties.facts_strategy import (
    NOW,
    SENSITIVITIES,
    Facts,
    grants,
    prohibitions,
    random_facts,
    relations,
    seeds,
)
from tests.properties.test_decision_laws import as_answer, in_short, judge

MANY = 60
PLAIN = {
    "recipient": "kuntakokeilu", "custodian": "sote-keskus", "category": "work-ability-plan", "from": NOW - 9,
    "purpose": "employment-support", "document": None, "dated_from": None, "dated_until": None, "until": NOW + 9,
    "withdrawn": False, "confirmed": True, "spent": False, "ended": False,
}  # fmt: skip
"""A grant in force that matches, as far as it must be said for that."""
DOCUMENT = DocumentFacts(
    "d1", 1, "sote-keskus", "work-ability-plan", "CarePlan", NOW - 50, (), {"goals": ()}
)  # fmt: skip


def _with_many(draw: Random, many: int = MANY, most_in_force: float = 0.5) -> Facts:
    """Facts with many grants, in force or not, given one after the other or together."""
    rows = []
    in_force = draw.choice([0.0, 0.05, most_in_force])
    for number in range(FEW + 1 + draw.randrange(many)):
        row = grants(draw, f"g{number}") | {"seq": draw.randint(1, 30)}
        if draw.random() >= in_force:
            row |= draw.choice(
                [
                    {"withdrawn": True}, {"confirmed": False}, {"spent": True}, {"ended": True}, {"until": NOW},
                    {"from": NOW + 1}, {"withdrawn": True, "confirmed": False},
                ]
            )  # fmt: skip
        rows.append(row)
    return random_facts(draw) | {"grants": rows}


def _with_more_in_force_than_are_given(draw: Random) -> Facts:
    """Facts with more grants that match and are in force than any giving leaves, and some that are not."""
    rows = [
        grants(draw, f"f{number}") | PLAIN | {"seq": draw.randint(1, 30), "until": NOW + draw.randint(1, 200)}
        for number in range(MOST + 1 + draw.randrange(MANY))
    ]
    rows += [grants(draw, f"g{number}") for number in range(MANY)]
    draw.shuffle(rows)
    return random_facts(draw) | {"grants": rows}


def _told(facts: Facts) -> list[Facts]:
    """What is told of the facts' grants."""
    request = facts["request"]
    few = told(_as_rows(facts), request["recipient"], request["purpose"], _document(facts), facts["at"])
    return [grant_facts(row) for row in few]


def _as_rows(facts: Facts) -> list[GrantFacts]:
    rows = [GrantFacts(*grant.values()) for grant in facts["grants"]]
    assert [grant_facts(row) for row in rows] == facts["grants"]
    return rows


def _document(facts: Facts) -> DocumentFacts | None:
    one: Any = facts["document"]
    if one is None:
        return None
    return DocumentFacts(
        one["id"], one["version"], one["custodian"], one["category"], "CarePlan", one["dated"], tuple(one["labels"]),
        {section: tuple(added) for section, added in one["sections"].items()},
    )  # fmt: skip


@in_short
@given(seeds)
def test_what_is_told_of_many_grants_decides_as_all_of_them_would(draw: Random) -> None:
    facts = _with_many(draw)
    decision = judge(facts | {"grants": _told(facts)})
    assert decision == judge(facts)
    assert as_answer(decision) == oracle.judge(facts)


@in_short
@given(seeds)
def test_what_is_told_of_very_many_grants_decides_alike_and_is_not_more_than_one_decision_may_weigh(
    draw: Random,
) -> None:
    facts = _with_many(draw, 10 * MANY, 0.1)
    few = _told(facts)
    assert len(few) <= MAX_GRANTS
    assert as_answer(judge(facts | {"grants": few})) == oracle.judge(facts)


@in_short
@given(seeds)
def test_of_more_in_force_than_are_ever_given_some_are_relied_on_and_all_else_is_decided_alike(draw: Random) -> None:
    facts = _with_more_in_force_than_are_given(draw)
    few = _told(facts)
    assert len(few) <= MAX_GRANTS
    short, whole = judge(facts | {"grants": few}), judge(facts)
    assert _but_for_the_standing(short) == _but_for_the_standing(whole)
    if isinstance(short, Permit) and isinstance(whole, Permit):
        assert set(short.grants) <= set(whole.grants) and bool(short.grants) == bool(whole.grants)


@in_short
@given(seeds)
def test_what_is_told_of_many_relations_and_prohibitions_decides_as_all_of_them_would(draw: Random) -> None:
    facts = random_facts(draw)
    kinds = ["joint-service", "statutory", "disclosure-permit"]
    facts["relations"] = [
        relations(draw, f"r{draw.randrange(10**6)}-{number}", kinds) | draw.choice([{}, {"custodian": "sosiaalityo"}])
        for number in range(draw.choice([0, 1, 10 * MANY]))
    ]
    facts["prohibitions"] = [prohibitions(draw, f"p{number}") for number in range(draw.choice([0, 0, 10 * MANY]))]
    request, section = facts["request"], None if facts["flow"] is None else facts["flow"]["section"]
    running = told_relations(
        [RelationFacts(*(row | {"recipients": tuple(row["recipients"])}).values()) for row in facts["relations"]],
        request["recipient"], _document(facts), section, facts["at"],
    )  # fmt: skip
    category = request["category"] if facts["document"] is None else facts["document"]["category"]
    forbidding = told_prohibitions(
        [ProhibitionFacts(*row.values()) for row in facts["prohibitions"]], request["recipient"], category
    )
    kept = {row.id for row in running}, {row.id for row in forbidding}
    assert all(len(ids) <= FEW for ids in kept)
    few = {
        name: [row for row in facts[name] if row["id"] in ids]
        for name, ids in zip(("relations", "prohibitions"), kept, strict=True)
    }
    assert as_answer(judge(facts | few)) == oracle.judge(facts)


def _but_for_the_standing(decision: Decision) -> Decision:
    """The decision without the standing grants that it names; those that it spends stay."""
    if not isinstance(decision, Permit):
        return decision
    return replace(decision, grants=tuple(grant for grant in decision.grants if grant.spend))


def test_what_ended_is_told_by_its_latest_and_what_is_in_force_whole() -> None:
    plain = grants(Random(1), "g") | PLAIN | {"single_use": True}
    spent = [GrantFacts(*(plain | {"id": f"s{at}", "spent": True, "seq": at}).values()) for at in range(1_000)]
    in_force = [GrantFacts(*(plain | {"id": f"f{at}", "seq": at}).values()) for at in range(30)]
    asked = ("kuntakokeilu", "employment-support", DOCUMENT, NOW)
    assert [row.id for row in told(spent + in_force, *asked)] == ["s999", *(row.id for row in in_force)]
    assert told(spent[:FEW], *asked) == spent[:FEW]


@pytest.mark.parametrize("document", [DOCUMENT, None])
@pytest.mark.parametrize("in_force", [MOST, 3 * MOST])
def test_whatever_kinds_anybody_recorded_one_decision_may_weigh_what_is_told(
    document: DocumentFacts | None, in_force: int
) -> None:
    draw = Random(2)
    kinds: list[dict[str, tuple[Any, ...]]] = [
        {name: (PLAIN[name], f"other-{at}") for name in ("recipient", "category", "custodian", "purpose")}
        | {"document": (None, f"d{at + 1}"), "dated_from": (None, NOW - at), "dated_until": (None, NOW - 40 - at)}
        for at in range(3)
    ]
    states = [
        dict(zip(("withdrawn", "confirmed", "spent", "ended", "from", "until"), state, strict=True))
        for state in product(*[(False, True)] * 4, (NOW - 9, NOW + 1), (NOW - 1, NOW + 9))
    ]
    rows = [
        dict(zip(kind, values, strict=True)) | {"single_use": single_use} | states[draw.randrange(len(states))]
        for kind in kinds for values in product(*kind.values()) for single_use in (False, True)
    ]  # fmt: skip
    rows += [state | {"single_use": single_use} for state in states for single_use in (False, True)]
    usable = {"withdrawn": False, "confirmed": True, "spent": False, "ended": False, "from": NOW - 9, "until": NOW + 9}
    rows = [row for row in rows if row | usable != row] + [usable] * in_force
    recorded = [
        GrantFacts(*(grants(draw, f"g{at}") | PLAIN | row | {"seq": at}).values()) for at, row in enumerate(rows)
    ]
    assert len(recorded) > 3 * MAX_GRANTS
    few = told(recorded, "kuntakokeilu", "employment-support", document, NOW)
    assert len(few) <= MAX_GRANTS


def test_as_many_as_may_be_in_force_are_told_whole_and_leave_room_for_the_rest() -> None:
    assert MOST >= MOST_IN_FORCE
    places, states, sorts = 5, 2**5 - 1, 2
    by_tick = 2 * sorts * (1 + len(SENSITIVITIES))
    assert sorts * (places + states) + max(MOST, by_tick) <= MAX_GRANTS
