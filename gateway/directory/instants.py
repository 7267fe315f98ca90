"""Instants: aware UTC datetimes here, integer microseconds since the epoch in the database and the policy's input."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")
"""Where a bare date or year begins at midnight."""

YEARS = range(1900, 2201)
"""The years in which whatever is recorded lies: documents, consents, relations and periods of the directory.

The policy counts microseconds in integers that every JSON reader holds exactly, so to the year 2255: one row beyond
would leave it nothing to judge by.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)


def to_micros(at: datetime) -> int:
    """Return *at* as microseconds since the epoch, exactly. Raises ValueError for a naive datetime."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError("an instant needs its offset from UTC")
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the UTC instant *micros* microseconds after the epoch. Raises ValueError outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise ValueError("an instant lies outside the calendar") from None


def parse_instant(text: str) -> datetime:
    """Return the aware UTC instant that *text* says.

    An RFC 3339 date-time must carry its offset; a bare date (`2027-05-31`) or year (`2027`) begins at midnight in
    Helsinki. More than six decimals are refused rather than rounded. Raises ValueError otherwise.
    """
    try:
        if match := _RFC3339.fullmatch(text):
            day, clock, fraction, offset = match.groups()
            if fraction is not None and len(fraction) > 6 and fraction[6:].strip("0"):
                raise ValueError("finer than a microsecond")
            micros = (fraction or "0")[:6].ljust(6, "0")
            zone = "+00:00" if offset in "Zz" else offset
            return datetime.fromisoformat(f"{day}T{clock}.{micros}{zone}").astimezone(UTC)
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(UTC)
        if _YEAR.fullmatch(text):
            return datetime(int(text), 1, 1, tzinfo=HELSINKI).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("not an instant: no such date or time") from None
    raise ValueError("not an instant: give an RFC 3339 date-time with its offset, a date or a year")


def last_day(until: datetime) -> date | None:
    """Return the last full day of a period that ends at midnight in Helsinki; None where it ends at another time."""
    local = until.astimezone(HELSINKI)
    return local.date() - timedelta(days=1) if local.time() == time() else None
