"""The transactions of the log's one writer: what is done with a batch, and what when a COMMIT raises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Generic, TypeVar, cast

from audit.checkpoint import HeadSigner
from audit.entry import Draft
from audit.errors import CommitFailed, CommitUnknown, LogBroken, LogForked
from audit.keys import DataKeys
from audit.leading_on import check_led_on
from audit.outcome import Committed, Dropped, Outcome
from audit.store import Addition, DurabilityLost, Head, LogStore, LogTransaction
from audit.writing import (
    Clock,
    EventExists,
    Growth,
    Item,
    Placed,
    Rejected,
    Rollover,
    Staged,
    Survey,
    append,
    current_head,
    empty_head,
    end_of_year,
    micros,
    next_origin,
    stage,
    survey_of,
    view,
    year_of,
    year_of_origin,
)

C = TypeVar("C")


class _CommitRaised(Exception):
    """COMMIT raised; carried out of the transaction, so that its lock is free before anyone looks."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A batch whose COMMIT raised and whose outcome is not known yet: where its events would stand."""

    placed: Sequence[Placed]


class _Duplicates(Exception):
    """Some items of the batch bear event ids that are in the log already."""

    def __init__(self, items: frozenset[int]) -> None:
        super().__init__("duplicate event ids")
        self.items = items


@dataclass(slots=True)
class _Kept:
    """An item that did its work in this transaction: which one, its result, and which staged events are its own."""

    number: int
    result: object
    first: int
    last: int


