"""What a representative may learn from the pages of looking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.directory.model import Directory
from gateway.disclosure.looking import THE_CLIENT, Looker, LookerKind
from gateway.disclosure.matrix import Cell, Matrix, Seen
from gateway.disclosure.opened import Opened
from gateway.disclosure.representative import may_be_told, seen_cells, seen_entries
from tests.laws.gateway_world import PLAN, demo_world

GUARDIAN = Looker(LookerKind.REPRESENTATIVE, "someone")


@pytest.fixture
def directory() -> Directory:
    return demo_world().directory


def entry(kind: str, subject: dict[str, object] | None = None, **body: object) -> Opened:
    return Opened("gw/audit/2026", 1, "e", 0, kind, "permit", {"client": "c"} | (subject or {}), None, body)


def test_service_whose_name_tells_is_told_to_the_client_and_to_nobody_for_them(directory: Directory) -> None:
    assert may_be_told(THE_CLIENT, PLAN, ("miepa",), directory)
    assert not may_be_told(GUARDIAN, PLAN, ("miepa",), directory)
    assert may_be_told(GUARDIAN, PLAN, ("sote-keskus", "kela"), directory)


def test_client_s_ticks_open_it_to_a_representative(directory: Directory) -> None:
    ticked = replace(GUARDIAN, ticks=frozenset({"mental-health", "substance-use"}))
    assert may_be_told(ticked, PLAN, ("miepa",), directory)


def test_category_all_of_which_is_sensitive_is_not_told_of(directory: Directory) -> None:
    row = directory.categories["self-assessment"]
    nature = {
        **directory.categories,
        "self-assessment": replace(row, sensitive={"score": frozenset({"mental-health"})}),
    }
    changed = replace(directory, categories=nature)
    assert not may_be_told(GUARDIAN, "self-assessment", (), changed)
    assert may_be_told(GUARDIAN, PLAN, (), changed)


@pytest.mark.parametrize(
    "one, told",
    [
        (entry("disclosure", recipient="kela", documents=[{"custodian": "sote-keskus", "category": PLAN}]), True),
        (entry("disclosure", recipient="kela", documents=[{"custodian": "miepa", "category": PLAN}]), False),
        (entry("decision", recipient="miepa", category=PLAN), False),
        (entry("relation.recorded", custodian="sote-keskus", recipients=["kela", "miepa"]), False),
        (entry("consent.given", {"giver": "client"}, grants=[{"recipient": "kela", "category": PLAN}]), False),
        (entry("consent.given", {"giver": "guardian"}, grants=[{"recipient": "kela", "category": PLAN}]), True),
        (entry("consent.given", {"giver": "guardian"}, grants=[{"recipient": "miepa", "category": PLAN}]), False),
        (entry("consent.refused", rows=[{"recipient": "kela", "category": PLAN}], in_person=True), False),
        (entry("concern.raised", concern="x"), False),
        (entry("subject.read"), False),
        (entry("prohibition.given", recipient="kela", category=None), True),
    ],
)
def test_representative_is_told_of_facts_and_not_of_what_the_client_decided(
    one: Opened, told: bool, directory: Directory
) -> None:
    assert list(seen_entries([one], GUARDIAN, directory)) == ([one] if told else [])
    assert list(seen_entries([one], THE_CLIENT, directory)) == [one]


def test_entry_that_does_not_open_is_not_told_to_a_representative(directory: Directory) -> None:
    closed = replace(entry("disclosure"), b=None)
    assert list(seen_entries([closed], GUARDIAN, directory)) == []


def test_matrix_of_a_representative_lacks_what_tells(directory: Directory) -> None:
    row = Seen("kela", PLAN, "miepa", "d", 0, None, (), True)
    cells = {("kela", PLAN): Cell("kela", PLAN, (row,)), ("miepa", PLAN): Cell("miepa", PLAN, (row,))}
    matrix = Matrix("c", datetime(2026, 1, 1, tzinfo=UTC), ("kela", "miepa"), (PLAN,), cells, "p", "d")
    assert seen_cells(matrix, THE_CLIENT, directory) == matrix
    seen = seen_cells(matrix, GUARDIAN, directory)
    assert (seen.recipients, seen.categories, dict(seen.cells)) == (("kela",), (), {})
