"""What a rehearsal's `see` compares of a client's log."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.disclosure.opened import Opened
from gateway.disclosure.section_fields import optional_text, rows

REHEARSED = (
    "decision", "disclosure", "consent.given", "consent.changed", "consent.withdrawn", "consent.refused"
)  # fmt: skip
"""The kinds of entry that a rehearsal's `see` lists."""


def rehearsal_rows(entries: Iterable[Opened]) -> list[dict[str, str | None]]:
    """Return what a rehearsal's `see` compares, `{kind, by, outcome, basis}`, in the order of the entries given."""
    found: list[dict[str, str | None]] = []
    for entry in entries:
        if entry.kind not in REHEARSED or entry.b is None:
            continue
        released = rows(entry.b, "documents")
        is_request = entry.kind in ("decision", "disclosure")
        found.append({
            "kind": entry.kind,
            "by": optional_text(entry.b, "recipient" if is_request else "by"),
            "outcome": entry.outcome,
            "basis": optional_text(released[0], "basis") if released else None,
        })  # fmt: skip
    return found