class Sequencer(Generic[C]):
    """Writes batches of items, one at a time and in one thread. Nobody but `Log` has one."""

    def __init__(
        self,
        store: LogStore[C],
        keys: DataKeys,
        signers: Sequence[HeadSigner],
        clock: Clock,
        name: str,
        rollover: Rollover[C],
        protects: Callable[[Draft], bool] = lambda draft: False,
    ) -> None:
        self._store = store
        self._keys = keys
        self.signers = tuple(signers)
        """The keys that sign the next batch."""
        self._clock = clock
        self._name = name
        self._rollover = rollover
        self._doubt: _Doubt | None = None
        self._protects = protects
        self._seen: Head | None = None
        self.broken: str | None = None
        """Why nothing is written any more until an operator has looked; None while all is well."""

    def write(self, items: Sequence[Item[C, object]]) -> list[Outcome]:
        """Write items; return what became of each. Items that fail do not disturb the others."""
        outcomes: list[Outcome | None] = [None] * len(items)
        while pending := [at for at, outcome in enumerate(outcomes) if outcome is None]:
            try:
                if self.broken is not None:
                    raise LogBroken(self.broken)
                self._settle()
                self._transaction(items, pending, outcomes)
            except _Duplicates as duplicates:
                for number in duplicates.items:
                    outcomes[number] = EventExists("an event of this id is in the log already")
            except Exception as error:
                for number in pending:
                    outcomes[number] = error
        return cast("list[Outcome]", outcomes)

    def _transaction(
        self, items: Sequence[Item[C, object]], pending: Sequence[int], outcomes: list[Outcome | None]
    ) -> None:
        """Write as many of the pending items as belong to one year, or begin that year's log and write none."""
        answers: dict[int, Outcome] = {}
        placed: list[Placed] = []
        try:
            with self._store.write() as tx:
                head = self._led_on(tx)
                at = self._now(head)
                if head is None or year_of(at) != year_of_origin(head.origin):
                    placed = self._roll_over(tx, head, at)
                    self._commit(tx)
                    return
                growth = Growth(head)
                kept = self._apply(tx, growth, items, pending, answers)
                if not kept:
                    _enter(answers, outcomes)
                    return
                self._check_new(tx, growth.staged, kept)
                new, tree = head, None
                if growth.staged:
                    new, placed, tree = append(tx, growth, self._keys, self.signers)
                for one in kept:
                    entries = tuple(placed[one.first : one.last])
                    protects = any(self._protects(event.draft) for event in growth.staged[one.first : one.last])
                    answers[one.number] = Committed(one.result, entries, new.note, new.size, tree, protects)
                self._commit(tx)
                self._seen = new
        except _CommitRaised as raised:
            self._find_out(placed, raised.__cause__)
        _enter(answers, outcomes)

    def _led_on(self, tx: LogTransaction[C]) -> Head | None:
        """Return the open log's head, which leads on from the one that this process saw last; raises LogForked.

        A database that lost its end while this process runs (a standby that was behind, a restored copy) ends here,
        before anything is read from it or signed on it.
        """
        heads = tx.heads()
        try:
            if self._seen is not None:
                check_led_on(tx, heads, self._seen)
        except LogForked as error:
            self.broken = str(error)
            raise
        self._seen = current_head(heads, self._name)
        return self._seen

    def _apply(
        self,
        tx: LogTransaction[C],
        growth: Growth,
        items: Sequence[Item[C, object]],
        pending: Sequence[int],
        answers: dict[int, Outcome],
    ) -> list[_Kept]:
        kept: list[_Kept] = []
        ids: set[str] = set()
        surveys = [survey_of(items[number]) for number in pending]
        surveyed: dict[Survey[C], object] = {}
        end, last = end_of_year(year_of_origin(growth.head.origin)), growth.head.last_time
        for at, number in enumerate(pending):
            last = max(last, micros(self._clock.now()))
            if last >= end:
                break  # The rest belongs to the next year's log, in a transaction of its own.
            item = items[number]
            survey = surveys[at]
            if survey is None:
                surveyed.clear()  # What it writes may be what the next ones ask for.
                tx.savepoint()
            elif survey not in surveyed:
                run = takewhile(lambda one: one[0] is not None, zip(surveys[at:], pending[at:], strict=True))
                surveyed[survey] = survey(tx.connection, [items[one] for other, one in run if other == survey])
            try:
                seen = None if survey is None else surveyed[survey]
                result, drafts = item.apply(view(tx, growth, seen), last)
                staged = [stage(draft, last) for draft in drafts]
                new = {draft.event_id for draft in drafts}
                if len(new) != len(staged) or new & ids:
                    raise EventExists("an event of this id is in this batch already")
            except Exception as error:
                if survey is None:
                    tx.undo()
                answers[number] = Dropped(error.value) if isinstance(error, Rejected) else error
            else:
                if survey is None:
                    tx.keep()
                ids |= new
                first = len(growth.staged)
                growth.staged.extend(staged)
                kept.append(_Kept(number, result, first, len(growth.staged)))
        return kept

    @staticmethod
    def _check_new(tx: LogTransaction[C], staged: Sequence[Staged], kept: Sequence[_Kept]) -> None:
        found = tx.find_events([one.draft.event_id for one in staged])
        if found:
            raise _Duplicates(
                frozenset(
                    one.number
                    for one in kept
                    if any(event.draft.event_id in found for event in staged[one.first : one.last])
                )
            )

    def _roll_over(self, tx: LogTransaction[C], old: Head | None, at: int) -> list[Placed]:
        new_origin = f"{self._name}/audit/{year_of(at)}"
        placed: list[Placed] = []
        heads = tx.heads()
        if any(head.origin == new_origin for head in heads):
            raise LogForked(f"log {new_origin} exists and is not the last one")
        if old is not None:
            ending = Growth(old)
            ending.staged = [stage(one, at) for one in self._rollover.end(view(tx, ending), at, new_origin)]
            old, placed, _ = append(tx, ending, self._keys, self.signers, ended=True)
        return placed + self._begin(tx, heads, old, at, new_origin, self._rollover)

    def reopen(self, opening: Rollover[C], used: Collection[str]) -> str:
        """Begin a log after one whose last entries are lost; return its origin, which is none of those *used*.

        The old log gets no entry more, not even an end: at those places stood others, which were signed.
        """
        with self._store.write() as tx:
            heads = tx.heads()
            old = current_head(heads, self._name)
            at = self._now(old)
            origin = next_origin(self._name, year_of(at), {*used, *(one.origin for one in heads)})
            if old is not None:
                tx.append(old, replace(old, ended=True), Addition((), (), (), ()))
            self._begin(tx, heads, old, at, origin, opening)
            tx.commit()
        return origin

    def _begin(
        self, tx: LogTransaction[C], heads: Sequence[Head], old: Head | None, at: int, new_origin: str,
        opening: Rollover[C],
    ) -> list[Placed]:  # fmt: skip
        head = empty_head(new_origin, max((one.started for one in heads), default=0) + 1, at, self.signers)
        tx.start(head)
        beginning = Growth(head)
        drafts = opening.start(
            view(tx, beginning), at, None if old is None else old.origin, None if old is None else old.note
        )
        beginning.staged = [stage(one, at) for one in drafts]
        if not beginning.staged:
            raise LogForked(f"log {new_origin} has nothing to begin with")
        return append(tx, beginning, self._keys, self.signers)[1]

    def _now(self, head: Head | None) -> int:
        now = micros(self._clock.now())
        return now if head is None else max(head.last_time, now)

    @staticmethod
    def _commit(tx: LogTransaction[C]) -> None:
        try:
            tx.commit()
        except Exception as error:
            raise _CommitRaised from error

    def _find_out(self, placed: Sequence[Placed], cause: BaseException | None) -> None:
        """Return when a COMMIT that raised did happen; raise CommitFailed when it did not, CommitUnknown in doubt."""
        if isinstance(cause, DurabilityLost):
            # What the disk holds may change once more when the process that wrote it ends: nobody may look and believe.
            self.broken = "the disk failed during a commit; start the gateway again once the store is sound"
            raise CommitUnknown("the store cannot say what it holds") from cause
        if not placed:
            # Rows without an entry: nothing to look for, and nothing that the log could say twice.
            raise CommitUnknown("nobody can say whether the batch was written") from cause
        self._doubt = _Doubt(placed)
        try:
            was_written = self._look(placed)
        except LogBroken:
            raise CommitUnknown("a part of the batch was written") from cause
        except Exception:
            raise CommitUnknown("nobody can say whether the batch was written") from cause
        self._doubt = None
        if not was_written:
            raise CommitFailed("the batch was not written") from cause

    def _settle(self) -> None:
        """Find out what became of a batch in doubt before anything else is written; raise whatever hinders that.

        Those who waited for it have been told that nobody knows, and it is never appended again: whichever answer the
        store gives, the log goes on from it.
        """
        if self._doubt is not None:
            self._look(self._doubt.placed)
            self._doubt = None

    def _look(self, placed: Sequence[Placed]) -> bool:
        """Return whether the batch stands; raises LogBroken when a part of it does.

        Under the head lock: whatever the failed transaction still did at the server has ended by then.
        """
        with self._store.write() as tx:
            found = tx.find_events([one.event_id for one in placed])
        if not found:
            return False
        if any(found.get(one.event_id) != (one.origin, one.index) for one in placed):
            self.broken = "the store holds a part of a batch; verify the log before anything else is written"
            raise LogBroken(self.broken)
        return True


def _enter(answers: dict[int, Outcome], outcomes: list[Outcome | None]) -> None:
    """Enter the answers of a finished transaction."""
    for number, answer in answers.items():
        outcomes[number] = answer
