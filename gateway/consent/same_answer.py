"""Whether a form that comes once more says what it said the first time; else its answer would be lost for the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.consent.capture import end_of_spoken
from gateway.consent.model import Consent, Giver, GrantRow, RefusedRow, Shown


def is_same_answer(
    first: Consent, rows: Sequence[GrantRow], refused: Sequence[RefusedRow], shown: Shown, giver: Giver, at: datetime
) -> bool:
    """Return whether *first*, the version that a form gave, has these rows, refused rows, words and giver.

    The language may be another, and a beginning that has passed counts as "from now on", for whoever sends a form again
    does so later. *at* is the instant of the second.
    """
    if (shown.wording, shown.version) != (first.shown.wording, first.shown.version):
        return False
    if (giver.kind, giver.register_reference) != (first.giver.kind, first.giver.register_reference):
        return False
    if {(row.recipient, row.category) for row in refused} != {(row.recipient, row.category) for row in first.refused}:
        return False
    left = [grant.row for grant in first.grants]
    for row in rows:
        same = next((old for old in left if _is_same(old, row, first, at)), None)
        if same is None:
            return False
        left.remove(same)
    return not left


def _is_same(old: GrantRow, row: GrantRow, first: Consent, at: datetime) -> bool:
    begins_alike = row.valid_from == old.valid_from or (old.valid_from <= first.given_at and row.valid_from <= at)
    # What was spoken, or rests on a mandate, was cut short as it was given.
    cut = old.until in (first.giver.until, end_of_spoken(first.capture, first.given_at))
    ends_alike = row.until == old.until or (cut and row.until > old.until)
    return begins_alike and ends_alike and replace(row, valid_from=old.valid_from, until=old.until) == old
