"""What the log asks of a database. It names no database; the connection's type is the implementation's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from audit.entry import IndexRow, Sealed

C_co = TypeVar("C_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Head:
    """Where one log stands. `started` orders the logs of a database; `last_time` is that of the last entry."""

    origin: str
    size: int
    frontier: bytes
    note: bytes
    last_time: int
    ended: bool
    started: int


@dataclass(frozen=True, slots=True)
class LeafRow:
    """An entry and its leaf hash."""

    index: int
    leaf: bytes
    entry: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """An index row as it is stored. Tokens are None for the operator, and once erased.

    `is_found` is False where the store would not find it by what it says.
    """

    index: int
    event_id: str
    subject_token: str | None
    actor_token: str | None
    row: IndexRow
    time: int
    is_found: bool = True


@dataclass(frozen=True, slots=True)
class ErasedRow:
    """A section that was erased, and the entry that says so."""

    index: int
    section: str
    by_origin: str
    by_index: int


@dataclass(frozen=True, slots=True)
class EntryRows:
    """What a log stores of some of its entries, each sort in order."""

    leaves: Sequence[LeafRow]
    sealed: Sequence[tuple[int, Sealed]]
    erased: Sequence[ErasedRow]
    events: Sequence[EventRow]


@dataclass(frozen=True, slots=True)
class Addition:
    """What one transaction adds to a log."""

    leaves: Sequence[LeafRow]
    subtrees: Sequence[tuple[int, int, bytes]]
    sealed: Sequence[tuple[int, Sealed]]
    events: Sequence[EventRow]


class DurabilityLost(Exception):
    """The store could not make a commit durable and cannot say what the disk holds: nobody writes on."""


class LogReader(Protocol):
    """Reads logs, all in one snapshot."""

    def heads(self) -> Sequence[Head]:
        """Return every log's head, oldest log first."""
        ...

    def hashes(self, origin: str, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return stored hashes [start, end) of a level, in order; level 0 are the leaves. Missing ones are left out."""
        ...

    def leaves(self, origin: str, start: int, end: int) -> Sequence[LeafRow]:
        """Return the rows of the leaves [start, end), in order."""
        ...

    def sealed(self, origin: str, start: int, end: int) -> Sequence[tuple[int, Sealed]]:
        """Return the sealed sections of the entries [start, end), in order."""
        ...

    def events(self, origin: str, start: int, end: int) -> Sequence[EventRow]:
        """Return the index rows of the entries [start, end), in order."""
        ...

    def erased(self, origin: str, start: int, end: int) -> Sequence[ErasedRow]:
        """Return which sections of the entries [start, end) were erased."""
        ...

    def counts(self, origin: str) -> Mapping[str, int]:
        """Return the number of rows stored for a log: of "leaves", of "subtrees" and of "events"."""
        ...

    def find_events(self, event_ids: Collection[str]) -> Mapping[str, tuple[str, int]]:
        """Return where events are, as (origin, index), for those that are in some log."""
        ...


class LogTransaction(LogReader, Protocol[C_co]):
    """The one write transaction; it has the head lock from its beginning."""

    @property
    def connection(self) -> C_co:
        """The connection that items write their own rows through."""
        ...

    def savepoint(self) -> None:
        """Begin an item."""
        ...

    def keep(self) -> None:
        """End an item, keeping what it wrote."""
        ...

    def undo(self) -> None:
        """End an item, undoing what it wrote."""
        ...

    def start(self, head: Head) -> None:
        """Add a log."""
        ...

    def append(self, old: Head, new: Head, addition: Addition) -> None:
        """Add entries and move the head from *old* to *new*; raises LogForked when the head is not *old* any more."""
        ...

    def commit(self) -> None:
        """Make all of it durable. Whatever it raises leaves the outcome open; DurabilityLost forbids to go on."""
        ...


class LogStore(Protocol[C_co]):
    """A database with logs in it."""

    def write(self) -> AbstractContextManager[LogTransaction[C_co]]:
        """Begin the write transaction, waiting for the head lock. Leaving it without `commit` rolls back."""
        ...

    def read(self) -> AbstractContextManager[LogReader]:
        """Begin a snapshot for reading."""
        ...


def read_rows(reader: LogReader, origin: str, start: int, end: int) -> EntryRows:
    """Return the rows of the entries [start, end) of one log."""
    place = origin, start, end
    return EntryRows(reader.leaves(*place), reader.sealed(*place), reader.erased(*place), reader.events(*place))


class LogHashes:
    """One log's hashes, as `merkle.Tree` reads them."""

    def __init__(self, reader: LogReader, origin: str) -> None:
        self._reader = reader
        self._origin = origin

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return the hashes [start, end) of a level, in order."""
        return self._reader.hashes(self._origin, level, start, end)
