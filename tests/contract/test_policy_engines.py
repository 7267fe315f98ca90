"""One suite for both policy engines: every question of the shared cases, and what every engine must do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.probe import verify_engine
from adapters.opa.server import ServerEngine
from adapters.opa.shipped import read_bundle
from gateway.disclosure.decision import Decision, Deny, Permit
from gateway.disclosure.ports import PolicyEngine
from gateway.errors import EngineUnavailable
from tests.policy.case_facts import Player, Question, read_cases
from tests.policy.opa_server import running_opa
from tests.properties.facts_strategy import random_facts


@pytest.fixture(scope="module")
def opa(repository: Path) -> Iterator[str]:
    """The address of an OPA server with our policies."""
    with running_opa(repository / "policies") as address:
        yield address


@pytest.fixture(params=["embedded", pytest.param("server", marks=pytest.mark.needs_opa)])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[PolicyEngine]:
    """Each engine in turn. The server gets more time than in service: the machines of tests are slow."""
    if request.param == "embedded":
        yield EmbeddedEngine()
        return
    async with ServerEngine(request.getfixturevalue("opa"), read_bundle().revision, timeout=10) as server:
        yield server


async def test_each_question_of_the_cases_gets_the_answer_that_the_case_expects(
    engine: PolicyEngine, shared: Callable[[str], Path]
) -> None:
    world, cases = read_cases(shared("cases"))
    asked = 0
    for case in cases:
        player = Player(world, case)
        for step in case["steps"]:
            questions = player.play(step)
            decisions = await engine.decide_many([one.facts for one in questions])
            for question, decision in zip(questions, decisions, strict=True):
                verify_answer(question, decision)
                if isinstance(decision, Permit):
                    player.spend({grant.id for grant in decision.grants if grant.spend})
            asked += len(questions)
    assert asked > 50


def verify_answer(question: Question, decision: Decision) -> None:
    expect = question.expect
    if question.action == "search":
        assert isinstance(decision, Permit) == (question.document in expect["documents"]), question.name
        return
    match decision:
        case Deny():
            assert (False, tuple(expect.get("reasons", ()))) == (expect["permit"], decision.reasons), question.name
        case Permit():
            assert expect["permit"], question.name
            assert decision.basis == expect.get("basis", decision.basis), question.name
            assert set(expect.get("present", ())) <= decision.sections, question.name
            assert not set(expect.get("absent", ())) & decision.sections, question.name
            if "consent" in expect:
                assert expect["consent"] in {grant.consent for grant in decision.grants}, question.name


async def test_an_engine_refuses_what_is_empty(engine: PolicyEngine) -> None:
    await verify_engine(engine)
    assert await engine.decide({}) == Deny(("request-invalid",), engine.revision)
    assert await engine.decide_many([{}, {"v": 1}]) == [Deny(("request-invalid",), engine.revision)] * 2
    assert await engine.decide_many([]) == []


async def test_many_questions_are_answered_each_in_its_place(engine: PolicyEngine) -> None:
    facts = [random_facts(Random(seed)) for seed in range(130)]
    assert await engine.decide_many(facts) == [await engine.decide(one) for one in facts]


async def test_too_many_grants_are_not_judged(engine: PolicyEngine) -> None:
    with pytest.raises(EngineUnavailable):
        await engine.decide({"grants": [{}] * 201})


@pytest.mark.needs_opa
async def test_a_server_of_another_revision_is_not_believed(opa: str) -> None:
    async with ServerEngine(opa, "another", timeout=10) as server:
        with pytest.raises(EngineUnavailable, match="revision"):
            await server.decide({})
