"""Half-open periods: from an instant, until another, exclusive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Period:
    """The time `[start, until)` in which a row of a code list stands; None is open in that direction."""

    start: datetime | None = None
    until: datetime | None = None

    def contains(self, at: datetime) -> bool:
        """Return whether *at* lies in the period; its end does not."""
        return (self.start is None or self.start <= at) and (self.until is None or at < self.until)

    def overlaps(self, other: Period) -> bool:
        """Return whether some instant lies in both."""
        return (self.until is None or other.start is None or other.start < self.until) and (
            other.until is None or self.start is None or self.start < other.until
        )

    @property
    def is_empty(self) -> bool:
        """Whether no instant lies in it."""
        return self.start is not None and self.until is not None and self.until <= self.start


ALWAYS = Period()
