"""What the officer's pages make of numbers and entries, without any page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.demo.world import load_world
from gateway.directory.instants import to_micros
from gateway.disclosure.log_survey import Sight, Survey
from gateway.disclosure.opened import Opened
from gateway.web.oversight.asked import Asked, Private, read_asked
from gateway.web.oversight.facts import facts_of
from gateway.web.oversight.front import tally
from gateway.web.oversight.picture import HEIGHT, WIDTH, histogram, recipients, shares

DAY = 86_400_000_000
NOON = 1_795_000_000_000_000


def seen(t: int = NOON, kind: str = "disclosure", outcome: str = "permit", recipient: str = "kela") -> Sight:
    return Sight("log", 1, t, kind, outcome, recipient, None, None)


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=60))
def test_bars_hold_everything_and_stay_within_the_picture(days: list[int]) -> None:
    drawn = histogram([seen(NOON + day * DAY) for day in days])
    assert drawn is not None
    assert sum(bar.count for bar in drawn.bars) == len(days) == drawn.total
    assert len(drawn.bars) <= 62
    for bar in drawn.bars:
        assert bar.x >= 0 and bar.x + bar.width <= WIDTH and bar.y >= 0 and bar.y + bar.height <= HEIGHT
        assert (bar.last - bar.first).days < drawn.step and bar.first <= bar.last


def test_nothing_has_no_picture() -> None:
    assert histogram([]) is None
    assert shares([]) == []


def test_a_bar_is_a_day_of_helsinki() -> None:
    drawn = histogram([seen(to_micros(datetime(2026, 11, 18, 22, 30, tzinfo=UTC)))])
    assert drawn is not None and drawn.bars[0].first == date(2026, 11, 19)


def test_an_entry_with_several_recipients_counts_for_each() -> None:
    found = {one.code: one.count for one in recipients([seen(recipient="kela tyopaja"), seen()])}
    assert found == {"kela": 2, "tyopaja": 1}


def test_numbers_of_the_first_page_say_whether_they_are_whole() -> None:
    sights = [seen(), seen(kind="decision", outcome="deny"), seen(kind="consent.withdrawn", outcome="na")]
    told = tally(Survey(sights, ("log", 1)))
    assert (told.released, told.refused, told.withdrawn, told.counted, told.whole) == (1, 1, 1, 3, False)


def test_an_address_holds_what_it_may_and_keeps_its_reference() -> None:
    asked = Asked(recipient="kela", since="2026-05-01", until="2026-05-31")
    address = asked.address("/oversight/search", "ref", outcome="deny")
    assert address == "/oversight/search?recipient=kela&outcome=deny&since=2026-05-01&until=2026-05-31&look=ref"
    assert Asked().address("/oversight/search") == "/oversight/search"


def test_the_last_day_is_included() -> None:
    query = Asked(since="2026-05-31", until="2026-05-31").query(Private("why", person="w"))
    assert query.since is not None and query.until is not None
    assert query.until - query.since == DAY and query.person == "w"


def test_what_is_private_comes_back_as_it_was_kept() -> None:
    kept = Private("why", "c" * 32, named=True, person="w")
    assert Private.from_bytes(kept.to_bytes()) == kept


def test_facts_tell_instants_lists_and_why_a_section_is_closed() -> None:
    entry = Opened(
        "log", 1, "e", 1, "disclosure", "permit", None, {"person": "w", "name": None},
        {"t": NOON, "documents": [{"id": "d", "sections": ["goals", "own-words"]}], "good_until": None},
        {"s": "erased"},
    )  # fmt: skip
    subject, actor, body = facts_of(entry)
    assert subject.closed == "erased" and not subject.rows
    assert list(actor.rows) == [("person", "w")]
    assert dict(body.rows)["documents[1].sections"] == "goals, own-words"
    assert dict(body.rows)["t"].startswith("2026-11-1")


@pytest.mark.parametrize("step", [1, 2])
def test_long_periods_make_broader_bars(step: int) -> None:
    drawn = histogram([seen(), seen(NOON + (62 * step - 1) * DAY)])
    assert drawn is not None and drawn.step == step and len(drawn.bars) == 62
    assert drawn.bars[0].first < date(2027, 1, 1)


def _form(**given: str) -> Callable[[str], str]:
    return lambda name: given.get(name, "")


@pytest.mark.parametrize("since", ["2026-05-01", "1.5.2026"])
def test_a_day_may_be_written_by_hand_or_as_an_address_has_it(since: str) -> None:
    asked, faults = read_asked(_form(since=since, until="31.5.2026"), load_world().directory)
    assert not faults and (asked.since, asked.until) == ("2026-05-01", "2026-05-31")
    assert (asked.since_by_hand, asked.until_by_hand) == ("1.5.2026", "31.5.2026")


@pytest.mark.parametrize("since", ["1.5.", "1.5.2026.1", "31.2.2026", "a.b.c", "2026-5"])
def test_what_is_no_day_is_said_so(since: str) -> None:
    asked, faults = read_asked(_form(since=since), load_world().directory)
    assert [name for name, _ in faults] == ["since"] and asked.since == ""
