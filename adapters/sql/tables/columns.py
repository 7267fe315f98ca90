"""Columns that many tables have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column


def micros(*, nullable: bool = False, index: bool = False) -> Column[int]:
    """Return a column of instants: integer microseconds since the epoch."""
    return Column(BigInteger, nullable=nullable, index=index)
