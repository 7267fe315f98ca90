"""Instants: exact microseconds, offsets required, bare dates in Helsinki."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.directory.instants import from_micros, parse_instant, to_micros


@given(st.datetimes(timezones=st.timezones()))
def test_microseconds_and_back_is_the_same_instant(at: datetime) -> None:
    assert from_micros(to_micros(at)) == at.astimezone(UTC)


def test_a_naive_datetime_is_no_instant() -> None:
    with pytest.raises(ValueError, match="offset"):
        to_micros(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22T09:00:00+02:00", "2026-11-22T07:00:00+00:00"),
        ("2026-11-22t07:00:00.5z", "2026-11-22T07:00:00.500000+00:00"),
        ("2026-11-22T07:00:00.123456000Z", "2026-11-22T07:00:00.123456+00:00"),
        ("2026-06-01", "2026-05-31T21:00:00+00:00"),
        ("2025-01-01", "2024-12-31T22:00:00+00:00"),
        ("2027", "2026-12-31T22:00:00+00:00"),
    ],
)
def test_an_instant_is_read(text: str, utc: str) -> None:
    assert parse_instant(text) == datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22T09:00:00",
        "2026-11",
        "26-11-22",
        "2026-02-30",
        "2026-11-22T24:00:00Z",
        "2026-11-22T09:00:00+99:00",
        "2026-11-22T09:00:00.1234567Z",
        "2026-W10",
        " 2026",
        "0000",
        "\uff12\uff10\uff12\uff16",
        "0001-01-01T00:00:00+02:00",
        "now",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an instant"):
        parse_instant(text)
