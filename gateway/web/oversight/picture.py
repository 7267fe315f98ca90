"""Pictures of a search as numbers: bars over time, counts by outcome and by recipient. Pure; templates draw them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from gateway.directory.instants import HELSINKI, from_micros
from gateway.disclosure.log_survey import Sight

WIDTH: Final = 720
HEIGHT: Final = 160
_FOOT: Final = 24
_HEAD: Final = 16
_MOST_BARS: Final = 62
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: the days it stands for (both included), how many, and where it is drawn."""

    first: date
    last: date
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars over time, oldest first. `step` is how many days one bar stands for."""

    bars: Sequence[Bar]
    step: int
    most: int
    total: int

    @property
    def filled(self) -> Sequence[Bar]:
        """The bars with anything in them, newest first: the rows of the table."""
        return [bar for bar in reversed(self.bars) if bar.count]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of what was counted bear one code, and the width of its bar of a hundred."""

    code: str
    count: int
    width: float


def histogram(sights: Sequence[Sight]) -> Histogram | None:
    """Return the bars of what was seen, None for nothing. A bar stands for a day, or for more where there are many."""
    days = Counter(from_micros(one.t).astimezone(HELSINKI).date() for one in sights)
    if not days:
        return None
    first, last = min(days), max(days)
    step = -(-((last - first).days + 1) // _MOST_BARS)
    number = (last - first).days // step + 1
    counts = [0] * number
    for day, count in days.items():
        counts[(day - first).days // step] += count
    most, pitch = max(counts), WIDTH / max(number, 12)
    room = HEIGHT - _FOOT - _HEAD
    bars = []
    for place, count in enumerate(counts):
        begins, height = first + timedelta(place * step), round(room * count / most, 1)
        ends = min(begins + timedelta(step - 1), last)
        x, y = round(place * pitch, 1), round(_HEAD + room - height, 1)
        bars.append(Bar(begins, ends, count, x, y, round(pitch - _GAP, 1), height))
    return Histogram(bars, step, most, len(sights))


def shares(codes: Sequence[str], most: int = 8) -> Sequence[Share]:
    """Return how often each code stands there, the most frequent first, at most *most* of them."""
    counted = Counter(codes).most_common(most)
    return [Share(code, count, round(100 * count / counted[0][1], 1)) for code, count in counted]


def outcomes(sights: Sequence[Sight]) -> Sequence[Share]:
    """Return the counts by outcome."""
    return shares([one.outcome for one in sights])


def recipients(sights: Sequence[Sight]) -> Sequence[Share]:
    """Return the counts by recipient; an entry with several counts for each."""
    return shares([code for one in sights for code in (one.recipient or "").split()])
