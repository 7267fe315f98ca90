"""Whether the index says of an entry what the entry's own sections say: whom it tells of, and what it is found by.

The index is what client, officer and service find entries by, and no signature covers it. A row that says otherwise
than its entry makes that entry vanish for whoever has a right to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from audit.entry import SectionName
from audit.keys import DataKey, index_token
from audit.store import EntryRows, EventRow
from gateway.disclosure.opened import Opened, Section

Told = Mapping[str, str | None]
"""What the sections tell, by column of the index. A column that they do not tell of is left out."""

_RELEASES = frozenset({"disclosure", "search", "decision", "custodian.read"})
_LOOKS = frozenset({"subject.read", "mandate.read", "audit.read"})
_AT_DOCUMENTS = frozenset({"document", "documents"})
_CONSENTS = frozenset({"consent.given", "consent.changed"})
_LISTED = frozenset({
    "consent.confirmed", "consent.withdrawn", "consent.expired", "consent.spent", "mandate.ended", "concern.raised",
    "concern.answered",
})  # fmt: skip
_SINGLE = frozenset({"consent.requested", "consent.deferred", "prohibition.given", "prohibition.lifted", "deposit"})
_AT_DESKS = frozenset({"probe", "desk.lookup", "desk.report"})
_OF_NOBODY = frozenset({
    "client.marked", "client.suspended", "client.notices", "erasure", "key", "policy", "directory", "config",
    "log.start", "log.end",
})  # fmt: skip
_NOTHING: Told = dict.fromkeys(("basis", "category", "recipient", "custodian"))


@dataclass(frozen=True, slots=True)
class SectionKeys:
    """The keys that one entry's sections open under, by section; one that is gone is left out."""

    of: Mapping[SectionName, DataKey]

    def token(self, section: SectionName, owner: str) -> str | None:
        """Return the token of an owner under the key of a section."""
        key = self.of.get(section)
        return None if key is None else index_token(key, owner)


def keys_of(rows: EntryRows, find: Callable[[str], DataKey | None]) -> Mapping[int, SectionKeys]:
    """Return the keys of entries, by index; *find* returns a key by its id."""
    found: dict[int, dict[SectionName, DataKey]] = {}
    for index, sealed in rows.sealed:
        key = find(sealed.key_id)
        if key is not None:
            found.setdefault(index, {})[sealed.section] = key
    return {index: SectionKeys(keys) for index, keys in found.items()}


def differing(entry: Opened, event: EventRow, keys: SectionKeys) -> Iterator[str]:
    """Yield the columns of an entry's index row that say otherwise than its sections, as far as these are open."""
    if entry.s is not None and event.subject_token != _token(keys, "s", entry.client):
        yield "subject_token"
    if entry.a is not None:
        owners = list(_actors(entry.a, entry))
        if owners and event.actor_token not in [_token(keys, "a", owner) for owner in owners]:
            yield "actor_token"
    found = event.row
    stored = {
        "basis": found.basis, "category": found.category, "recipient": found.recipient, "custodian": found.custodian,
        "requester": found.requester,
    }  # fmt: skip
    yield from (column for column, value in told(entry).items() if stored[column] != value)


def told(entry: Opened) -> Told:
    """Return what an entry's sections say of the columns that it is found by; of an unknown kind nothing."""
    body, actor = entry.b, entry.a
    if body is None:
        return {}
    values = _values(entry, body)
    if values is None:
        return {}
    if entry.kind.startswith("partner."):
        return {**values, "requester": _text(body, "partner")}
    return values if actor is None else {**values, "requester": _text(actor, "system")}


def _values(entry: Opened, body: Section) -> Told | None:
    kind = entry.kind
    if kind in _RELEASES:
        return _of_release(entry, body)
    if kind in _LOOKS:
        return _of_look(entry, body)
    if kind in _CONSENTS:
        rows = _rows(body, "grants")
        return {**_NOTHING, **{name: _joined(_each(rows, name)) for name in ("category", "recipient", "custodian")}}
    if kind == "consent.refused":
        rows = _rows(body, "rows")
        return {**_NOTHING, **{name: _joined(_each(rows, name)) for name in ("category", "recipient")}}
    if kind in _SINGLE:
        return {**_NOTHING, **{name: _text(body, name) for name in ("category", "recipient", "custodian")}}
    if kind.startswith("relation."):
        return {**_NOTHING, "recipient": _joined(_texts(body, "recipients")), "custodian": _text(body, "custodian")}
    if kind in _LISTED:
        # Entries of before the bodies listed these do not tell of them.
        lists = (("category", "categories"), ("recipient", "recipients"), ("custodian", "custodians"))
        return {"basis": None, **{name: _joined(_texts(body, of)) for name, of in lists if of in body}}
    if kind in _AT_DESKS:
        return {**_NOTHING, "recipient": _text(body, "recipient")}
    return _NOTHING if kind in _OF_NOBODY or kind.startswith("partner.") else None


def _of_release(entry: Opened, body: Section) -> Told:
    values = {**_NOTHING, "category": _text(body, "category"), "recipient": _text(body, "recipient")}
    documents = _rows(body, "documents")
    if entry.outcome == "permit" and entry.kind != "custodian.read":
        values["basis"] = _joined(_each(documents, "basis"))
    if documents or entry.outcome == "permit":
        values["custodian"] = _joined(_each(documents, "custodian"))
    elif "custodian" in body or "act" in body:
        values["custodian"] = _text(body, "custodian")
    else:
        # A refusal before the fetch, from before bodies told the custodian of those.
        del values["custodian"]
    return values


def _of_look(entry: Opened, body: Section) -> Told:
    view = body.get("view")
    if view == "preview":
        if entry.outcome == "permit":
            return {**_NOTHING, "basis": "own-data"}
    elif view not in _AT_DOCUMENTS:
        return _NOTHING
    documents = _rows(body, "documents")
    custodian = _joined(_each(documents, "custodian")) or _text(body, "custodian")
    basis = "own-data" if entry.outcome == "permit" else None
    return {**_NOTHING, "basis": basis, "category": _text(body, "category"), "custodian": custodian}


def _actors(actor: Section, entry: Opened) -> Iterator[str | None]:
    """Yield who the actor's token may be of, None for the operator; nothing where the sections do not tell."""
    system, person = actor.get("system"), actor.get("person") or ""
    if not actor or "operator" in actor:
        yield None
    elif "client" in actor:
        yield _text(actor, "client")
    elif system is not None or actor.get("service") is not None:
        # Who was turned away before any judgement is not found as a person.
        yield None if entry.kind == "decision" and "act" in (entry.b or {}) else f"{system}/{person}"
    elif "service" in actor:
        # Whoever acts on the client's own page acts as the client, a representative too.
        if entry.client is not None:
            yield entry.client
    elif isinstance(role := actor.get("role"), str):
        yield f"{role}/{person}"


def _token(keys: SectionKeys, section: SectionName, owner: str | None) -> str | None:
    return None if owner is None else keys.token(section, owner)


def _text(section: Section, name: str) -> str | None:
    value = section.get(name)
    return value if isinstance(value, str) else None


def _texts(section: Section, name: str) -> Iterator[str]:
    value = section.get(name)
    yield from (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _rows(section: Section, name: str) -> list[Section]:
    value = section.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _each(rows: Iterable[Section], name: str) -> Iterator[str]:
    yield from (value for row in rows if isinstance(value := row.get(name), str))


def _joined(codes: Iterable[str]) -> str | None:
    return " ".join(sorted(set(codes))) or None
