"""How the pages say days, ends and lines of documents in each register."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.demo.world import load_world
from gateway.directory.instants import to_micros
from gateway.directory.names import LANGUAGES
from gateway.web.page import Pages

MIDNIGHT = datetime(2027, 5, 31, 21, tzinfo=UTC)
"""The end of the last of May in Helsinki."""


@pytest.fixture(scope="module")
def pages() -> Pages:
    """The pages of the demo world."""
    return Pages(load_world().directory, demo=True)


def said(pages: Pages, language: str, name: str, value: object) -> str:
    """Return what a filter says."""
    found = pages.filters(language)[name]
    assert callable(found)
    return str(found(value))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_period_that_ends_at_midnight_is_told_by_its_last_day(pages: Pages, language: str) -> None:
    day = "31 May 2027" if language == "en" else "31.5.2027"
    for end in (MIDNIGHT, to_micros(MIDNIGHT)):
        assert said(pages, language, "end", end) == said(pages, language, "last_day", end) == day


def test_an_end_within_a_day_is_told_with_its_time(pages: Pages) -> None:
    end = datetime(2027, 5, 31, 6, tzinfo=UTC)
    assert said(pages, "sv", "end", end) == "31.5.2027 kl.\u00a09.00"
    assert said(pages, "sv", "last_day", end) == "31.5.2027"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("2026-11-27", "27.11.2026"),
        ("2026-11-27T09:00:00+02:00", "27.11.2026 klo\u00a09.00"),
        ("2026-11-27 on sovittu", "2026-11-27 on sovittu"),
        ("2026-02-31", "2026-02-31"),
        ("2026-11-27T09:00 alkaen", "2026-11-27T09:00 alkaen"),
        ("27.11.2026", "27.11.2026"),
    ],
)
def test_a_line_of_a_document_that_is_a_day_is_said_as_one(pages: Pages, line: str, shown: str) -> None:
    assert said(pages, "fi", "written", line) == shown


def test_client_and_worker_speak_of_a_permission_by_one_number(pages: Pages) -> None:
    assert said(pages, "fi", "number_of", "ab12cd34" + "0" * 24) == "AB12-CD34"
