"""What a run found: figures by the name of their case, and the marks that they are held against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bench.load import Load

AT = 32
"""The number of connections at which the marks are taken."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that is no load: how long something took, or how often a second it goes."""

    name: str
    tells: str
    value: float
    unit: str
    beside: str = ""
    """What else there is to say of it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a figure was meant to be."""

    tells: str
    value: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is as meant."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(slots=True)
class Results:
    """Loads by case and connections, figures by name, and what failed by case."""

    loads: dict[tuple[str, int], Load] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def times(self, name: str, base: str, connections: int = AT) -> float | None:
        """Return how many times as dear as *base* a case is; None where either was not run."""
        one, other = self.loads.get((name, connections)), self.loads.get((base, connections))
        return None if one is None or other is None else other.rps / one.rps

    def marks(self) -> Iterator[Mark]:
        """Yield the marks whose figures are here."""
        for store, told, limit in (("sqlite", "SQLite", 4.0), ("postgresql", "PostgreSQL", 6.0)):
            for name, whom in ((f"b-{store}", "one client"), (f"b-{store}-many", "many clients")):
                if (times := self.times(name, "a")) is not None:
                    yield Mark(f"(b) on {told}, {whom}, against (a)", times, limit, "times")
                if (load := self.loads.get((name, AT))) is not None:
                    yield Mark(f"    its p99 against its p50 at {AT} connections", load.p99 / load.p50, 3.0, "times")
            if (times := self.times(f"grown-{store}", f"b-{store}-many")) is not None:
                yield Mark(f"growth of (b) on {told}", times, 1.2, "times")
        if (times := self.times("b-postgresql-many", "two")) is not None:
            yield Mark("two processes on two cores against one on one core", times, 1.7, "times", at_least=True)
        for figure in self.figures.values():
            if figure.name == "decide-embedded-1":
                yield Mark(figure.tells, figure.value, 100.0, "us")
            if figure.name.startswith("search-") and figure.name.endswith("-p95"):
                yield Mark(figure.tells, figure.value, 100.0, "ms")


QUOTED = (
    ("HAPI's JPA server", 370.0, 450.0, 3.0),
    ("a bare HAPI RestfulServer over JDBC", 470.0, 1180.0, 1.5),
)
"""A peer at 32 connections: requests/s with each token verified, with verified tokens cached, and how many times that
we mean to serve. Measured elsewhere: not a ratio of this run."""
