"""Laws of when a client is told: never before, never much later, and together with what else waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.notice_choice import MORNING, NoticeChoice, Rhythm, due_at
from gateway.directory.instants import HELSINKI

INSTANTS = st.integers(0, 100 * 366 * 86_400).map(lambda second: datetime.fromtimestamp(second, UTC))
KINDS = st.sampled_from(["disclosure", "consent.requested", "consent.given", "reminder.ends", "consent.offer", "other"])
CHOICES = st.none() | st.builds(NoticeChoice, st.sampled_from(Rhythm))


@given(KINDS, INSTANTS, CHOICES)
def test_a_message_waits_at_most_for_its_rhythm(kind: str, created: datetime, choice: NoticeChoice | None) -> None:
    due = due_at(kind, created, choice)
    if due is None:
        assert choice is not None and choice.rhythm is Rhythm.NEVER
        return
    longest = {Rhythm.DAILY: 1, Rhythm.MONTHLY: 31}.get(choice.rhythm if choice is not None else Rhythm.EACH, 0)
    # A day may have an hour more, where the clocks are set back.
    assert created <= due <= created + timedelta(days=longest, hours=bool(longest))
    if due != created:
        local = due.astimezone(HELSINKI)
        assert (local.hour, local.minute, local.second, local.microsecond) == (MORNING, 0, 0, 0)


@given(INSTANTS, st.sampled_from([Rhythm.DAILY, Rhythm.MONTHLY]), st.timedeltas(timedelta(0), timedelta(days=31)))
def test_what_was_written_while_another_waits_leaves_with_it(
    created: datetime, rhythm: Rhythm, later: timedelta
) -> None:
    choice = NoticeChoice(rhythm)
    due = due_at("disclosure", created, choice)
    assert due is not None
    if created + later < due:
        assert due_at("disclosure", created + later, choice) == due
