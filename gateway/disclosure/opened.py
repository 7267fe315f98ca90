"""Reading the log in order, its sealed sections opened where their keys still are.

What cannot be opened is told, with why, and never passed over: who reads must know what it has not seen.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import orjson

from audit.entry import SECTIONS, Entry, Opening, Sealed, SectionName, parse_entry, unseal
from audit.errors import EntryInvalid, OpeningInvalid
from audit.keys import DataKey, DataKeys
from audit.store import EntryRows, EventRow, Head, LogReader, read_rows

Section: TypeAlias = Mapping[str, object]

ERASED = "erased"
KEYLESS = "its key is gone"
UNSOUND = "it does not open"
MISSING = "it is missing"

_AT_ONCE = 512
_KEYS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Opened:
    """One entry with its sections. A section is None where it cannot be read; `closed` then says why, by its letter.

    `t` (microseconds), `kind` and `outcome` are those of section b; where b is closed, those of the index, which no
    signature covers.
    """

    origin: str
    index: int
    event_id: str
    t: int
    kind: str
    outcome: str
    s: Section | None
    a: Section | None
    b: Section | None
    closed: Mapping[str, str] = field(default_factory=dict)

    @property
    def client(self) -> str | None:
        """The client it is about, None where it is about nobody or section s is closed."""
        client = None if self.s is None else self.s.get("client")
        return client if isinstance(client, str) else None


class Opener:
    """Opens entries with the keys that are left. Keys are only looked up, and remembered for as long as this lives."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys
        self._known: OrderedDict[str, DataKey | None] = OrderedDict()

    def read_all(self, reader: LogReader) -> Iterator[Opened]:
        """Yield every entry of every log, oldest log first, in order."""
        for head in reader.heads():
            for start in range(0, head.size, _AT_ONCE):
                yield from self.read(reader, head, start, min(start + _AT_ONCE, head.size))

    def read(self, reader: LogReader, head: Head, start: int, end: int) -> Sequence[Opened]:
        """Return the entries [start, end) of one log, in order. An entry without an index row is left out: that it is
        missing is for `audit.verify` to tell."""
        return self.open_rows(head.origin, read_rows(reader, head.origin, start, end))

    def open_rows(
        self, origin: str, rows: EntryRows, known: Mapping[tuple[int, SectionName], Opening] | None = None
    ) -> Sequence[Opened]:
        """Return the entries of these rows, in the order of their index rows.

        *known* are openings that were checked against their entries already; those are not made again.
        """
        known = known or {}
        self._look_up({one.key_id for index, one in rows.sealed if (index, one.section) not in known})
        entries = {row.index: row.entry for row in rows.leaves}
        sealed: dict[int, list[Sealed]] = {}
        for index, one in rows.sealed:
            sealed.setdefault(index, []).append(one)
        erased = {(one.index, one.section) for one in rows.erased}
        return [
            self._open(origin, event, entries.get(event.index), sealed.get(event.index, ()), erased, known)
            for event in rows.events
        ]

    def openings(self, reader: LogReader, origin: str, index: int) -> tuple[bytes, tuple[Opening, ...]] | None:
        """Return an entry's bytes and the openings of it that can still be made; None where there is no such entry."""
        leaves, events = reader.leaves(origin, index, index + 1), reader.events(origin, index, index + 1)
        entry = _parsed(leaves[0].entry) if leaves and events else None
        if entry is None:
            return None
        found = (self._opening(origin, events[0], entry, one) for _, one in reader.sealed(origin, index, index + 1))
        return leaves[0].entry, tuple(one for one in found if isinstance(one, Opening))

    def _open(
        self, origin: str, event: EventRow, entry: bytes | None, sealed: Sequence[Sealed], erased: set[tuple[int, str]],
        known: Mapping[tuple[int, SectionName], Opening],
    ) -> Opened:  # fmt: skip
        sections: dict[str, Section | None] = {}
        closed: dict[str, str] = {}
        by_name = {one.section: one for one in sealed}
        # Parsed only where an opening has to be made.
        parsed: Entry | None = None
        for name in SECTIONS:
            one = by_name.get(name)
            if one is None:
                sections[name], closed[name] = None, ERASED if (event.index, name) in erased else MISSING
                continue
            opening: Opening | str | None = known.get((event.index, name))
            if opening is None:
                parsed = parsed or (None if entry is None else _parsed(entry))
                opening = UNSOUND if parsed is None else self._opening(origin, event, parsed, one)
            content = _content(opening) if isinstance(opening, Opening) else None
            sections[name] = content
            if content is None:
                closed[name] = opening if isinstance(opening, str) else UNSOUND
        body = sections["b"] or {}
        t, kind, outcome = body.get("t"), body.get("k"), body.get("o")
        return Opened(
            origin, event.index, event.event_id,
            t if isinstance(t, int) else event.time,
            kind if isinstance(kind, str) else event.row.kind,
            outcome if isinstance(outcome, str) else event.row.outcome,
            sections["s"], sections["a"], sections["b"], closed,
        )  # fmt: skip

    def _opening(self, origin: str, event: EventRow, entry: Entry, one: Sealed) -> Opening | str:
        key = self._key(one.key_id)
        if key is None:
            return KEYLESS
        try:
            return unseal(one, entry.commitments[one.section], key, origin, event.event_id)
        except OpeningInvalid:
            return UNSOUND

    def _key(self, key_id: str) -> DataKey | None:
        if key_id not in self._known:
            self._look_up({key_id})
        return self._known[key_id]

    def _look_up(self, key_ids: set[str]) -> None:
        """Know these keys, or that they are gone, asking the store once for all that are not known yet."""
        new = [one for one in key_ids if one not in self._known]
        for one in key_ids.difference(new):
            self._known.move_to_end(one)
        if new:
            found = self._keys.find_all(new)
            self._known.update((one, found.get(one)) for one in new)
        while len(self._known) > max(_KEYS_KEPT, len(key_ids)):
            self._known.popitem(last=False)


def _parsed(entry: bytes) -> Entry | None:
    try:
        return parse_entry(entry)
    except EntryInvalid:
        return None


def _content(opening: Opening) -> Section | None:
    try:
        content = orjson.loads(opening.plaintext)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None
