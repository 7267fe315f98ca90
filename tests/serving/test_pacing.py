"""Connections that were turned away go on in turn, so many in each."""

from __future__ import annotations

from collections.abc import Callable

from gateway.serving.pacing import Pacing


class Turns:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def later(self, seconds: float, end: Callable[[], None]) -> None:
        self.due.append(end)

    def end(self) -> None:
        due, self.due = self.due, []
        for one in due:
            one()


def test_a_few_go_on_at_once_and_the_others_in_the_order_they_came() -> None:
    turns, went = Turns(), list[int]()
    pacing = Pacing(3, 1.0, turns.later)
    at_once = [pacing.is_at_once(lambda number=number: went.append(number)) for number in range(10)]  # type: ignore[misc]
    assert at_once == [True] * 3 + [False] * 7
    assert (pacing.waiting, went) == (7, [])
    turns.end()
    assert went == [3, 4, 5]
    turns.end()
    turns.end()
    assert went == [3, 4, 5, 6, 7, 8, 9]
    assert pacing.waiting == 0


def test_nobody_goes_before_those_who_wait() -> None:
    turns, went = Turns(), list[str]()
    pacing = Pacing(1, 1.0, turns.later)
    assert pacing.is_at_once(lambda: went.append("first"))
    assert not pacing.is_at_once(lambda: went.append("second"))
    assert not pacing.is_at_once(lambda: went.append("third"))
    turns.end()
    assert not pacing.is_at_once(lambda: went.append("fourth"))
    for _ in range(2):
        turns.end()
    assert went == ["second", "third", "fourth"]


def test_no_time_is_kept_once_nobody_was_turned_away_for_a_turn() -> None:
    turns = Turns()
    pacing = Pacing(2, 1.0, turns.later)
    assert pacing.is_at_once(lambda: None)
    assert len(turns.due) == 1
    turns.end()
    assert len(turns.due) == 1
    turns.end()
    assert not turns.due
    assert pacing.is_at_once(lambda: None)
    assert len(turns.due) == 1


def test_what_costs_more_counts_for_more() -> None:
    turns, went = Turns(), list[str]()
    pacing = Pacing(4, 1.0, turns.later)
    assert pacing.is_at_once(lambda: None, 3)
    assert pacing.is_at_once(lambda: None, 3)
    assert not pacing.is_at_once(lambda: went.append("heavy"), 5)
    assert not pacing.is_at_once(lambda: went.append("light"))
    turns.end()
    assert went == ["heavy"]
    turns.end()
    assert went == ["heavy", "light"]
