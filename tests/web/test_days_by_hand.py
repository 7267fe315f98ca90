"""A day that somebody writes: what a field's hint shows is what its form accepts, in every register."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from gateway.directory.names import LANGUAGES
from gateway.web.desk.draft import end_of, last_day
from gateway.web.language import translations
from gateway.web.oversight.asked import day_of
from gateway.web.portal.choice import read_choice
from gateway.web.review.days import parse_day
from tests.web.catalogues import texts

_NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
_HINT, _DAY = "Day, month and year in numbers, like this: ", re.compile(r"\d+\.\d+\.\d{4}")


class _Written:
    """A form in which a day was written."""

    def __init__(self, day: str) -> None:
        self._day = day

    def text(self, name: str, *, most: int = 300) -> str:
        return {"until": "day", "until_day": self._day}.get(name, "")

    def texts(self, name: str) -> list[str]:
        return []


def _at_desk(written: str) -> date | None:
    end = end_of("day", written, _NOW)
    return None if end is None else last_day(end)


def _on_own_page(written: str) -> date | None:
    return read_choice(_Written(written), (), (), _NOW).last_day


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("room", "read"), [("portal", _on_own_page), ("desk", _at_desk), ("review", parse_day), ("oversight", day_of)]
)
def test_a_day_is_read_as_its_hint_writes_it(room: str, read: Callable[[str], date | None], language: str) -> None:
    hints = [text for text in texts()[room] if text.startswith(_HINT)]
    assert hints
    for hint in hints:
        told = _DAY.findall(translations(language).gettext(hint))
        assert told == _DAY.findall(hint)
        day, month, year = map(int, told[0].split("."))
        assert read(told[0]) == read(f"{year}-{month:02}-{day:02}") == date(year, month, day)


_NO_DAYS = (
    "1.1.99999999999999999999", "99999999999999999999.1.2026", "1.99999999999999999999.2026", "1.1." + "9" * 5000,
    "1.1.-99999999999999999999", "1.1.0", "0.1.2026", "1.1.1", "31.12.9999", "1.1", "1.1.1.1", "9" * 30, "٣.1.2026x",
    "2026-99999999999999999999-1",
)  # fmt: skip


@pytest.mark.parametrize("written", _NO_DAYS, ids=range(len(_NO_DAYS)))
def test_what_no_calendar_has_is_no_day_in_any_room(written: str) -> None:
    assert (_on_own_page(written), _at_desk(written), parse_day(written)) == (None, None, None)
    with pytest.raises(ValueError, match=r"."):
        day_of(written)


def test_every_hint_that_shows_a_day_says_how_it_is_written() -> None:
    shown = {text for said in texts().values() for text in said if _DAY.search(text)}
    assert shown and all(text.startswith((_HINT, "Write the day ")) for text in shown), shown
