"""What one write transaction does: items applied in order, each in its savepoint, then sealed, hashed and signed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from audit.checkpoint import Checkpoint, HeadSigner, Step, sign_step
from audit.entry import (
    Draft,
    Randomness,
    Sealed,
    SectionName,
    body_bytes,
    commit,
    entry_bytes,
    new_opening,
    seal,
    section_bytes,
)
from audit.errors import EntryInvalid, LogForked
from audit.keys import DataKey, DataKeys, KeyKind, KeyName, index_token
from audit.merkle import Extension, Frontier, leaf_hash
from audit.store import Addition, EventRow, Head, LeafRow, LogTransaction
from audit.tiles import MAX_ENTRY

OPERATOR = "operator"
"""The owner that stands for the operator itself in the store of keys."""
ORDER_BITS = 40
"""`Writing.order` is the log's number, shifted by this, plus the index."""
_ZONE = ZoneInfo("Europe/Helsinki")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)
C_contra = TypeVar("C_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return this instant, aware."""
        ...


@dataclass(frozen=True, slots=True)
class Writing(Generic[C_co]):
    """What an item sees of the transaction: the connection, and where its first entry will stand.

    `order` grows with every entry over all the years of a log; rows may keep it to say what came first.
    """

    connection: C_co
    origin: str
    index: int
    order: int
    seen: object = None
    """What the item's own survey found."""


class Item(Protocol[C_contra, R_co]):
    """One unit of work: rows and the entries that tell of them."""

    def apply(self, tx: Writing[C_contra], at: int, /) -> tuple[R_co, Sequence[Draft]]:
        """Write rows at the instant *at* (microseconds) and return a result and the drafts of entries.

        Raise `Rejected` to undo this item alone. It may be called again when the transaction was rolled back before
        its COMMIT, so it changes nothing but the database.
        """
        ...


Survey = Callable[[C, Sequence[Item[C, object]]], object]
"""Looks up at once what some neighbours in a batch need, under the head lock; each of them finds it in `Writing.seen`.

An item that has a `survey` promises to write entries alone: no rows. So nothing changes between the survey and the last
of the neighbours, and none of them needs a savepoint.
"""


def no_survey(connection: object, items: Sequence[Item[C, object]]) -> None:
    """Look nothing up: the survey of an item that writes entries alone and needs to know nothing."""


def survey_of(item: Item[C, object]) -> Survey[C] | None:
    """Return the item's survey; None for one that may write rows."""
    found: Survey[C] | None = getattr(item, "survey", None)
    return found


class Rollover(Protocol[C_contra]):
    """Tells what the last entries of an old log and the first of a new one say."""

    def end(self, tx: Writing[C_contra], at: int, new_origin: str, /) -> Sequence[Draft]:
        """Return the entries that end the log; its last one is the very last."""
        ...

    def start(
        self, tx: Writing[C_contra], at: int, old_origin: str | None, old_checkpoint: bytes | None, /
    ) -> Sequence[Draft]:
        """Return the entries that begin a log; at least one. *old_checkpoint* covers all of the old log.

        Both are None for the first log of all. Raising refuses the new log, and everything that waits for it.
        """
        ...


class Rejected(Exception):
    """Raised by an item to undo itself; the waiter gets *value*, the others notice nothing."""

    def __init__(self, value: object) -> None:
        super().__init__("rejected")
        self.value = value


class EventExists(EntryInvalid):
    """An event of this id is in the log already."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an event stands in the log, and when it was written (microseconds)."""

    origin: str
    index: int
    event_id: str
    time: int


@dataclass(slots=True)
class Staged:
    """An event with its sections as bytes, waiting for keys, index and seal."""

    draft: Draft
    at: int
    sections: tuple[tuple[SectionName, bytes], ...]


@dataclass(slots=True)
class Growth:
    """A head and everything that is to be added to its log in this transaction."""

    head: Head
    staged: list[Staged] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The size the log will have."""
        return self.head.size + len(self.staged)


def micros(at: datetime) -> int:
    """Return an instant as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def year_of(at: int) -> int:
    """Return the year of an instant as Helsinki counts it."""
    return datetime.fromtimestamp(at // 1_000_000, _ZONE).year


def end_of_year(year: int) -> int:
    """Return the first instant of the next year, in microseconds."""
    return micros(datetime(year + 1, 1, 1, tzinfo=_ZONE))


def year_of_origin(origin: str) -> int:
    """Return the year in a log's origin, `<name>/audit/<year>`, or `<year>-<number>` where a restore began it."""
    return int(origin.rpartition("/")[2].partition("-")[0])


def next_origin(name: str, year: int, used: Collection[str]) -> str:
    """Return the origin of a log that follows one whose last entries are lost: a name that no log ever had."""
    numbers = [1]
    for origin in used:
        prefix, _, place = origin.rpartition("/")
        of_year, _, number = place.partition("-")
        if prefix == f"{name}/audit" and of_year == str(year):
            numbers.append(int(number or 1))
    return f"{name}/audit/{year}-{max(numbers) + 1}"


def stage(draft: Draft, at: int) -> Staged:
    """Turn a draft into bytes; raises EntryInvalid, so that a bad draft falls before anything is hashed."""
    if len(draft.event_id) > 64 or not draft.event_id.isascii() or not draft.event_id.isprintable():
        raise EntryInvalid("an event id is at most 64 printable ASCII characters")
    return Staged(
        draft,
        at,
        (
            ("a", section_bytes(draft.actor)),
            ("b", body_bytes(draft, at)),
            ("s", section_bytes(draft.subject)),
        ),
    )


def _key_names(draft: Draft, year: int) -> tuple[KeyName, KeyName]:
    subject: KeyKind = "subject-year"
    actor: KeyKind = "actor-year"
    return (
        KeyName(subject, OPERATOR if draft.subject_owner is None else draft.subject_owner, year),
        KeyName(actor, OPERATOR if draft.actor_owner is None else draft.actor_owner, year),
    )


def _token(owner: str | None, key: DataKey) -> str | None:
    return None if owner is None else index_token(key, owner)


def append(
    tx: LogTransaction[C], growth: Growth, keys: DataKeys, signers: Sequence[HeadSigner], *, ended: bool = False
) -> tuple[Head, list[Placed], Extension]:
    """Seal, hash, sign and store what is staged; return the new head, the events' places in order, and their tree."""
    head = growth.head
    origin, year = head.origin, year_of_origin(head.origin)
    names = [_key_names(one.draft, year) for one in growth.staged]
    found = keys.get_or_create({name for pair in names for name in pair})
    frontier, before = (Frontier.from_bytes(head.size, head.frontier) for _ in range(2))
    randomness = Randomness(sum(len(one.sections) for one in growth.staged))
    leaves: list[LeafRow] = []
    subtrees: list[tuple[int, int, bytes]] = []
    sealed: list[tuple[int, Sealed]] = []
    events: list[EventRow] = []
    placed: list[Placed] = []
    for index, (one, pair) in enumerate(zip(growth.staged, names, strict=True), head.size):
        draft = one.draft
        subject_key, actor_key = found[pair[0]], found[pair[1]]
        commitments: dict[str, str] = {}
        for section, plain in one.sections:
            opening = new_opening(section, plain, randomness)
            commitment = commitments[section] = commit(opening)
            key = actor_key if section == "a" else subject_key
            sealed.append((index, seal(opening, commitment, key, origin, draft.event_id, randomness)))
        entry = entry_bytes(draft.retention, commitments)
        if len(entry) > MAX_ENTRY:
            raise EntryInvalid("the entry is too long for a bundle")
        leaf = leaf_hash(entry)
        leaves.append(LeafRow(index, leaf, entry))
        subtrees.extend(frontier.push(leaf))
        tokens = _token(draft.subject_owner, subject_key), _token(draft.actor_owner, actor_key)
        events.append(EventRow(index, draft.event_id, *tokens, draft.index, one.at))
        placed.append(Placed(origin, index, draft.event_id, one.at))
    checkpoint = Checkpoint(origin, frontier.size, frontier.root())
    new = replace(
        head,
        size=frontier.size,
        frontier=frontier.to_bytes(),
        note=sign_step(Step(checkpoint, head.size, head.frontier, head.note, [one.leaf for one in leaves]), signers),
        last_time=growth.staged[-1].at if growth.staged else head.last_time,
        ended=ended,
    )
    tx.append(head, new, Addition(leaves, subtrees, sealed, events))
    return new, placed, Extension(before, [one.leaf for one in leaves])


def current_head(heads: Sequence[Head], name: str) -> Head | None:
    """Return the open log of a name; None when there is none yet. Raises LogForked when it ended without a next."""
    ours = [head for head in heads if head.origin.rpartition("/")[0] == f"{name}/audit"]
    if not ours:
        return None
    last = max(ours, key=lambda head: head.started)
    if last.ended:
        raise LogForked(f"log {last.origin} has ended and no log follows it")
    return last


def empty_head(origin: str, started: int, at: int, signers: Sequence[HeadSigner]) -> Head:
    """Return the head of a log with nothing in it."""
    frontier = Frontier()
    note = sign_step(Step(Checkpoint(origin, 0, frontier.root())), signers)
    return Head(origin, 0, frontier.to_bytes(), note, at, ended=False, started=started)


def view(tx: LogTransaction[C], growth: Growth, seen: object = None) -> Writing[C]:
    """Return what the next item may see."""
    head = growth.head
    return Writing(tx.connection, head.origin, growth.size, (head.started << ORDER_BITS) + growth.size, seen)
