"""What the pages of looking show, before any template: grid, lanes, picture, filter, rows of a preview. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.consent.model import (
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    ConsentState,
    Giver,
    Grant,
    GrantId,
    GrantRow,
    Relation,
    RelationKind,
    Shown,
)
from gateway.consent.view import ClientPicture
from gateway.directory.instants import from_micros, to_micros
from gateway.disclosure.matrix import Cell, Matrix, Seen
from gateway.disclosure.opened import Opened
from gateway.web.review.chart import LEFT, MOST_DOTS, MOST_MONTHS, RIGHT, WIDTH, chart_of
from gateway.web.review.days import end_of, parse_day, start_of
from gateway.web.review.grid import OWN, SEES, SEES_BY_LAW, SEES_NOT, grid_of, is_partly, sign_of
from gateway.web.review.lanes import CONSENT, LAW, MOST_LANES, Bar, Lane, Look, lanes_of, within
from gateway.web.review.log_filter import read_filter
from gateway.web.review.log_rows import origin_and_index, place_of
from gateway.web.review.preview_rows import rows_for
from tests.laws.gateway_world import PLAN, demo_world

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
DAY = timedelta(days=1)
SHOWN = Shown("text", 1, "fi", "plain", "0" * 64)


def grant(
    recipient: str = "kuntakokeilu", *, start: datetime = NOW - 30 * DAY, end: datetime = NOW + 60 * DAY
) -> Grant:
    row = GrantRow("sote-keskus", recipient, PLAN, "employment-support", start, end)
    return Grant(GrantId("g-" + recipient), row, single_use=False, confirmed=True)


def consent(*grants: Grant, given: datetime = NOW - 30 * DAY, withdrawn: datetime | None = None) -> Consent:
    state = ConsentState.GIVEN if withdrawn is None else ConsentState.WITHDRAWN
    return Consent(
        ConsentId("c-1"), 1, ClientId("client"), Giver(), Capture(CaptureMethod.SELF_SERVICE), SHOWN, grants, (), state,
        given, withdrawn,
    )  # fmt: skip


def picture(*consents: Consent, relations: tuple[Relation, ...] = ()) -> ClientPicture:
    return ClientPicture(ClientId("client"), consents, (), (), (), relations, ())


def seen(*, permitted: bool, basis: str | None = None, document: str | None = "d-1", **more: object) -> Seen:
    row = Seen("kuntakokeilu", PLAN, "sote-keskus", document, 0, "employment-support", (), permitted, basis)
    return replace(row, **more)  # type: ignore[arg-type]


def cell(*rows: Seen) -> Cell:
    return Cell("kuntakokeilu", PLAN, rows)


def look_at(index: int, at: datetime, recipient: str = "kuntakokeilu", outcome: str = "permit") -> Opened:
    body = {"recipient": recipient, "documents": [{"id": f"d-{index}", "category": PLAN}]}
    return Opened("gw/audit/2026", index, f"e-{index}", to_micros(at), "disclosure", outcome, {}, None, body)


# The grid.


@pytest.mark.parametrize(
    "rows, sign",
    [
        ([seen(permitted=True, basis="consent")], SEES),
        ([seen(permitted=True, basis="consent-once")], SEES),
        ([seen(permitted=True, basis="joint-service")], SEES_BY_LAW),
        ([seen(permitted=False, reason="withdrawn")], SEES_NOT),
        ([seen(permitted=True, holder=True)], OWN),
        ([seen(permitted=True, holder=True), seen(permitted=False, reason="no-consent", document="d-2")], SEES_NOT),
    ],
)
def test_sign_of_a_cell_tells_permission_law_own_document_and_nothing(rows: list[Seen], sign: str) -> None:
    assert sign_of(cell(*rows)) == sign


def test_where_nothing_could_be_seen_nothing_is_seen() -> None:
    assert sign_of(None) == SEES_NOT


def test_purpose_that_is_refused_does_not_make_a_cell_partial() -> None:
    whole = seen(permitted=True, basis="consent", released=("goals",))
    assert not is_partly(cell(whole, seen(permitted=False, reason="purpose-not-covered")))
    assert is_partly(cell(replace(whole, withheld=("health",))))
    assert is_partly(cell(whole, seen(permitted=False, reason="document-not-covered", document="d-2")))


def test_recipients_that_see_something_come_first() -> None:
    there = {
        ("kela", PLAN): replace(cell(seen(permitted=False, reason="withdrawn")), recipient="kela"),
        ("kuntakokeilu", PLAN): cell(seen(permitted=True, basis="consent")),
    }
    matrix = Matrix("client", NOW, ("kela", "kuntakokeilu"), (PLAN,), there, "p", "d")
    assert [row.recipient for row in grid_of(matrix)] == ["kuntakokeilu", "kela"]


# The lanes.


def test_bar_of_a_withdrawn_consent_ends_at_the_withdrawal() -> None:
    (lane,) = lanes_of(picture(consent(grant(), withdrawn=NOW - 5 * DAY)), [], [])
    assert [(bar.kind, bar.end) for bar in lane.bars] == [(CONSENT, NOW - 5 * DAY)]


def test_unconfirmed_grant_has_no_bar_and_a_grant_not_begun_none_before_its_beginning() -> None:
    assert lanes_of(picture(consent(replace(grant(), confirmed=False))), [], []) == ()
    (lane,) = lanes_of(picture(consent(grant(start=NOW + DAY))), [], [])
    assert lane.bars[0].start == NOW + DAY


def test_earlier_version_of_a_consent_keeps_its_bar_up_to_the_change() -> None:
    def version(kind: str, at: datetime, end: datetime) -> Opened:
        row = {"recipient": "kuntakokeilu", "category": PLAN, "confirmed": True,
               "from": to_micros(NOW - 90 * DAY), "until": to_micros(end)}  # fmt: skip
        body = {"consent": "c-1", "grants": [row]}
        return Opened("gw/audit/2026", 0, "e", to_micros(at), kind, "na", {}, None, body)

    first, second = NOW - 60 * DAY, NOW - 30 * DAY
    context = [version("consent.changed", second, NOW + DAY), version("consent.given", first, NOW - 40 * DAY)]
    (lane,) = lanes_of(picture(consent(grant(), given=second)), context, [])
    assert [(bar.start, bar.end) for bar in lane.bars] == [
        (first, NOW - 40 * DAY), (second, NOW + 60 * DAY),
    ]  # fmt: skip


def test_relation_is_a_bar_of_law_for_each_of_its_recipients() -> None:
    relation = Relation(
        "r-1", ClientId("client"), RelationKind.JOINT_SERVICE, "sote-keskus", ("kuntakokeilu", "kela"), NOW - DAY, None,
        None, None, "sote-keskus",
    )  # fmt: skip
    lanes = lanes_of(picture(relations=(relation,)), [], [])
    assert {(lane.recipient, lane.bars[0].kind, lane.bars[0].end) for lane in lanes} == {
        ("kuntakokeilu", LAW, None), ("kela", LAW, None),
    }  # fmt: skip


def test_what_was_refused_is_no_look() -> None:
    assert lanes_of(picture(), [], [look_at(1, NOW, outcome="deny")]) == ()
    assert len(lanes_of(picture(), [], [look_at(2, NOW), look_at(1, NOW - DAY)])[0].looks) == 2


def test_lane_outside_the_window_is_left_out() -> None:
    lanes = lanes_of(picture(), [], [look_at(1, NOW - 900 * DAY)])
    assert within(lanes, NOW - DAY, NOW) == ()


# The picture.


def bar(start: datetime, end: datetime | None, kind: str = CONSENT) -> Bar:
    return Bar(kind, start, end, PLAN, "c-1")


def test_picture_has_at_most_twelve_lanes_and_says_how_many_it_left_out() -> None:
    lanes = [Lane(f"s-{at}", (bar(NOW - DAY, NOW + DAY),), ()) for at in range(MOST_LANES + 3)]
    chart = chart_of(lanes, NOW)
    assert (len(chart.strips), chart.left_out) == (MOST_LANES, 3)


def test_picture_spans_at_most_two_years_and_holds_this_instant() -> None:
    lanes = [Lane("s", (bar(NOW - 2000 * DAY, NOW + 2000 * DAY),), ())]
    chart = chart_of(lanes, NOW)
    assert len(chart.ticks) == MOST_MONTHS and chart.begin <= NOW < chart.end
    (rect,) = chart.strips[0].rects
    assert (rect.x, rect.x + rect.width, rect.open) == (LEFT, WIDTH - RIGHT, True)


def test_every_shape_lies_within_the_picture() -> None:
    looks = tuple(Look(NOW - at * DAY, (PLAN,), "o", at) for at in range(400))
    lane = Lane("s", (bar(NOW - 300 * DAY, None), bar(NOW - 100 * DAY, NOW + DAY, LAW)), looks)
    chart = chart_of([lane], NOW)
    for rect in chart.strips[0].rects:
        assert rect.x >= LEFT and rect.x + rect.width <= WIDTH - RIGHT + 2 and rect.y + rect.height < chart.height
    assert all(LEFT <= dot.x <= WIDTH - RIGHT and dot.y < chart.height for dot in chart.strips[0].dots)


def test_gap_between_two_periods_is_seen_and_touching_periods_are_one_bar() -> None:
    apart = Lane("s", (bar(NOW - 90 * DAY, NOW - 60 * DAY), bar(NOW - 30 * DAY, NOW)), ())
    touching = Lane("s", (bar(NOW - 90 * DAY, NOW - 30 * DAY), bar(NOW - 30 * DAY, NOW)), ())
    assert len(chart_of([apart], NOW).strips[0].rects) == 2
    assert len(chart_of([touching], NOW).strips[0].rects) == 1


def test_law_and_consent_at_once_are_both_drawn_side_by_side() -> None:
    lane = Lane("s", (bar(NOW - 90 * DAY, NOW), bar(NOW - 90 * DAY, None, LAW)), ())
    consented, lawful = chart_of([lane], NOW).strips[0].rects
    assert consented.y + consented.height <= lawful.y


def test_month_with_many_looks_is_one_dot_with_a_number() -> None:
    looks = tuple(Look(NOW - timedelta(minutes=at), (PLAN,), "o", at) for at in range(MOST_DOTS + 1))
    (dot,) = chart_of([Lane("s", (), looks)], NOW).strips[0].dots
    assert dot.count == MOST_DOTS + 1


def test_empty_picture_can_be_drawn() -> None:
    assert chart_of([], NOW).strips == ()


# Forms.


@pytest.mark.parametrize("given", ["2026-05-31", "31.5.2026", " 31.5.2026 "])
def test_day_is_read_as_finns_and_as_browsers_write_it(given: str) -> None:
    day = parse_day(given)
    assert day is not None
    assert from_micros(start_of(day)) == datetime(2026, 5, 30, 21, tzinfo=UTC)
    assert from_micros(end_of(day)) == datetime(2026, 5, 31, 21, tzinfo=UTC)


@pytest.mark.parametrize("given", ["", "31.2.2026", "tomorrow", "2026-13-01", "<script>"])
def test_what_is_no_day_is_none(given: str) -> None:
    assert parse_day(given) is None


def test_filter_asks_for_nothing_that_the_directory_does_not_know() -> None:
    asked = read_filter({"recipient": "nobody", "category": "../x", "sort": "all of it"}, demo_world().directory)
    assert not asked.is_any and asked.kinds and asked.outcome is None


def test_filter_tells_a_day_that_is_none_and_days_the_wrong_way_round() -> None:
    directory = demo_world().directory
    assert [id for id, _ in read_filter({"since": "x", "until": "y"}, directory).faults] == ["since", "until"]
    assert [id for id, _ in read_filter({"since": "2.5.2026", "until": "1.5.2026"}, directory).faults] == ["until"]


def test_address_of_the_next_page_keeps_the_filter() -> None:
    asked = read_filter({"recipient": "kela", "since": "1.5.2026"}, demo_world().directory)
    assert asked.address("1.7") == "/portal/log?recipient=kela&since=1.5.2026&after=1.7"


@pytest.mark.parametrize(
    "place", ["2026", "2026.", "2026.01", "x.1", "2026.1/..", "2026-1.5x", "\N{ARABIC-INDIC DIGIT TWO}026.1"]
)
def test_place_that_was_not_made_here_names_nothing(place: str) -> None:
    assert origin_and_index(place, "gw") is None


def test_place_leads_back_to_its_entry() -> None:
    for origin in ("gw/audit/2026", "gw/audit/2026-2"):
        assert origin_and_index(place_of(origin, 7), "gw") == (origin, 7)


# The rows of a preview.


def test_preview_asks_about_each_custodian_whose_flow_knows_consent_and_no_other() -> None:
    rows = rows_for(demo_world().directory, "kuntakokeilu", PLAN, ["health", "nonsense"], NOW)
    assert {row.custodian for row in rows} == {"sote-keskus", "sosiaalityo"}
    assert {row.sensitivities for row in rows} == {frozenset({"health"})}


def test_no_preview_where_no_consent_could_open_anything() -> None:
    assert rows_for(demo_world().directory, "tyonantaja", PLAN, [], NOW) == ()
    assert rows_for(demo_world().directory, "nobody", PLAN, [], NOW) == ()
