"""Instants that may be absent, to and from the database's microseconds."""

from __future__ import annotations

from datetime import datetime

from gateway.directory.instants import from_micros, to_micros


def micros_or_null(at: datetime | None) -> int | None:
    """Return microseconds, or None."""
    return None if at is None else to_micros(at)


def instant_or_none(micros: int | None) -> datetime | None:
    """Return the instant, or None."""
    return None if micros is None else from_micros(micros)
