"""The policy's input: whole, of the schema's shape, and without content or identity."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway.directory.instants import from_micros
from gateway.disclosure.facts import Facts, make_facts
from gateway.disclosure.snapshot import RefusalFacts
from tests.unit.disclosure.snapshots import NOW, Question, directory, question

SCHEMA = Path(__file__).parents[3] / "policies" / "schemas" / "input.json"


def facts_of(asked: Question) -> Facts:
    """The facts of a question."""
    at = from_micros(asked.at)
    return make_facts(asked.request, asked.document.category, asked.document, asked.snapshot, directory(), at)


@given(st.integers(min_value=0, max_value=10**9))
def test_facts_fit_the_schema_that_the_policies_are_checked_by(seed: int) -> None:
    schema = json.loads(SCHEMA.read_text())
    facts = json.loads(json.dumps(facts_of(question(seed))))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(facts)] == []


def test_a_question_about_nothing_has_every_key_too() -> None:
    asked = question(1)
    nothing = make_facts(
        asked.request,
        asked.document.category,
        None,
        replace(asked.snapshot, documents=()),
        directory(),
        from_micros(NOW),
    )
    assert set(nothing) == set(facts_of(asked))
    assert (nothing["document"], nothing["flow"]) == (None, None)


def test_who_and_what_nobody_knows_is_null_and_not_left_out() -> None:
    asked = question(1)
    requester = replace(asked.request.requester, service="nowhere")
    strange = replace(asked.request, requester=requester, role="nobody", purpose="nothing")
    facts = make_facts(strange, "no-such-category", None, asked.snapshot, directory(), from_micros(NOW))
    assert (facts["recipient"], facts["role"], facts["projection"]) == (None, None, None)
    assert facts["known"] == {"category": False, "purpose": False}


def test_the_claims_are_the_tokens_and_the_rest_is_the_registers() -> None:
    asked = question(1)
    requester = replace(asked.request.requester, organisation="kela", role="esihenkilo", purpose="care")
    facts = facts_of(replace(asked, request=replace(asked.request, requester=requester)))["requester"]
    assert isinstance(facts, dict)
    assert facts["organisation"] == asked.snapshot.partner.organisation != "kela"
    claims = {"organisation": "kela", "role": "esihenkilo", "purpose": "care", "service": requester.service}
    assert facts["claims"] == claims


def test_person_name_and_client_id_are_no_facts() -> None:
    asked = question(1)
    text = json.dumps(facts_of(asked))
    assert not any(f'"{one}"' in text for one in ("w-1", "Olli", "token-1", "c-1"))


def test_a_section_has_the_sensitivities_of_its_nature_and_those_added() -> None:
    asked = next(one for one in map(question, range(200)) if one.document.category == "work-ability-plan")
    document = replace(asked.document, sections={"health": ("mental-health",), "goals": ()})
    facts = facts_of(replace(asked, document=document))["document"]
    assert isinstance(facts, dict)
    assert facts["sections"] == {"health": ["health", "mental-health"], "goals": []}


def test_only_a_refusal_in_person_of_this_very_row_is_told() -> None:
    asked = question(1)
    recipient, category = asked.request.requester.service, asked.document.category
    for refusal, told in (
        (RefusalFacts(recipient, category, by_client=True), True),
        (RefusalFacts(recipient, category, by_client=False), False),
        (RefusalFacts("elsewhere", category, by_client=True), False),
        (RefusalFacts(recipient, "handover", by_client=True), False),
    ):
        facts = facts_of(replace(asked, snapshot=replace(asked.snapshot, refusals=(refusal,))))
        assert facts["refused_in_person"] is told


def test_a_grant_to_a_predecessor_and_one_to_somebody_else_are_told_apart() -> None:
    asked = next(one for one in map(question, range(200)) if one.request.requester.service == "kuntakokeilu")
    category = asked.document.category

    def others(*named: tuple[str, str]) -> object:
        return facts_of(replace(asked, snapshot=replace(asked.snapshot, named=frozenset(named))))["others"]

    assert others() == {"predecessor": False, "recipient_elsewhere": False}
    assert others(("kuntakokeilu", category)) == {"predecessor": False, "recipient_elsewhere": False}
    assert others(("te-toimisto", category)) == {"predecessor": True, "recipient_elsewhere": True}
    assert others(("kela", category)) == {"predecessor": False, "recipient_elsewhere": True}
    assert others(("kela", "handover")) == {"predecessor": False, "recipient_elsewhere": False}
