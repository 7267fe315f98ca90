"""Reading cases: every mistake names file, case, step and key, and nothing is played before."""

# ruff: noqa: E501  A step of a case is one line here, as in a file.

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.demo.world import load_world
from gateway.rehearsal.case import Advance, Deposit, GiveConsent, MoveTo, Request, Step
from gateway.rehearsal.parsing import BrokenCases, parse_cases
from gateway.rehearsal.rehearse import rehearse

WORLD = load_world()
HEAD = "id: one\ntitle: t\nsource: s\nat: '2026-11-22T09:00:00+02:00'\nsteps:\n"
PLAN = "- deposit: {name: plan, by: sote-keskus, client: suvi, category: work-ability-plan}\n"
GRANT = "{custodian: sote-keskus, recipient: kuntakokeilu, category: work-ability-plan, purpose: employment-support, until: 2027}"
GIVEN = f"- consent: {{name: c, client: suvi, grants: [{GRANT}]}}\n"
ASK = "by: kuntakokeilu, role: omavalmentaja, client: suvi, document: plan, purpose: employment-support"


def mistakes(folder: Path, steps: str, head: str = HEAD) -> tuple[str, ...]:
    file = folder / "a.case.yaml"
    file.write_text(head + steps, "utf-8")
    with pytest.raises(BrokenCases) as broken:
        parse_cases(file, world=WORLD)
    return broken.value.mistakes


def steps_of(folder: Path, steps: str) -> tuple[Step, ...]:
    (folder / "a.case.yaml").write_text(HEAD + steps, "utf-8")
    return parse_cases(folder, world=WORLD)[0].steps


@pytest.mark.parametrize(
    "steps, says",
    [
        (PLAN.replace("}", ", colour: red}"), "step 1: deposit.colour: is not a key we know here"),
        (PLAN.replace("suvi", "suvii"), "step 1: deposit.client: 'suvii' is no client of the world"),
        (PLAN.replace("sote-keskus", "sote"), "step 1: deposit.by: 'sote' is no service of the world"),
        (PLAN.replace("work-ability-plan", "plan"), "step 1: deposit.category: 'plan' is no category of the directory"),
        (PLAN.replace("}", ", labels: [odd]}"), "step 1: deposit.labels: 'odd' is no sensitivity"),
        (PLAN.replace("}", ", sections: {gaols: [health]}}"), "step 1: deposit.sections.gaols: is no section of"),
        (PLAN + PLAN, "step 2: deposit.name: 'plan' is taken by an earlier step"),
        (PLAN.replace("by: sote-keskus, ", ""), "step 1: deposit.by: is missing"),
        (GIVEN.replace("until: 2027", "until: soon"), "step 1: consent.grants.0.until: not an instant"),
        (GIVEN.replace(", until: 2027", ""), "step 1: consent.grants.0.until: is missing"),
        (GIVEN.replace("name: c", "name: c, capture: sms"), "step 1: consent.capture: 'sms' is no method of capture"),
        (
            GIVEN.replace("name: c", "name: c, giver: {representative: aunt}"),
            "step 1: consent.giver.representative: 'aunt'",
        ),
        ("- confirm: {consent: c, by: client}\n", "step 1: confirm.consent: 'c' is no consent of an earlier step"),
        ("- unprohibit: {name: p}\n", "step 1: unprohibit.name: 'p' is no prohibition of an earlier step"),
        (PLAN + f"- request: {{{ASK}}}\n", "step 2: request.expect: is missing"),
        (PLAN + f"- request: {{{ASK}, expect: {{permit: maybe}}}}\n", "step 2: request.expect.permit: true or false"),
        (
            PLAN + f"- request: {{{ASK}, expect: {{permit: false, basis: consent}}}}\n",
            "step 2: request.expect.basis: is not",
        ),
        (
            PLAN + f"- request: {{{ASK}, expect: {{permit: false, reasons: [x]}}}}\n",
            "step 2: request.expect.reasons: 'x'",
        ),
        (
            PLAN + f"- request: {{{ASK}, system: odd, expect: {{permit: true}}}}\n",
            "step 2: request.system: 'odd' is no partner",
        ),
        ("- withdrew: {consent: c}\n", "step 1: withdrew: is no step that we know"),
        ("- advance: tomorrow\n", "step 1: advance: not an ISO 8601 duration"),
        ("- verify: {expect: ok}\n  at: 2027\n", "step 1: a step is one word with what belongs to it"),
        ("- suspend: {system: a, system: b}\n", "step 1: suspend.system: duplicate key, again on line 6"),
        ("- notified: {expect: []}\n", "step 1: notified: either `client` or `service` is needed"),
    ],
)
def test_a_mistake_names_file_case_step_and_key(tmp_path: Path, steps: str, says: str) -> None:
    found = mistakes(tmp_path, steps)
    assert any(f"case one: {says}" in one and one.startswith("a.case.yaml") for one in found), found


