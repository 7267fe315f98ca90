"""The only writer of the log.

Everything that is written goes through `Log`: items wait in two lanes, one thread takes all that came while the last
commit ran, and one transaction makes rows, entries, the new head and its signature durable together. A waiter gets its
answer after COMMIT and not before.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from audit.checkpoint import HeadSigner, Verifier, verify_head_note
from audit.errors import AuditError, CommitUnknown, LogBroken, LogBusy, LogForked
from audit.keeping import KEEPING, Keeper, Keeping
from audit.keys import DataKeys
from audit.merkle import Tree
from audit.outcome import Committed, Dropped, Outcome
from audit.proof import LogProof
from audit.sequencer import Sequencer
from audit.store import Head, LogHashes, LogReader, LogStore
from audit.writing import Clock, Item, Placed, Rejected, Rollover, current_head

__all__ = ["Clock", "Committed", "Dropped", "Item", "Load", "Log", "Placed", "Rejected", "Rollover"]

_IDLE_PASSES = 8
"""After so many passes of the event loop that brought nothing, a batch is taken as it is."""

C = TypeVar("C")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the log is, for metrics: items waiting, and the size and seconds of the last batch."""

    waiting: int
    last_batch: int
    last_seconds: float


class Log(Generic[C]):
    """One log by a name, rolled over each year: `<name>/audit/<year>`.

    *signers* sign each checkpoint, the log's own key first. *queue* bounds the normal lane; the urgent one is for what
    protects a person and is never shed. A batch that takes longer than *patience* (seconds) is waited for by nobody any
    more. *told* says an error as the log's callers know it. With a *keeper*, nobody is told that something protective
    was written before it is durable outside the store too; for that nobody waits longer than *keeping* (seconds).
    """

    def __init__(
        self,
        store: LogStore[C],
        keys: DataKeys,
        signers: Sequence[HeadSigner],
        clock: Clock,
        name: str,
        rollover: Rollover[C],
        *,
        batch: int = 512,
        queue: int = 4096,
        patience: float = 20.0,
        keeping: float = KEEPING,
        told: Callable[[Exception], Exception] = lambda error: error,
        keeper: Keeper | None = None,
    ) -> None:
        self._store = store
        self._signers = tuple(signers)
        self._former: tuple[HeadSigner, ...] = ()
        self._name = name
        protects = (lambda draft: False) if keeper is None else keeper.protects
        self._sequencer = Sequencer(store, keys, self._signers, clock, name, rollover, protects)
        self._keeping = None if keeper is None else Keeping(keeper, keeping)
        self._batch = batch
        self._bound = queue
        self._urgent: deque[tuple[Item[C, object], asyncio.Future[Outcome]]] = deque()
        self._normal: deque[tuple[Item[C, object], asyncio.Future[Outcome]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-writer")
        self._last = (0, 0.0)
        self._patience = patience
        self._is_silent = False
        self._told = told

    # The doors.

    async def submit(self, item: Item[C, R], *, urgent: bool = False) -> Committed[R] | Dropped:
        """Write an item with whatever else is waiting; return once it is durable.

        Raises LogBusy when the normal lane is full or the store is silent, CommitFailed when nothing of the batch was
        written, CommitUnknown when nobody can say, LogBroken when the log needs an operator, NotKept when it was
        written and the keeper failed, and whatever else the item itself raised. A waiter that is cancelled takes its
        item out of the normal lane if it is still there; an urgent item is written in any case.
        """
        if self._sequencer.broken is not None:
            raise self._told(LogBroken(self._sequencer.broken))
        if not urgent and (self._is_silent or len(self._normal) >= self._bound):
            raise self._told(LogBusy("too much is waiting to be written to the log"))
        loop = asyncio.get_running_loop()
        running = self._task is not None and not self._task.done()
        if running and self._task is not None and self._task.get_loop() is not loop:
            raise RuntimeError("a log serves one event loop at a time")
        future: asyncio.Future[Outcome] = loop.create_future()
        (self._urgent if urgent else self._normal).append((item, future))
        if not running:
            self._task = loop.create_task(self._drain())
        outcome = await future
        if isinstance(outcome, Exception):
            raise self._told(outcome)
        # An urgent item that left no entry says that what it asks for stands already: perhaps nobody kept it yet.
        if isinstance(outcome, Committed) and (outcome.protects or (urgent and not outcome.entries)):
            try:
                await self.keep()
            except AuditError as error:
                raise self._told(error) from error
        return cast("Committed[R] | Dropped", outcome)

    async def keep(self) -> None:
        """Have everything protective that was written so far kept outside the store too; raises NotKept.

        Raises LogForked when the store has lost what was kept: nothing is signed by this process any more.
        """
        if self._keeping is None:
            return
        with self._breaking():
            await self._keeping.keep()

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """Let nothing be written any more once the store has lost what was kept."""
        try:
            yield
        except LogForked as error:
            self._sequencer.broken = str(error)
            raise

    def reopen(self, opening: Rollover[C], used: Collection[str]) -> str:
        """Begin a log after one whose last entries are lost, by what *opening* starts it with; return its origin."""
        return self._thread.submit(self._sequencer.reopen, opening, used).result()

    def commit(self, items: Sequence[Item[C, R]]) -> list[Committed[R] | Dropped]:
        """Write items and wait; for those who have no event loop. Raises the first error, the others being written."""
        outcomes = self._thread.submit(self._write, list(items)).result()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise self._told(outcome)
        if self._keeping is not None and any(isinstance(one, Committed) and one.protects for one in outcomes):
            with self._breaking():
                self._keeping.keep_now()
        return cast("list[Committed[R] | Dropped]", outcomes)

    def verifier(self, origin: str) -> Verifier:
        """Return the public key of a log that stands first among its signatures."""
        return self._signers[0].verifier(origin)

    def check_key(self) -> None:
        """Raise SignatureInvalid unless the open log's head bears a signature by a key that signs; none yet is fine.

        It is KeyRetired where a key that signs no more made the only signature that is known.
        """
        with self._store.read() as reader:
            head = current_head(reader.heads(), self._name)
        if head is not None:
            verify_head_note(head.note, self.signing(head.origin), self.verifiers(head.origin), head.origin)

    @property
    def broken(self) -> str | None:
        """Why nothing is written any more, until the gateway is started again; None while all is well."""
        return self._sequencer.broken

    def verifiers(self, origin: str) -> list[Verifier]:
        """Return every public key that signs a log or did: for notes that were signed at any time."""
        return [key for one in (*self._signers, *self._former) for key in one.verifiers(origin)]

    def signing(self, origin: str) -> list[Verifier]:
        """Return the public keys that sign a log now."""
        return [key for one in self._signers for key in one.signing(origin)]

    def head_verifiers(self, head: Head) -> list[Verifier]:
        """Return the public keys of which one must have signed this head: while its log is open, those that sign now.

        Whoever stole a retired key could else sign a head of the open log, as if nothing had been written since.
        """
        return self.verifiers(head.origin) if head.ended else self.signing(head.origin)

    def sign_with(self, signers: Sequence[HeadSigner], former: Sequence[HeadSigner] = ()) -> None:
        """Sign with other keys from the next batch on. *former* keys signed once and only verify."""
        self._signers, self._former = tuple(signers), tuple(former)
        self._sequencer.signers = self._signers

    def load(self) -> Load:
        """Return how busy the log is."""
        return Load(len(self._urgent) + len(self._normal), *self._last)

    def close(self) -> None:
        """Wait for the transaction that runs and let the thread go."""
        self._thread.shutdown(wait=True)

    # Reading.

    def checkpoint_now(self, origin: str | None = None) -> bytes:
        """Return the latest checkpoint note of a log, of the open one when no origin is given."""
        with self._store.read() as reader:
            return self._head(reader, origin).note

    def consistency_proof_now(self, origin: str, old_size: int, new_size: int) -> list[bytes]:
        """Return the proof that the tree of *old_size* is a prefix of that of *new_size*."""
        with self._store.read() as reader:
            self._check_size(self._head(reader, origin), new_size)
            return Tree(LogHashes(reader, origin), new_size).consistency_proof(old_size)

    def receipt_now(self, origin: str, index: int, *, extra: bytes | None = None) -> LogProof:
        """Return a receipt for an entry under the latest checkpoint."""
        with self._store.read() as reader:
            head = self._head(reader, origin)
            path = Tree(LogHashes(reader, origin), head.size).inclusion_proof(index)
            return LogProof(index, tuple(path), head.note, extra)

    async def consistency_proof(self, origin: str, old_size: int, new_size: int) -> list[bytes]:
        """Do as `consistency_proof_now`, off the event loop."""
        return await asyncio.to_thread(self.consistency_proof_now, origin, old_size, new_size)

    async def receipt(self, origin: str, index: int, *, extra: bytes | None = None) -> LogProof:
        """Do as `receipt_now`, off the event loop."""
        return await asyncio.to_thread(self.receipt_now, origin, index, extra=extra)

    def _head(self, reader: LogReader, origin: str | None) -> Head:
        heads = reader.heads()
        if origin is None:
            head = current_head(heads, self._name)
        else:
            head = next((one for one in heads if one.origin == origin), None)
        if head is None:
            raise AuditError("there is no such log")
        return head

    @staticmethod
    def _check_size(head: Head, size: int) -> None:
        if not 0 < size <= head.size:
            raise AuditError(f"log {head.origin} has no size {size}; it has {head.size} entries")

    # The queue, on the event loop.

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._let_arrive()
            if not (taken := self._take()):
                return
            work = loop.run_in_executor(self._thread, self._write, [item for item, _ in taken])
            alarm = loop.call_later(self._patience, self._give_up, taken)
            try:
                outcomes = await work
            except Exception as error:
                outcomes = [error] * len(taken)
            except BaseException:
                for _, future in taken:
                    future.cancel()
                raise
            finally:
                alarm.cancel()
                self._is_silent = False
            for (_, future), outcome in zip(taken, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)

    async def _let_arrive(self) -> None:
        """Let those who are ready to go on do so first, and bring what they have to write.

        This waits for nobody: each pass is work that is to be done in any case, and the last ones find nothing to do.
        What is urgent is taken at once all the same.
        """
        idle, waiting = 0, len(self._normal) + len(self._urgent)
        while idle < _IDLE_PASSES and not self._urgent and 0 < waiting < self._batch:
            await asyncio.sleep(0)
            before, waiting = waiting, len(self._normal) + len(self._urgent)
            idle = idle + 1 if waiting == before else 0

    def _give_up(self, taken: Sequence[tuple[Item[C, object], asyncio.Future[Outcome]]]) -> None:
        """Answer those who wait for a store that says nothing. It may still write what it was given.

        Urgent items stay in their lane and are written once it speaks again; what is normal asks anew.
        """
        self._is_silent = True
        for _, future in taken:
            if not future.done():
                future.set_result(CommitUnknown("the store is silent"))
        while self._normal:
            _, future = self._normal.popleft()
            if not future.done():
                future.set_result(LogBusy("the store is silent; nothing of this was written"))

    def _write(self, items: Sequence[Item[C, object]]) -> list[Outcome]:
        began = time.perf_counter()
        outcomes = self._sequencer.write(items)
        self._last = (len(items), time.perf_counter() - began)
        return outcomes

    def _take(self) -> list[tuple[Item[C, object], asyncio.Future[Outcome]]]:
        taken: list[tuple[Item[C, object], asyncio.Future[Outcome]]] = []
        while self._urgent and len(taken) < self._batch:
            taken.append(self._urgent.popleft())
        while self._normal and len(taken) < self._batch:
            item, future = self._normal.popleft()
            if not future.cancelled():
                taken.append((item, future))
        return taken
