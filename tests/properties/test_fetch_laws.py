"""The first judgement of what lies outside: it never stands in the way of what would be released, nor lets more be
fetched than some document would justify, and it opens nothing by itself."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.opa.embedded import EmbeddedEngine
from gateway.demo.world import load_world
from gateway.disclosure.decision import Permit
from gateway.disclosure.held import Place, possible_documents
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.snapshot import (
    UNFETCHED,
    UNMET,
    ClientStanding,
    DocumentFacts,
    Epochs,
    GrantFacts,
    PartnerStanding,
    Snapshot,
)
from tests.properties import oracle
from tests.properties.facts_strategy import NOW, Facts, grants, random_facts, ticks

DIRECTORY = load_world().directory
PLAN = "work-ability-plan"
PLACE = Place("sote-keskus", PLAN)
ENGINE = EmbeddedEngine()


def _grant(row: Facts) -> GrantFacts:
    given_row = {name: value for name, value in row.items() if name not in ("from", "sensitivities")}
    return GrantFacts(**given_row, valid_from=row["from"], sensitivities=tuple(row["sensitivities"]))


def _snapshot(facts: Facts, known: tuple[DocumentFacts, ...]) -> Snapshot:
    return Snapshot(
        Epochs(1, 1, 1), ClientStanding("c", True, False, False), PartnerStanding("s", "o", (), False), known,
        tuple(map(_grant, facts["grants"])), (), (), (), frozenset(),
    )  # fmt: skip


def _question(action: str) -> DisclosureRequest:
    requester = Requester("s", "o", "kuntakokeilu", "r", "p", "substantial", None, None, "t")
    return DisclosureRequest(Action(action), requester, "CarePlan", "r", "p", "request")


def _document(document: DocumentFacts, added: dict[str, list[str]], single_use: bool) -> Facts:
    """A document as the policy sees it."""
    return {
        "id": document.id, "version": document.version, "custodian": document.custodian,
        "custodian_kind": "health-centre", "category": document.category, "dated": document.dated,
        "labels": list(document.labels), "single_use": single_use,
        "sections": {
            name: sorted({*DIRECTORY.nature(PLAN, name), *added.get(name, [])}) for name in document.sections
        },
    }  # fmt: skip


def _possible(facts: Facts, id_: str, action: str | None = None) -> list[DocumentFacts]:
    """What the first judgement is asked, for a document that we know by that id or have never met."""
    known = () if id_ == UNMET else (DocumentFacts(id_, 3, *_PLACE, "CarePlan", NOW - 999, (), {}, "c", "server"),)
    action = action or ("search" if id_ == UNMET else "read")
    return possible_documents(_question(action), _snapshot(facts, known), DIRECTORY, [PLACE], NOW)


_PLACE = (PLACE.custodian, PLACE.category)
_SEEDS = st.integers(0, 2**32)


def _case(seed: int, more: int = 0, *, was_met: bool = False) -> tuple[Facts, dict[str, Any], list[Facts]]:
    """Return random facts about a real document, and about those that it is judged as before it is fetched; with *more*
    grants, each dated, and the document one that *was met* though it is searched for."""
    draw = Random(seed)
    facts = random_facts(draw)
    if was_met:
        facts["request"]["action"] = "search"
    facts["grants"] += [_dated(draw, grants(draw, f"m{at}")) for at in range(more)]
    is_known = was_met or facts["request"]["action"] == "read"
    id_ = "d1" if is_known else UNMET
    sections = [name for name in DIRECTORY.categories[PLAN].sections if draw.random() < 0.6]
    dated = draw.choice([NOW - 51, NOW - 50, NOW - 49, NOW - 1])
    labels = tuple(sorted(ticks(draw))) if draw.random() < 0.4 else ()
    single_use = bool((facts["document"] or {}).get("single_use"))
    real = DocumentFacts(id_ if is_known else "d9", 1, *_PLACE, "CarePlan", dated, labels, dict.fromkeys(sections, ()))
    added = {name: ticks(draw) for name in sections if draw.random() < 0.3}
    possible = [
        facts | {"document": _document(one, {}, single_use)}
        for one in _possible(facts, id_, facts["request"]["action"])
    ]
    return facts, facts | {"document": _document(real, added, single_use)}, possible


def _dated(draw: Random, grant: Facts) -> Facts:
    """The grant, for dates near the document's; often it is over."""
    start = NOW - draw.randint(45, 55)
    end = {"withdrawn": True} if draw.random() < 0.3 else {}
    return grant | end | {"dated_from": start, "dated_until": draw.choice([None, start + draw.randint(1, 5)])}


@settings(max_examples=3000)
@given(_SEEDS)
def test_what_would_be_released_may_be_fetched(seed: int) -> None:
    _, real, possible = _case(seed)
    if oracle.judge(real)["allow"]:
        assert any(oracle.judge(one)["allow"] for one in possible)


