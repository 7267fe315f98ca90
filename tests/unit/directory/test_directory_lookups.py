"""The directory's look-ups in the demo world, and on dated rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.demo.world import load_world
from gateway.directory.instants import parse_instant
from gateway.directory.layout import CodedItems, ContainedItems, ItemsWithin, WholeElement
from gateway.directory.model import Directory, LocalizedName
from gateway.directory.period import Period

NOW = parse_instant("2026-11-22T09:00:00+02:00")
END = parse_instant("2025-01-01")


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load_world().directory


def test_a_service_ends_at_midnight_in_helsinki_and_the_end_is_exclusive(directory: Directory) -> None:
    assert directory.in_force("te-toimisto", parse_instant("2024-12-31T23:59:59.999999+02:00"))
    assert not directory.in_force("te-toimisto", parse_instant("2025-01-01T00:00:00+02:00"))
    assert not directory.in_force("kuntakokeilu", parse_instant("2021-02-28T12:00:00Z"))
    assert not directory.in_force("nobody", NOW)


def test_a_service_does_not_outlive_its_organisation(directory: Directory) -> None:
    kela = replace(directory.organisations["kela"], period=Period(None, END))
    shortened = replace(directory, organisations={**directory.organisations, "kela": kela})
    assert directory.in_force("kela-etuudet", NOW)
    assert not shortened.in_force("kela-etuudet", NOW)


def test_successions_are_told_both_ways_and_only_once_they_have_happened(directory: Directory) -> None:
    heir = directory.successor("te-toimisto")
    assert heir is not None
    assert heir.code == "kuntakokeilu"
    assert [service.code for service in directory.predecessors("kuntakokeilu", END)] == ["te-toimisto"]
    assert directory.predecessors("kuntakokeilu", parse_instant("2024-06-01")) == ()
    assert directory.successor("kela") is None


def test_predecessors_reach_back_over_several_successions(directory: Directory) -> None:
    again = replace(directory.services["kuntakokeilu"], succeeded_by="kela", period=Period(None, NOW))
    longer = replace(directory, services={**directory.services, "kuntakokeilu": again})
    assert {service.code for service in longer.predecessors("kela")} == {"te-toimisto", "kuntakokeilu"}


def test_a_flow_is_found_by_category_and_kinds(directory: Directory) -> None:
    flow = directory.flow("health-check-feedback", "health-check", "health-centre", NOW)
    assert flow is not None
    assert flow.bases == ("disclosure-permit", "consent")
    assert flow.carries["disclosure-permit"] == {"health", "mental-health"}
    assert directory.flow("health-check-feedback", "health-check", "employer", NOW) is None
    assert directory.flow("gossip", "health-check", "employer", NOW) is None


def test_a_dated_flow_stands_in_its_period_alone(directory: Directory) -> None:
    old, new = (replace(directory.flows[0], period=p) for p in (Period(None, END), Period(END, None)))
    dated = replace(directory, flows=(replace(old, bases=("statutory",)), new))
    key = ("work-ability-plan", "social-care", "employment-service")
    before, after = dated.flow(*key, parse_instant("2024-12-31")), dated.flow(*key, END)
    assert before is not None
    assert after is not None
    assert (before.bases, after.bases) == (("statutory",), ("joint-service", "consent"))
    assert dated.flow(*key) == after
    ended = replace(directory, flows=(old,))
    assert ended.flow(*key) is None


def test_capture_rules_fall_back_to_the_default_and_the_own_page_is_always_open(directory: Directory) -> None:
    assert directory.captures("employer") == frozenset()
    assert "verbal" in directory.captures("health-centre")
    assert directory.capture_methods("elakelaitos") == {"self-service", "own-phone", "paper-scan", "partner-import"}
    assert directory.capture_methods("tyonantaja") == {"self-service"}
    assert directory.capture_methods("nobody") == frozenset()


def test_sections_have_their_nature(directory: Directory) -> None:
    assert directory.nature("work-ability-plan", "substance-use") == {"substance-use"}
    assert directory.nature("work-ability-plan", "goals") == frozenset()
    assert directory.nature("gossip", "goals") == frozenset()


def test_every_flow_has_its_projection_and_work_gets_less_than_health(directory: Directory) -> None:
    for flow in directory.flows:
        for kind in flow.recipients:
            assert directory.projection(flow.category, kind, NOW) is not None
    health = directory.projection("work-ability-plan", "health-centre", NOW)
    work = directory.projection("work-ability-plan", "employment-service", NOW)
    assert health is not None
    assert work is not None
    assert "activity.detail.reasonCode" in set(health.fields) - set(work.fields)


def test_layouts_name_where_sections_lie(directory: Directory) -> None:
    plan, referral = directory.layouts["work-ability-plan"], directory.layouts["referral-summary"]
    assert plan.sections["goals"] == (ContainedItems("goal", "Goal", "category"),)
    assert plan.sections["responsibilities"] == (ContainedItems("careTeam", "CareTeam"),)
    assert plan.sections["health"] == (CodedItems("activity", "detail.code"),)
    assert referral.sections["why-now"] == (WholeElement("reasonCode"),)
    assert referral.sections["contact"] == (ItemsWithin("Task", "input", "type"),)
    assert directory.layouts["handover"].subject == "for"


def test_a_register_records_its_own_kinds_alone(directory: Directory) -> None:
    assert directory.may_record("kanta", "disclosure-permit", NOW)
    assert not directory.may_record("kanta", "statutory", NOW)
    assert not directory.may_record("kela", "disclosure-permit", NOW)


def test_names_speak_four_registers(directory: Directory) -> None:
    name = LocalizedName("a", "b", "c", easy="d")
    assert [name.text(code) for code in ("fi", "sv", "en", "fi-x-selko")] == ["a", "b", "c", "d"]
    assert (name.text("fi", "easy"), name.text("sv", "easy")) == ("d", "b")
    assert replace(name, easy=None).text("fi-x-selko") == "a"
    assert directory.name("told_as", "by law") is not None
    assert directory.name("purpose", "profit") is None


def test_the_law_tells_its_bases(directory: Directory) -> None:
    law = directory.law("consent", NOW)
    assert law is not None
    assert law.told_as == "permission"
    assert directory.law("whim", NOW) is None
    role = directory.role("omavalmentaja", NOW)
    assert role is not None
    assert role.kinds == {"employment-service"}
    assert directory.category("handover", NOW) == directory.category("handover")