def test_a_refused_consent_cannot_be_spoken_of_later(tmp_path: Path) -> None:
    refused = GIVEN.replace("}\n", ", expect: {refused: period-empty}}\n")
    (found,) = mistakes(tmp_path, refused + "- withdraw: {consent: c}\n")
    assert "'c' is refused by the step that gives it" in found


def test_all_mistakes_are_told_at_once_and_nothing_is_played(tmp_path: Path) -> None:
    (tmp_path / "b.case.yaml").write_text("id: b\ntitle: [\n", "utf-8")
    (tmp_path / "a.case.yaml").write_text(HEAD + "- advance: x\n---\n" + HEAD + "- at: y\n", "utf-8")
    said: list[str] = []
    assert rehearse([tmp_path], say=said.append) == 1
    text = "\n".join(said)
    assert "not YAML" in text
    assert "advance: not an ISO" in text
    assert "at: not an instant" in text
    assert "there is a case of that id in a.case.yaml already" in text
    assert "passed" not in text


def test_a_path_without_cases_is_a_mistake(tmp_path: Path) -> None:
    said: list[str] = []
    assert rehearse([tmp_path], say=said.append) == 1
    assert "no case file is here" in said[0]


def test_codes_may_be_unknown_where_request_invalid_is_expected(tmp_path: Path) -> None:
    ask = f"- request: {{{ASK.replace('employment-support', 'odd')}, expect: {{permit: false, reasons: [request-invalid]}}}}\n"
    give = GIVEN.replace("recipient: kuntakokeilu", "recipient: odd").replace(
        "]}\n", "], expect: {refused: request-invalid}}\n"
    )
    _, asked, _ = steps_of(tmp_path, PLAN + ask + give)
    assert isinstance(asked.act, Request)
    assert asked.act.purpose == "odd"


def test_what_is_left_out_is_as_the_table_says(tmp_path: Path) -> None:
    spoken = GIVEN.replace("name: c", "name: d, capture: verbal")
    deposit, own, heard, asked, moved, advanced = steps_of(
        tmp_path,
        PLAN + GIVEN + spoken + f"- request: {{{ASK}, expect: {{permit: true}}}}\n- at: 2027\n- advance: P1DT1S\n",
    )
    assert isinstance(deposit.act, Deposit)
    assert (deposit.act.labels, deposit.act.dated) == ((), None)
    assert isinstance(own.act, GiveConsent)
    assert (own.act.capture, own.act.by, own.act.grants[0].once) == ("self-service", None, False)
    assert own.act.grants[0].until == datetime(2026, 12, 31, 22, tzinfo=UTC)
    assert isinstance(heard.act, GiveConsent)
    assert heard.act.by == "sote-keskus"
    assert isinstance(asked.act, Request)
    assert (asked.act.system, asked.act.assurance, asked.act.basis) == ("kuntakokeilu-system", "substantial", None)
    assert moved.act == MoveTo(datetime(2026, 12, 31, 22, tzinfo=UTC))
    assert advanced.act == Advance(timedelta(days=1, seconds=1))
    assert [step.number for step in (deposit, own, heard)] == [1, 2, 3]
