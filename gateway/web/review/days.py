"""A day as somebody writes it into a form, and the instants at its ends in Helsinki."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from gateway.directory.instants import HELSINKI, YEARS, to_micros


def parse_day(given: str) -> date | None:
    """Return the day that was written as 2026-05-31 (as a date field sends it) or 31.5.2026; None for anything else."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            day = datetime.strptime(given.strip(), form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        return day if day.year in YEARS else None
    return None


def start_of(day: date) -> int:
    """Return the first instant of a day, in microseconds."""
    return to_micros(datetime.combine(day, time(), HELSINKI))


def end_of(day: date) -> int:
    """Return the first instant after a day, in microseconds."""
    return start_of(day + timedelta(days=1))


def day_of(at: datetime) -> date:
    """Return the day that an instant is on."""
    return at.astimezone(HELSINKI).date()
