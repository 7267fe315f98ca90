"""The laws of a decision, put to random facts: to both engines, and to an oracle written apart from them."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.server import ServerEngine
from gateway.disclosure.decision import REASONS, Decision, Deny, Permit
from tests.policy.opa_server import running_opa
from tests.properties import oracle
from tests.properties.facts_strategy import FLOWS, NOW, Facts, grants, prohibitions, random_facts, seeds, whole_facts

RANDOM_FACTS = int(os.environ.get("SAATTAEN_RANDOM_FACTS", "1000"))
POLICIES = Path(__file__).parents[2] / "policies"
SCHEMA = Draft7Validator(json.loads((POLICIES / "schemas" / "input.json").read_bytes()))
ENGINE = EmbeddedEngine()

# The gateway finds these without its policy.
BEYOND_POLICY = {"facts-changed", "clock-untrusted", "engine-unavailable", "custodian-unavailable"}

at_length = settings(max_examples=RANDOM_FACTS)
in_short = settings(max_examples=max(100, RANDOM_FACTS // 5))


def judge(facts: object) -> Decision:
    return ENGINE.judge(orjson.dumps(facts))


def as_answer(decision: Decision) -> dict[str, Any]:
    """The decision in the oracle's words."""
    match decision:
        case Deny():
            return {"allow": False, "reasons": list(decision.reasons)}
        case Permit():
            return {
                "allow": True,
                "reasons": [],
                "basis": decision.basis,
                "grants": {(grant.id, grant.consent, grant.version, grant.spend) for grant in decision.grants},
                "relation": decision.relation,
                "sections": set(decision.sections),
                "projection": decision.projection,
                "obligations": set(decision.obligations),
                "good_until": decision.good_until,
            }


def sample(count: int) -> list[Facts]:
    """As many random facts, the same in each run."""
    return [random_facts(Random(seed)) for seed in range(count)]


@pytest.fixture(scope="module")
def opa() -> Iterator[str]:
    with running_opa(POLICIES) as address:
        yield address


@at_length
@given(whole_facts())
def test_the_embedded_engine_and_the_oracle_agree(facts: Facts) -> None:
    assert as_answer(judge(facts)) == oracle.judge(facts)


@pytest.mark.needs_opa
async def test_the_server_and_the_oracle_agree(opa: str) -> None:
    facts = sample(RANDOM_FACTS)
    async with ServerEngine(opa, ENGINE.revision, timeout=30) as server:
        decisions = await server.decide_many(facts)
    assert [as_answer(one) for one in decisions] == [oracle.judge(one) for one in facts]


async def test_a_batch_is_judged_as_one_by_one() -> None:
    facts = sample(120)
    assert await ENGINE.decide_many(facts) == [judge(one) for one in facts]


def test_random_facts_reach_every_reason_and_every_basis() -> None:
    decisions = [judge(facts) for facts in sample(6000)]
    reasons = {reason for one in decisions if isinstance(one, Deny) for reason in one.reasons}
    assert reasons == REASONS - BEYOND_POLICY
    bases = {one.basis for one in decisions if isinstance(one, Permit)}
    assert bases == {
        "consent", "consent-once", "disclosure-permit", "joint-service", "statutory", "processor", "own-data",
    }  # fmt: skip


@in_short
@given(whole_facts())
def test_random_facts_are_of_the_schema(facts: Facts) -> None:
    assert SCHEMA.is_valid(facts)


@at_length
@given(whole_facts())
def test_a_permit_on_consent_rests_on_grants_in_force_that_match_on_every_dimension(facts: Facts) -> None:
    decision = judge(facts)
    if isinstance(decision, Deny) or decision.basis not in {"consent", "consent-once"}:
        return
    document, request = facts["document"], facts["request"]
    by_id = {grant["id"]: grant for grant in facts["grants"]}
    assert decision.grants
    for relied in decision.grants:
        grant = by_id[relied.id]
        assert (grant["custodian"], grant["category"]) == (document["custodian"], request["category"])
        assert (grant["recipient"], grant["purpose"]) == (request["recipient"], request["purpose"])
        assert grant["from"] <= facts["at"] < grant["until"]
        assert grant["confirmed"]
        assert not any(grant[state] for state in ("withdrawn", "spent", "ended"))
        assert relied.spend == grant["single_use"]

    facts["grants"] = [grant for grant in facts["grants"] if grant not in oracle.usable_grants(facts)]
    without = judge(facts)
    assert isinstance(without, Deny) or without.basis not in {"consent", "consent-once"}


@in_short
@given(whole_facts(), seeds.map(lambda draw: prohibitions(draw, "p-more")))
def test_a_prohibition_never_turns_a_refusal_into_a_permit(facts: Facts, more: Facts) -> None:
    before = judge(facts)
    facts["prohibitions"].append(more)
    assert isinstance(before, Permit) or isinstance(judge(facts), Deny)


@in_short
@given(whole_facts(flows=FLOWS), seeds.map(lambda draw: grants(draw, "g-more")))
def test_a_grant_never_turns_a_permit_into_a_refusal(facts: Facts, more: Facts) -> None:
    # In flows where consent comes last, as it does in the directory's own: where it came first, a grant would end the
    # search on itself, and a document that the other basis carries as a whole would then be refused as sensitive.
    before = judge(facts)
    facts["grants"].append(more)
    assert isinstance(before, Deny) or isinstance(judge(facts), Permit)


