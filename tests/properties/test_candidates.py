"""Where a client has many grants for a recipient, what is told of them decides just as all of them would."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given

from gateway.disclosure.candidates import FEW, told
from gateway.disclosure.facts import grant_facts
from gateway.disclosure.snapshot import DocumentFacts, GrantFacts
from tests.properties import oracle
from tests.properties.facts_strategy import NOW, Facts, grants, random_facts, seeds
from tests.properties.test_decision_laws import as_answer, in_short, judge

MANY = 60


def _with_many(draw: Random) -> Facts:
    """Facts with many grants, in force or not, given one after the other or together."""
    rows = []
    in_force = draw.choice([0.0, 0.05, 0.5])
    for number in range(FEW + 1 + draw.randrange(MANY)):
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
    few = told(_as_rows(facts), _document(facts), NOW)
    decision = judge(facts | {"grants": [grant_facts(row) for row in few]})
    assert decision == judge(facts)
    assert as_answer(decision) == oracle.judge(facts)


def test_what_ended_is_told_by_its_latest_and_what_is_in_force_whole() -> None:
    draw = Random(1)
    plain = grants(draw, "g") | {
        "document": None, "dated_from": None, "dated_until": None, "single_use": True, "custodian": "sote-keskus",
        "from": NOW - 9, "until": NOW + 9, "withdrawn": False, "confirmed": True, "spent": False, "ended": False,
    }  # fmt: skip
    spent = [GrantFacts(*(plain | {"id": f"s{at}", "spent": True, "seq": at}).values()) for at in range(1_000)]
    in_force = [GrantFacts(*(plain | {"id": f"f{at}", "seq": at}).values()) for at in range(30)]
    assert [row.id for row in told(spent + in_force, None, NOW)] == ["s999", *(row.id for row in in_force)]
    assert told(spent[:FEW], None, NOW) == spent[:FEW]
