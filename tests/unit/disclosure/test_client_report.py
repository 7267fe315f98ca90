"""What goes into a client's report, and that nothing about others goes out undecided."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import IndexRow
from gateway.disclosure.client_report import Choice, Flag, Line, Package, lines_of, matters_of, released
from gateway.disclosure.client_reporting import Report, ReportFile, State, from_bytes, to_bytes
from gateway.disclosure.log_query import Scope
from gateway.disclosure.officer_scope import may_see
from gateway.disclosure.opened import Opened

ME, OTHER = "a" * 32, "b" * 32
ACTOR = {"person": "w-1", "name": "Olli", "role": "omavalmentaja", "system": "kuntakokeilu-system"}


def entry(kind: str = "disclosure", outcome: str = "permit", **body: object) -> Opened:
    told = {
        "recipient": "kuntakokeilu", "category": "plan", "purpose": "employment-support",
        "documents": [{"id": "d", "custodian": "clinic", "basis": "consent"}],
    } | body  # fmt: skip
    return Opened("log/audit/2026", 7, "e", 5, kind, outcome, {"client": ME}, ACTOR, told)


def test_article_15_names_no_worker_and_section_11_does() -> None:
    (access,) = lines_of([entry()], ME, Package.ACCESS)
    assert (access.role, access.person, access.name, access.flags) == ("", "", "", ())
    assert access.recipients == ("kuntakokeilu",) and access.custodians == ("clinic",)
    (use,) = lines_of([entry()], ME, Package.USE)
    assert (use.role, use.person, use.name) == ("omavalmentaja", "w-1", "Olli") and use.flags == (Flag.STAFF,)


@pytest.mark.parametrize(
    "one",
    [
        entry("decision", "deny"), entry("search", documents=[]), entry("search", "deny"), entry("consent.given"),
        entry("mandate.read", "deny"), entry("mandate.read", "error"),
    ],
)  # fmt: skip
def test_what_gave_nothing_to_anybody_is_no_line(one: Opened) -> None:
    assert lines_of([one], ME, Package.ACCESS) == ()


def test_another_client_and_a_representative_are_flagged_in_both_packages() -> None:
    for package in Package:
        (line,) = lines_of([entry(merged=[{"client": OTHER}])], ME, package)
        assert Flag.ANOTHER_CLIENT in line.flags
        (line,) = lines_of([entry("mandate.read", "na")], ME, package)
        assert Flag.REPRESENTATIVE in line.flags
    (line,) = lines_of([entry(merged=[{"client": ME}])], ME, Package.ACCESS)
    assert line.flags == ()


LINES = st.lists(
    st.builds(
        Line, origin=st.just("log/audit/2026"), index=st.integers(0, 10**6), t=st.integers(0, 10**16),
        kind=st.just("disclosure"), recipients=st.sampled_from([("kela",), ("tyopaja",)]),
        custodians=st.just(("clinic",)), categories=st.just(("plan",)), purposes=st.just(("care",)),
        bases=st.just(("consent",)), role=st.just("nurse"), person=st.sampled_from(["w-1", "w-2"]),
        name=st.sampled_from(["Olli", "Maija"]),
        flags=st.sampled_from([(), (Flag.STAFF,), (Flag.STAFF, Flag.ANOTHER_CLIENT), (Flag.REPRESENTATIVE,)]),
    ),
    max_size=12, unique_by=lambda line: line.index,
)  # fmt: skip


@given(LINES, st.data())
def test_what_goes_out_is_what_was_decided(lines: list[Line], data: st.DataObject) -> None:
    matters = matters_of(lines)
    choices = {matter.key: data.draw(st.sampled_from(matter.choices)) for matter in matters}
    out = {line.index: line for line in released(lines, choices)}
    for matter in matters:
        for line in matter.lines:
            match choices[matter.key]:
                case Choice.WITHHOLD:
                    assert line.index not in out
                case Choice.WITHOUT_NAME:
                    assert line.index not in out or out[line.index].person == out[line.index].name == ""
                case Choice.INCLUDE:
                    pass
    assert all(out[line.index] == line for line in lines if not line.flags)
    assert {line.index for line in lines if line.flags} == {line.index for matter in matters for line in matter.lines}


@given(LINES.filter(lambda lines: any(line.flags for line in lines)))
def test_nothing_goes_out_undecided(lines: list[Line]) -> None:
    everything = {matter.key: Choice.INCLUDE for matter in matters_of(lines)}
    missing = dict(list(everything.items())[1:])
    with pytest.raises(KeyError):
        released(lines, missing)


def test_a_line_about_another_person_does_not_go_out_without_a_name_alone() -> None:
    line = Line("log/audit/2026", 1, 1, "mandate.read", (), (), (), (), (), flags=(Flag.REPRESENTATIVE,))
    (matter,) = matters_of([line])
    assert matter.choices == (Choice.INCLUDE, Choice.WITHHOLD)
    with pytest.raises(KeyError):
        released([line], {matter.key: Choice.WITHOUT_NAME})


@given(LINES)
def test_a_report_comes_back_as_it_was_sealed(lines: list[Line]) -> None:
    report = Report(
        "r", "kela", ME, Package.USE, "fi", State.WAITING, "o-1", 1, 0, True, tuple(lines),
        (ReportFile("report.csv", b"a\x00b"),), 2,
    )  # fmt: skip
    assert from_bytes(to_bytes(report)) == report


# Which entries an officer may see at all.

SCOPE = Scope(frozenset({"kela"}), frozenset({"kela-system"}))
MINE, THEIRS = IndexRow("x", "na", recipient="kela"), IndexRow("x", "na", recipient="tyopaja")


@pytest.mark.parametrize(
    "body, seen",
    [
        ({"recipient": "kela"}, True),
        ({"custodian": "kela"}, True),
        ({"recipient": "tyopaja", "documents": [{"custodian": "kela"}]}, True),
        ({"grants": [{"recipient": "tyopaja"}, {"recipient": "kela"}]}, True),
        ({"recipients": ["tyopaja", "kela"]}, True),
        ({"capture": {"service": "kela"}, "grants": []}, True),
        ({"recipient": "kela-etuudet"}, False),
        ({"query": {"recipient": "kela"}, "recipient": "tyopaja"}, False),
    ],
)
def test_an_officer_sees_what_names_their_organisation_as_a_party(body: dict[str, object], seen: bool) -> None:
    one = Opened("log", 1, "e", 1, "x", "na", {}, {}, body)
    # The index is under no signature: it does not outweigh what is signed.
    assert may_see(one, THEIRS if seen else MINE, SCOPE) is seen


def test_the_index_decides_where_the_sections_name_nobody() -> None:
    one = Opened("log", 1, "e", 1, "consent.withdrawn", "na", {}, {}, {"grants": ["g"]})
    assert may_see(one, MINE, SCOPE) and not may_see(one, THEIRS, SCOPE)
    assert may_see(replace(one, a={"system": "kela-system"}), THEIRS, SCOPE)