@in_short
@given(st.integers(NOW + 1, NOW + 10**12), st.integers(0, 10**12))
def test_an_end_is_exclusive_by_one_microsecond(until: int, before: int) -> None:
    facts = permitted()
    facts["grants"][0] |= {"from": until - before - 1, "until": until}
    facts["recipient"] |= {"from": 0, "until": None}
    facts["at"] = until - 1
    decision = judge(facts)
    assert isinstance(decision, Permit)
    assert decision.good_until == until
    facts["at"] = until
    assert as_answer(judge(facts)) == {"allow": False, "reasons": ["expired"]}


@in_short
@given(st.data())
def test_a_fact_that_is_missing_misspelt_or_of_another_type_refuses(data: st.DataObject) -> None:
    facts = permitted()
    path = data.draw(st.sampled_from(PATHS))
    holder = facts
    for step in path[:-1]:
        holder = holder[step]
    last = path[-1]
    match data.draw(st.sampled_from(["missing", "misspelt", "other", "added"])):
        case "missing":
            del holder[last]
        case "misspelt" if isinstance(holder, dict):
            holder[f"{last}s"] = holder.pop(last)
        case "added" if isinstance(holder, dict):
            holder[f"{last}s"] = holder[last]
        case _:
            holder[last] = data.draw(st.sampled_from(OTHERS))
    if SCHEMA.is_valid(facts):
        assert as_answer(judge(facts)) == oracle.judge(facts)
    else:
        assert as_answer(judge(facts)) == {"allow": False, "reasons": ["request-invalid"]}


@given(st.recursive(st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3), st.lists, max_leaves=4))
def test_what_is_no_facts_at_all_refuses(facts: object) -> None:
    assert as_answer(judge(facts)) == {"allow": False, "reasons": ["request-invalid"]}


NUMBERS = [0, 1, -1, 1.5, 1 - 2**53, -(2**53), 2**53, 2**63]
OTHERS: list[Any] = [None, True, False, *NUMBERS, "", "x", [], [None], ["x"], {}, {"x": []}, [[]], "consnt"]


def permitted() -> Facts:
    """Facts that lead to a permit on one standing grant, with a row of each kind."""
    return copy.deepcopy(PERMITTED)


def _paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        yield (*here, step)
        yield from _paths(value[step], (*here, step))


PERMITTED: Facts = {
    "v": 1,
    "at": NOW,
    "request": {
        "action": "read",
        "category": "work-ability-plan",
        "purpose": "employment-support",
        "role": "omavalmentaja",
        "recipient": "kuntakokeilu",
        "basis": None,
        "assurance": "substantial",
    },
    "requester": {
        "system": "kuntakokeilu-system",
        "organisation": "tyollisyysalue",
        "services": ["kuntakokeilu"],
        "suspended": False,
        "claims": {
            "organisation": "tyollisyysalue",
            "service": "kuntakokeilu",
            "role": "omavalmentaja",
            "purpose": "employment-support",
        },
    },
    "recipient": {
        "service": "kuntakokeilu",
        "organisation": "tyollisyysalue",
        "kind": "employment-service",
        "from": NOW - 100,
        "until": NOW + 100,
    },
    "role": {"in": ["employment-service"], "purposes": ["employment-support"]},
    "known": {"category": True, "purpose": True},
    "client": {"known": True, "suspended": False, "non_disclosure": False},
    "document": {
        "id": "d1",
        "version": 1,
        "custodian": "sote-keskus",
        "custodian_kind": "health-centre",
        "category": "work-ability-plan",
        "dated": NOW - 50,
        "labels": ["health"],
        "sections": {"goals": [], "health": ["health"], "mental-health": ["mental-health"]},
        "single_use": False,
    },
    "flow": {"bases": ["joint-service", "consent"], "carries": {"joint-service": ["health"]}, "section": "5 §"},
    "prohibitions": [{"id": "p1", "recipient": "kela", "category": "handover", "own": True}],
    "relations": [
        {
            "id": "r1",
            "kind": "joint-service",
            "custodian": "sote-keskus",
            "recipients": ["kela"],
            "from": NOW - 10,
            "until": NOW + 10,
            "ended": False,
            "section": "381/2023 11 §",
        }
    ],
    "grants": [
        {
            "id": "g1",
            "consent": "c1",
            "version": 1,
            "custodian": "sote-keskus",
            "recipient": "kuntakokeilu",
            "category": "work-ability-plan",
            "purpose": "employment-support",
            "from": NOW - 10,
            "until": NOW + 10,
            "sensitivities": ["health"],
            "single_use": False,
            "document": "d1",
            "dated_from": NOW - 60,
            "dated_until": NOW - 40,
            "withdrawn": False,
            "confirmed": True,
            "spent": False,
            "ended": False,
            "seq": 1,
            "by_client": True,
        }
    ],
    "others": {"predecessor": False, "recipient_elsewhere": False},
    "refused_in_person": False,
    "projection": {"id": "plan-for-employment", "version": 1},
}
PATHS = list(_paths(PERMITTED))


def test_the_example_is_permitted() -> None:
    assert isinstance(judge(permitted()), Permit)
