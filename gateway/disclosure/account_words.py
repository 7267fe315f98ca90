"""Which sentence tells an entry, who did it and of which rows, as its body says: keys and codes, no words."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.disclosure.account_context import Context
from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.section_fields import flag, optional_text, rows, text, texts

_FOR_YOU = frozenset({
    "consent.changed", "consent.confirmed", "consent.withdrawn", "consent.deferred", "prohibition.lifted",
    "relation.contested",
})  # fmt: skip
"""The kinds of entry that say of a representative what they say of the client."""

WHO_ALONE = ""
"""Stands for the category in a row that names recipients and nothing else."""


def who_of(entry: Opened, body: Section) -> str | None:
    """Return the service, or the client or operator, that did what an entry tells."""
    match entry.kind:
        case (
            "decision" | "disclosure" | "search" | "custodian.read" | "consent.requested" | "probe"
            | "desk.lookup" | "desk.report"
        ):  # fmt: skip
            return optional_text(body, "recipient")
        case "deposit" | "relation.ended" | "relation.contested":
            return optional_text(body, "custodian")
        case "relation.recorded":
            return optional_text(body, "recorded_by")
        case "consent.given":
            capture = body.get("capture")
            return optional_text(capture, "service") if isinstance(capture, dict) else None
        case _:
            return optional_text(body, "by")


def case_of(entry: Opened, body: Section) -> str:
    """Return the key of the sentence that tells this entry."""
    by, kind = body.get("by"), entry.kind
    match kind:
        case "search" if entry.outcome != "permit":
            return "search.refused"
        case "search" if not rows(body, "documents"):
            return "search.empty"
        case "consent.requested" if body.get("request") is None:
            return "consent.requested.dropped"
        case "consent.given" if (giver := body.get("giver")) and isinstance(giver, dict) and giver["kind"] != "client":
            return "consent.given.for-you"
        case "consent.given" | "consent.confirmed" if by not in (None, "client"):
            return f"{kind}.by-service"
        case "consent.withdrawn" if by not in (None, "client"):
            return "consent.withdrawn.told" + (".for-you" if body.get("representative") is not None else "")
        case _ if kind in _FOR_YOU and body.get("representative") is not None:
            return f"{kind}.for-you"
        case "consent.refused" | "prohibition.given" | "client.notices" if not flag(body, "in_person"):
            return f"{kind}.for-you"
        case "mandate.read" if entry.outcome in ("deny", "error"):
            return "mandate.read.nothing"
        case "audit.read" | "mandate.read" if body.get("view") == "who-can-see":
            return f"{kind}.who-can-see"
        case "desk.lookup" if body.get("asks") == "mandate":
            return "desk.lookup.mandate"
        case "prohibition.given" if body.get("pause_until") is not None:
            return "prohibition.given.pause"
        case "client.suspended" if not flag(body, "suspended"):
            return "client.suspended.resumed"
        case "client.marked" if not flag(body, "non_disclosure"):
            return "client.marked.removed"
        case _:
            return kind


def grant_rows(entry: Opened, body: Section, context: Context) -> list[tuple[str | None, str | None]]:
    """Return (recipient, category) of what a step of a consent is about; None means any."""
    match entry.kind:
        case "consent.given" | "consent.changed":
            named: Sequence[Section] = rows(body, "grants")
        case "consent.confirmed" | "consent.expired":
            named = [context.grants[id] for id in texts(body, "grants") if id in context.grants]
        case "consent.spent":
            spent = context.grants.get(text(body, "grant"))
            named = [] if spent is None else [spent]
        case "consent.withdrawn":
            named = context.consents.get(text(body, "consent"), ())
        case "consent.refused":
            named = rows(body, "rows")
        case "consent.requested" | "consent.deferred" | "prohibition.given" | "prohibition.lifted":
            named = [body]
        case "relation.recorded" | "relation.ended" | "relation.contested":
            return [(recipient, WHO_ALONE) for recipient in texts(body, "recipients")]
        case _:
            return []
    return [(optional_text(row, "recipient"), optional_text(row, "category")) for row in named]
