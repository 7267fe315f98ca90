"""The timeline as a picture: where each shape of it stands, in the units of an SVG. Pure; a template draws it.

A bar of consent is solid, one of law hatched, each told in words below; a look is a dot, with a number where a month
has more than MOST_DOTS. No colour tells anything that shape or word does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.directory.instants import HELSINKI
from gateway.web.review.lanes import MOST_LANES, Lane, within

WIDTH, LEFT, RIGHT, TOP, LANE = 960, 16, 16, 44, 74
MOST_MONTHS, LEAST_MONTHS, MOST_DOTS = 24, 6, 20
_BAR, _DOTS = 34, 62


@dataclass(frozen=True, slots=True)
class Rect:
    """One bar. `open` says that it goes on beyond the picture's end."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    open: bool


@dataclass(frozen=True, slots=True)
class Dot:
    """One look, or *count* of them in a month where they are too many to be told apart."""

    x: float
    y: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Strip:
    """One lane as drawn: its name stands at `y` above its bars."""

    recipient: str
    y: float
    rects: tuple[Rect, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """The beginning of a month; those with a label are named."""

    x: float
    month: date
    labelled: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole picture; `now` is the x of this instant. `left_out` are lanes for which there is no place."""

    width: int
    height: int
    begin: datetime
    end: datetime
    now: float
    ticks: tuple[Tick, ...]
    strips: tuple[Strip, ...]
    left_out: int


def chart_of(lanes: Sequence[Lane], now: datetime) -> Chart:
    """Return the picture of the lanes around *now*: at most MOST_MONTHS months, and at most MOST_LANES lanes."""
    begin, end = _window(lanes, now)
    drawn = within(lanes, begin, end)
    shown = drawn[:MOST_LANES]
    scale = _Scale(begin, end)
    months = _months(begin, end)
    every = 1 if len(months) <= 9 else 2 if len(months) <= 14 else 3
    ticks = tuple(Tick(scale.x(_start(month)), month, place % every == 0) for place, month in enumerate(months))
    strips = tuple(_strip(lane, TOP + LANE * place, scale, end) for place, lane in enumerate(shown))
    return Chart(
        WIDTH, TOP + LANE * max(1, len(shown)) + 12, begin, end, scale.x(now), ticks, strips, len(drawn) - len(shown)
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    begin: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        share = (at - self.begin) / (self.end - self.begin)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, share)), 1)


def _strip(lane: Lane, top: float, scale: _Scale, end: datetime) -> Strip:
    rects: list[Rect] = []
    for kind in ("consent", "law"):
        spans = [
            (scale.x(bar.start), scale.x(min(bar.end or end, end)), bar.end is None or bar.end > end)
            for bar in lane.bars
            if bar.kind == kind
        ]
        # The two kinds have half the height each where both are there, so that neither hides the other.
        both = len({bar.kind for bar in lane.bars}) == 2
        height = 8.0 if both else 16.0
        y = top + _BAR - 8 + (8.0 if both and kind == "law" else 0.0)
        rects += [Rect(kind, x, y, round(max(right - x, 2.0), 1), height, opens) for x, right, opens in _merged(spans)]
    return Strip(lane.recipient, top + 16, tuple(rects), _dots(lane, top, scale))


def _merged(spans: Sequence[tuple[float, float, bool]]) -> list[tuple[float, float, bool]]:
    """Join the spans that touch, so that a gap is seen only where there was one."""
    joined: list[tuple[float, float, bool]] = []
    for left, right, opens in sorted(spans):
        if joined and left <= joined[-1][1] + 0.1:
            before = joined[-1]
            joined[-1] = (before[0], max(before[1], right), before[2] or opens)
        else:
            joined.append((left, right, opens))
    return joined


def _dots(lane: Lane, top: float, scale: _Scale) -> tuple[Dot, ...]:
    of_month: dict[date, list[datetime]] = {}
    for look in lane.looks:
        day = look.at.astimezone(HELSINKI)
        of_month.setdefault(date(day.year, day.month, 1), []).append(look.at)
    dots: list[Dot] = []
    for looks in of_month.values():
        if len(looks) > MOST_DOTS:
            dots.append(Dot(scale.x(looks[len(looks) // 2]), top + _DOTS, len(looks)))
        else:
            dots += [Dot(scale.x(at), top + _DOTS) for at in looks]
    return tuple(dots)


def _window(lanes: Sequence[Lane], now: datetime) -> tuple[datetime, datetime]:
    this = _month(now)
    instants = [bar.start for lane in lanes for bar in lane.bars] + [look.at for lane in lanes for look in lane.looks]
    ends = [bar.end for lane in lanes for bar in lane.bars if bar.end is not None]
    last = min(_month(max([now, *ends])), _plus(this, MOST_MONTHS // 2 - 1))
    first = max(_month(min([now, *instants])), _plus(last, 1 - MOST_MONTHS))
    while _between(first, last) + 1 < LEAST_MONTHS:
        last = _plus(last, 1)
    return _start(first), _start(_plus(last, 1))


def _months(begin: datetime, end: datetime) -> list[date]:
    month, found = _month(begin), []
    while _start(month) < end:
        found.append(month)
        month = _plus(month, 1)
    return found


def _month(at: datetime) -> date:
    return at.astimezone(HELSINKI).date().replace(day=1)


def _plus(month: date, count: int) -> date:
    years, place = divmod(month.year * 12 + month.month - 1 + count, 12)
    return date(years, place + 1, 1)


def _between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _start(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=HELSINKI)
