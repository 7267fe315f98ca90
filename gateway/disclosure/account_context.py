"""What the entries of a client's log refer to by id: a consent's rows, and the section that a relation rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.section_fields import optional_text, rows, text

CONTEXT = ("consent.given", "consent.changed", "relation.recorded", "log.start")
"""The kinds of entry that others refer to: what a consent covered, on which section a relation rests."""


@dataclass(frozen=True, slots=True)
class Context:
    """What entries refer to, by id: the newest rows of consents, all grants, the sections of law of relations."""

    consents: Mapping[str, Sequence[Section]]
    grants: Mapping[str, Section]
    relations: Mapping[str, str]


def context_of(entries: Iterable[Opened]) -> Context:
    """Gather the context from a client's entries, newest first; others than those of CONTEXT are passed over."""
    consents: dict[str, Sequence[Section]] = {}
    grants: dict[str, Section] = {}
    sections: dict[str, str] = {}
    for entry in entries:
        body = entry.b
        if entry.kind not in CONTEXT or body is None:
            continue
        if entry.kind in ("consent.given", "consent.changed"):
            consents.setdefault(text(body, "consent"), rows(body, "grants"))
            grants |= {text(one, "id"): one for one in rows(body, "grants")}
            continue
        carried = body.get("carried")
        row = carried if isinstance(carried, dict) else body
        for one in rows(row, "relations") if entry.kind == "log.start" else (body,):
            if (section := optional_text(one, "section")) is not None:
                sections.setdefault(text(one, "relation"), section)
        if entry.kind == "log.start":
            grants |= {text(one, "id"): one for one in rows(row, "grants")}
            for one in rows(row, "grants"):
                same = [other for other in rows(row, "grants") if other.get("consent") == one.get("consent")]
                consents.setdefault(text(one, "consent"), same)
    return Context(consents, grants, sections)
