"""The runner says no: a case that expects the wrong thing fails at that step, with what came instead."""

# ruff: noqa: E501  A step of a case is one line here, as in a file.

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.demo.world import load_world
from gateway.rehearsal.fresh import fresh_gateways
from gateway.rehearsal.parsing import parse_cases
from gateway.rehearsal.rehearse import rehearse
from gateway.rehearsal.runner import play
from gateway.rehearsal.stage import MakeGateway

WORLD = load_world()
BEGINNING = """id: one
title: t
source: s
at: '2026-11-22T09:00:00+02:00'
steps:
- deposit: {name: plan, by: sote-keskus, client: suvi, category: work-ability-plan}
- consent:
    name: c
    client: suvi
    grants:
    - {custodian: sote-keskus, recipient: kuntakokeilu, category: work-ability-plan, purpose: employment-support, until: '2027-05-31'}
"""
ASK = "- request: {by: kuntakokeilu, role: omavalmentaja, client: suvi, document: plan, purpose: employment-support, "
SEARCH = "- search: {by: kuntakokeilu, role: omavalmentaja, client: suvi, purpose: employment-support, "
KELA = "- request: {by: kela, role: kuntoutusasiantuntija, client: suvi, document: plan, purpose: rehabilitation-decision, "


@pytest.fixture(scope="module")
def make_gateway() -> MakeGateway:
    return fresh_gateways(WORLD)


@pytest.mark.parametrize(
    "last, says",
    [
        (
            ASK + "expect: {permit: false, reasons: [withdrawn]}}",
            "step 3 (request): expected a refusal [withdrawn], came a permit",
        ),
        (
            ASK + "expect: {permit: true, basis: joint-service}}",
            "step 3 (request): basis: expected joint-service, came consent",
        ),
        (ASK + "expect: {permit: true, present: [health]}}", "step 3 (request): sections: [health] should be there"),
        (ASK + "expect: {permit: true, absent: [goals]}}", "step 3 (request): sections: [goals] should not be there"),
        (KELA + "expect: {permit: true}}", "expected a permit, came a refusal: [recipient-not-named] (404)"),
        (
            KELA + "expect: {permit: false, reasons: [no-consent]}}",
            "reasons: expected [no-consent], came [recipient-not-named]",
        ),
        (SEARCH + "expect: {documents: []}}", "step 3 (search): documents: expected [], came [plan]"),
        (
            "- confirm: {consent: c, by: client, expect: {refused: x}}",
            "step 3 (confirm): expected a refusal x, but it was recorded",
        ),
        (
            "- notified: {service: kuntakokeilu, expect: [{kind: consent.changed}]}",
            "messages: expected [consent.changed], came []",
        ),
        (
            "- see: {by: client, client: suvi, expect: {entries: []}}",
            "step 3 (see): entries: expected 0, came [consent.given",
        ),
        (
            "- see: {by: client, client: suvi, expect: {entries: [{kind: consent.refused}]}}",
            "entry 1: expected kind consent.refused, came consent.given",
        ),
    ],
)
async def test_a_wrong_expectation_fails_its_step(
    make_gateway: MakeGateway, tmp_path: Path, last: str, says: str
) -> None:
    file = tmp_path / "wrong.case.yaml"
    file.write_text(BEGINNING + last + "\n", "utf-8")
    outcome = await play(parse_cases(file, world=WORLD)[0], make_gateway, WORLD)
    assert outcome.failure is not None
    assert says in outcome.failure


def test_a_failed_case_is_told_in_its_line_in_the_table_and_by_the_status(tmp_path: Path) -> None:
    (tmp_path / "right.case.yaml").write_text(BEGINNING + "- verify: {expect: ok}\n", "utf-8")
    (tmp_path / "wrong.case.yaml").write_text(
        BEGINNING.replace("id: one", "id: two") + SEARCH + "expect: {documents: []}}\n", "utf-8"
    )
    said: list[str] = []
    assert rehearse([tmp_path], say=said.append) == 1
    assert said[0].startswith("passed  one: t")
    assert said[1].startswith("FAILED  two: t")
    assert "step 3 (search)" in said[1]
    assert said[-1] == "1 passed, 1 failed"


def test_a_database_is_kept_where_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.case.yaml").write_text(BEGINNING, "utf-8")
    said: list[str] = []
    assert rehearse([tmp_path], database=f"sqlite:///{tmp_path / 'kept.db'}", say=said.append) == 0
    assert (tmp_path / "kept-1.db").exists()
