"""A small honest world for the log: a store in memory, keys in memory, a clock that is steered."""

from __future__ import annotations

import copy
import secrets
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from audit.checkpoint import Signer
from audit.entry import Draft, IndexRow, Sealed
from audit.errors import LogForked
from audit.log import Log, Rejected
from audit.store import Addition, ErasedRow, EventRow, Head, LeafRow
from audit.writing import Writing
from tests.simulators.memory_keys import MemoryKeys

NAME = "gw.saattaen.example"
ORIGIN = f"{NAME}/audit/2026"
SIGNER = Signer(sha256(b"demo").digest())


@dataclass
class SteeredClock:
    """A clock that moves when told, and a little by itself at each look when *tick* is set."""

    at: datetime = datetime(2026, 6, 1, 9, tzinfo=UTC)
    tick: timedelta = timedelta(microseconds=1)

    def now(self) -> datetime:
        self.at += self.tick
        return self.at


@dataclass
class Tables:
    """Everything that a commit makes durable. `rows` is what items write."""

    rows: list[str] = field(default_factory=list)
    heads: dict[str, Head] = field(default_factory=dict)
    leaves: dict[tuple[str, int], LeafRow] = field(default_factory=dict)
    subtrees: dict[tuple[str, int, int], bytes] = field(default_factory=dict)
    sealed: dict[tuple[str, int, str], Sealed] = field(default_factory=dict)
    events: dict[tuple[str, int], EventRow] = field(default_factory=dict)
    erased: dict[tuple[str, int, str], ErasedRow] = field(default_factory=dict)


class MemoryTransaction:
    """Reads and writes a copy of the tables."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.tables = copy.copy(store.tables)
        for name in self.tables.__dataclass_fields__:
            setattr(self.tables, name, copy.copy(getattr(store.tables, name)))
        self._saved: list[str] = []

    @property
    def connection(self) -> list[str]:
        return self.tables.rows

    def heads(self) -> Sequence[Head]:
        return sorted(self.tables.heads.values(), key=lambda head: head.started)

    def hashes(self, origin: str, level: int, start: int, end: int) -> Sequence[bytes]:
        if level == 0:
            return [row.leaf for row in self.leaves(origin, start, end)]
        found = (self.tables.subtrees.get((origin, level, index)) for index in range(start, end))
        return [one for one in found if one is not None]

    def leaves(self, origin: str, start: int, end: int) -> Sequence[LeafRow]:
        found = (self.tables.leaves.get((origin, index)) for index in range(start, end))
        return [one for one in found if one is not None]

    def sealed(self, origin: str, start: int, end: int) -> Sequence[tuple[int, Sealed]]:
        return [(key[1], one) for key, one in self.tables.sealed.items() if key[0] == origin and start <= key[1] < end]

    def events(self, origin: str, start: int, end: int) -> Sequence[EventRow]:
        found = (self.tables.events.get((origin, index)) for index in range(start, end))
        return [one for one in found if one is not None]

    def erased(self, origin: str, start: int, end: int) -> Sequence[ErasedRow]:
        return [one for key, one in self.tables.erased.items() if key[0] == origin and start <= key[1] < end]

    def counts(self, origin: str) -> Mapping[str, int]:
        return {
            name: sum(key[0] == origin for key in getattr(self.tables, name))
            for name in ("leaves", "subtrees", "events")
        }

    def find_events(self, event_ids: Collection[str]) -> Mapping[str, tuple[str, int]]:
        wanted = set(event_ids)
        return {one.event_id: key for key, one in self.tables.events.items() if one.event_id in wanted}

    def savepoint(self) -> None:
        self._saved = list(self.tables.rows)

    def keep(self) -> None:
        self._saved = []

    def undo(self) -> None:
        self.tables.rows[:] = self._saved

    def start(self, head: Head) -> None:
        assert head.origin not in self.tables.heads
        self.tables.heads[head.origin] = head

    def append(self, old: Head, new: Head, addition: Addition) -> None:
        if self.tables.heads[old.origin].size != old.size or self.tables.heads[old.origin].ended:
            raise LogForked("the head moved")
        self.tables.heads[old.origin] = new
        self.tables.leaves.update({(old.origin, row.index): row for row in addition.leaves})
        self.tables.subtrees.update({(old.origin, level, index): one for level, index, one in addition.subtrees})
        self.tables.sealed.update({(old.origin, index, one.section): one for index, one in addition.sealed})
        self.tables.events.update({(old.origin, row.index): row for row in addition.events})

    def commit(self) -> None:
        self._store.commits += 1
        failure = self._store.failures.pop(0) if self._store.failures else None
        if failure is None or failure.after:
            self._store.tables = self.tables
        if failure is not None:
            if failure.then is not None:
                failure.then(self._store)
            raise failure.error


@dataclass
class Failure:
    """How the next COMMIT fails: before or after it did its work, with which error, and what happens then."""

    error: Exception
    after: bool = False
    then: Callable[[MemoryStore], None] | None = None


@dataclass
class MemoryStore:
    """A store in memory; COMMIT can be made to fail in each of the ways it may."""

    tables: Tables = field(default_factory=Tables)
    failures: list[Failure] = field(default_factory=list)
    commits: int = 0
    down: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def write(self) -> Iterator[MemoryTransaction]:
        if self.down:
            raise ConnectionError("the store is down")
        with self.lock:
            yield MemoryTransaction(self)

    @contextmanager
    def read(self) -> Iterator[MemoryTransaction]:
        yield MemoryTransaction(self)


class Years:
    """Entries that end and begin a log, and nothing else."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, bytes | None]] = []

    def end(self, tx: Writing[object], at: int, new_origin: str) -> Sequence[Draft]:
        return [draft("log.end", {"next": new_origin}, owner=None)]

    def start(
        self, tx: Writing[object], at: int, old_origin: str | None, old_checkpoint: bytes | None
    ) -> Sequence[Draft]:
        self.seen.append((old_origin, old_checkpoint))
        return [draft("log.start", {"previous": old_origin}, owner=None)]


def draft(kind: str = "disclosure", body: Mapping[str, object] | None = None, owner: str | None = "client-1") -> Draft:
    """Return a draft with a fresh id."""
    return Draft(
        secrets.token_hex(16),
        IndexRow(kind, "permit", category="plan"),
        body or {"purpose": "TREAT"},
        {"client": owner or "none"},
        {"user": "u-1"},
        owner,
        "actor-1",
    )


@dataclass
class Write:
    """An item that writes one row and one entry; or rejects itself, or fails, after having written."""

    row: str = "row"
    rejected: object = None
    error: Exception | None = None
    drafts: Sequence[Draft] | None = None
    calls: int = 0

    def apply(self, tx: Writing[list[str]], at: int) -> tuple[str, Sequence[Draft]]:
        self.calls += 1
        tx.connection.append(self.row)
        if self.rejected is not None:
            raise Rejected(self.rejected)
        if self.error is not None:
            raise self.error
        return self.row, [draft()] if self.drafts is None else self.drafts


def new_log(store: MemoryStore, clock: SteeredClock | None = None, **options: Any) -> Log[list[str]]:
    """Return a log over a store in memory."""
    return Log(store, MemoryKeys(), [SIGNER], clock or SteeredClock(), NAME, Years(), **options)