@settings(max_examples=1000)
@given(_SEEDS, st.booleans())
def test_what_would_be_released_by_one_of_many_dated_grants_may_be_fetched(seed: int, was_met: bool) -> None:
    _, real, possible = _case(seed, 30, was_met=was_met)
    if oracle.judge(real)["allow"]:
        assert any(oracle.judge(one)["allow"] for one in possible)


@settings(max_examples=1000)
@given(_SEEDS)
def test_with_many_dated_grants_the_dates_that_are_judged_open_what_all_dates_would_and_refuse_alike(
    seed: int,
) -> None:
    facts, _, possible = _case(seed, 30)
    dates = [grant["dated_from"] or max((grant["dated_until"] or 0) - 1, 0) for grant in facts["grants"]
             if (grant["custodian"], grant["category"]) == _PLACE
             and (grant["dated_from"], grant["dated_until"]) != (None, None)]  # fmt: skip
    everything = [
        oracle.judge(facts | {"document": possible[0]["document"] | {"dated": dated}}) for dated in (*dates, NOW)
    ]
    answers = [oracle.judge(one) for one in possible]
    assert any(one["allow"] for one in answers) == any(one["allow"] for one in everything)
    assert answers[0]["reasons"] == everything[0]["reasons"]


@pytest.mark.parametrize("action", ["read", "search"])
def test_how_many_questions_a_search_outside_asks_does_not_grow_with_what_ended(action: str) -> None:
    draw = Random(1)
    ended = [
        grants(draw, f"g{at}")
        | {"custodian": "sote-keskus", "category": PLAN, "recipient": "kuntakokeilu", "purpose": "employment-support"}
        | {"dated_from": NOW - 10 * at, "withdrawn": True, "document": f"d{at}"}
        for at in range(1_000)
    ]
    known = tuple(
        DocumentFacts(f"d{at}", 3, *_PLACE, "CarePlan", NOW - 999, (), {}, "c", "server") for at in range(200)
    )  # fmt: skip
    snapshot = _snapshot({"grants": ended}, known if action == "search" else known[:1])
    possible = possible_documents(_question(action), snapshot, DIRECTORY, [PLACE], NOW)
    assert possible[0].dated == NOW
    assert len(possible) <= 2 * 2**5


@settings(max_examples=300)
@given(_SEEDS)
def test_the_policy_says_of_documents_such_as_could_be_there_what_the_oracle_says(seed: int) -> None:
    for one in _case(seed)[2]:
        assert isinstance(ENGINE.judge(orjson.dumps(one)), Permit) == oracle.judge(one)["allow"]


@settings(max_examples=1000)
@given(_SEEDS)
def test_what_may_not_be_fetched_is_refused_for_a_reason_that_a_real_document_could_have(seed: int) -> None:
    _, _, possible = _case(seed)
    answers = [oracle.judge(one) for one in possible]
    if not any(answer["allow"] for answer in answers):
        # The first is told. A date that no grant speaks of must not be what refuses.
        assert answers[0]["reasons"] != ["document-not-covered"] or len(possible) == 1 or _names_others(possible[0])


def _names_others(facts: Facts) -> bool:
    """Whether some grant is for a document that is not this one, or for dates that no document can have; or whether
    grants of one sort speak of this date and those of another do not.

    That sort (for once, for another recipient, for another purpose) may be none to rely on here, and then it is the
    other's dates that refuse.
    """
    id_, dated = facts["document"]["id"], facts["document"]["dated"]
    here = [grant for grant in facts["grants"] if (grant["custodian"], grant["category"]) == _PLACE]
    speaking = {
        _sort(grant)
        for grant in here
        if (grant["dated_from"] is None or grant["dated_from"] <= dated)
        and (grant["dated_until"] is None or dated < grant["dated_until"])
    }
    return 0 < len(speaking) < len({_sort(grant) for grant in here}) or any(
        grant["document"] not in (None, id_)
        or (None not in (grant["dated_from"], grant["dated_until"]) and grant["dated_from"] >= grant["dated_until"])
        for grant in facts["grants"]
    )


def _sort(grant: Facts) -> tuple[bool, str, str]:
    """What decides whether a grant is one to rely on for a request, its dates and its state left aside."""
    return grant["single_use"], grant["recipient"], grant["purpose"]


@given(_SEEDS)
def test_no_document_is_released_in_the_version_that_the_first_judgement_is_of(seed: int) -> None:
    facts = random_facts(Random(seed))
    for id_ in (UNMET, "d1"):
        possible = _possible(facts, id_)
        assert possible
        assert {one.version for one in possible} == {UNFETCHED}
        assert {one.labels for one in possible} == {()}
        # What was known of it from an earlier fetch is not stated: it may have changed.
        assert NOW - 999 not in {one.dated for one in possible}
