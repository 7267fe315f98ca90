"""What a representative may see of the client's log: facts, as far as they tell of nothing that is closed to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.consent.model import GiverKind
from gateway.disclosure.opened import Opened, Section

STATES = frozenset({
    "succeeded", "recipient-not-named", "category-not-covered", "custodian-not-covered", "purpose-not-covered",
    "document-not-covered", "withdrawn", "unconfirmed", "spent", "expired", "not-yet-in-force",
})  # fmt: skip
"""Reasons that tell how a consent stands, and so what the client decided."""
UNTOLD = "no-consent"
"""What is told in their place."""
_OF_DOCUMENTS = frozenset({"decision", "disclosure", "search", "deposit", "custodian.read", "mandate.read"})
_OF_FACTS = _OF_DOCUMENTS | {
    "consent.requested", "relation.recorded", "relation.ended", "prohibition.given", "prohibition.lifted",
    "mandate.ended", "log.start",
}  # fmt: skip
"""The kinds of entry that tell of no decision that is the client's own, save a prohibition: it beats a representative's
consent, so they must know of it."""
_NAMING = ("recipient", "custodian", "recorded_by", "by", "recipients", "custodians")
_REPRESENTATIVES = frozenset(str(kind) for kind in GiverKind if kind is not GiverKind.CLIENT)


@dataclass(frozen=True, slots=True)
class Cut:
    """The cut of one look: `open` are ids of documents, `forbidden` categories that are forbidden to everyone."""

    open: frozenset[str]
    forbidden: frozenset[str]
    may_be_told: Callable[[str | None, Iterable[str]], bool]

    def entry(self, entry: Opened) -> Opened | None:
        """Return the entry as it may be seen; None for one that may not."""
        body = entry.b
        if body is None or entry.s is None or not _is_kind_told(entry, entry.s):
            return None
        named = list(_sections(body))
        services = {code for one in named for code in _codes(one, _NAMING)}
        categories = {code for one in named for code in _codes(one, ("category", "categories"))}
        if not all(self.may_be_told(code, services) for code in (categories or (None,))):
            return None
        return self._of_documents(entry, body, categories) if entry.kind in _OF_DOCUMENTS else entry

    def _of_documents(self, entry: Opened, body: Section, categories: Collection[str]) -> Opened | None:
        if not self.forbidden.isdisjoint(categories):
            return None
        cut: dict[str, object] = {}
        listed, one = body.get("documents"), body.get("document")
        if isinstance(listed, list) and listed:
            cut["documents"] = [row for row in listed if isinstance(row, dict) and row.get("id") in self.open]
            if not cut["documents"]:
                return None
        if isinstance(one, dict) and one.get("id") not in self.open:
            return None
        reasons = body.get("reasons")
        if isinstance(reasons, list):
            cut["reasons"] = [UNTOLD if code in STATES else code for code in reasons]
        return replace(entry, b={**body, **cut})


def is_bare_look(entry: Opened) -> bool:
    """Return whether an entry tells that a representative looked, and of nothing that they looked at."""
    telling = {*_NAMING, "category", "categories", "document", "documents", "rows", "grants"} - {"by"}
    return entry.kind == "mandate.read" and entry.b is not None and telling.isdisjoint(entry.b)


def _is_kind_told(entry: Opened, subject: Section) -> bool:
    # Of a consent it counts who gave it; else who acted.
    theirs = subject["giver"] in _REPRESENTATIVES if "giver" in subject else "representative" in subject
    by_representative = theirs and (entry.kind.startswith("consent.") or entry.kind == "relation.contested")
    return entry.kind in _OF_FACTS or by_representative


def _sections(body: Section) -> Iterator[Section]:
    yield body
    for name in ("documents", "grants", "rows"):
        listed = body.get(name)
        yield from (row for row in listed if isinstance(row, dict)) if isinstance(listed, list) else ()


def _codes(section: Section, keys: Collection[str]) -> Iterator[str]:
    for key in keys:
        value = section.get(key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, str))
