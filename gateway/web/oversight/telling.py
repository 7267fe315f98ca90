"""Entries as an officer reads them: codes for the names of the directory, and sentences of the catalogues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.disclosure.log_output import as_row
from gateway.disclosure.log_survey import Sight
from gateway.disclosure.opened import Opened
from gateway.disclosure.phrases import Eye, Phrases


@dataclass(frozen=True, slots=True)
class Told:
    """One entry for the eyes of an officer. `case` says which sentence tells it; `reasons` are (code, sentence).

    `client` is a short part of our own id: enough to see that two entries are about one person, and no name.
    `by` is `client` or `representative` where no worker acted but they themselves, else empty.
    """

    href: str
    year: str
    index: int
    t: int
    kind: str
    title: str
    outcome: str
    case: str
    recipients: Sequence[str]
    custodians: Sequence[str]
    categories: Sequence[str]
    purposes: Sequence[str]
    bases: Sequence[str]
    reasons: Sequence[tuple[str, str]]
    person: str
    name: str
    role: str
    system: str
    client: str
    by: str
    closed: Sequence[str]


def tell(entries: Sequence[Opened], phrases: Phrases, language: str, sights: Sequence[Sight] = ()) -> list[Told]:
    """Tell the entries, in their order.

    An entry that names grants by their ids alone is told with the services that the index has for it (*sights*).
    """
    seen = {(one.origin, one.index): one for one in sights}
    return [_told(entry, phrases, language, seen.get((entry.origin, entry.index))) for entry in entries]


def address_of(origin: str, index: int) -> str:
    """Return the address of an entry's page."""
    return f"/oversight/entries/{origin.rpartition('/')[2]}/{index}"


def _told(entry: Opened, phrases: Phrases, language: str, seen: Sight | None) -> Told:
    row, actor = as_row(entry), entry.a or {}
    recipients = (row["recipient"] or (seen.recipient if seen is not None else "") or "").split()
    kinds, asks = phrases.groups["kinds"], (entry.b or {}).get("asks")
    reasons = [(code, _reason(code, phrases, language)) for code in row["reasons"].split()]
    return Told(
        href=address_of(entry.origin, entry.index), year=entry.origin.rpartition("/")[2], index=entry.index, t=entry.t,
        kind=entry.kind, title=phrases.kind_told(entry.kind, language, asks) if entry.kind in kinds else entry.kind,
        outcome=entry.outcome, case=_case(entry, row), recipients=recipients,
        custodians=row["custodian"].split(), categories=row["category"].split(), purposes=row["purpose"].split(),
        bases=row["basis"].split(), reasons=reasons,
        person=row["person"], name=_text(actor.get("name")), role=_text(actor.get("role")),
        system=row["requester"], client=(entry.client or "")[:8], by=_by(entry), closed=sorted(entry.closed),
    )  # fmt: skip


def _by(entry: Opened) -> str:
    body = entry.b or {}
    if body.get("by") != "client":
        return ""
    giver = body.get("giver")
    other = isinstance(giver, dict) and giver.get("kind") != "client"
    return "representative" if other or body.get("representative") or body.get("in_person") is False else "client"


def _case(entry: Opened, row: dict[str, str]) -> str:
    match entry.kind:
        case "disclosure":
            return "received"
        case "search" if entry.outcome == "permit":
            return "received" if row["documents"] else "empty"
        case "decision" | "search":
            return "refused"
        case "custodian.read":
            return "own"
        case "deposit":
            return "deposited"
        case _:
            return "step"


def _reason(code: str, phrases: Phrases, language: str) -> str:
    known = phrases.groups[f"reasons.{Eye.OFFICER}"]
    return phrases.explain(code, Eye.OFFICER, language) if code in known else code


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
