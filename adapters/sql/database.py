"""What an open database is to those who read and write it, whichever it is."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Engine

from adapters.sql.direct import Direct
from gateway.errors import StoreUnavailable

T = TypeVar("T")


PATIENCE = 20.0
"""Seconds that a request waits for a database that says nothing: longer than the server's own limits."""


class DatabaseUnfit(Exception):
    """The database cannot be used as it is; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database that is open. One write transaction at a time, any number of snapshots beside it."""

    engine: Engine
    write: Callable[[], AbstractContextManager[Connection]]
    """Begin the write transaction, alone among all processes. Leaving it without `commit()` rolls back."""
    read: Callable[[], AbstractContextManager[Connection]]
    """Begin a snapshot that cannot write."""
    close: Callable[[], None]
    direct: Direct
    """Single statements, on the way of a request; closed by itself, before `close`."""
    threads: ReadingThreads | None = None
    """Where snapshots are read that would keep an event loop waiting; None where a read takes microseconds."""

    async def reading(self, query: Callable[[Connection], T]) -> T:
        """Return what *query* reads in a snapshot of its own, without holding up the event loop."""
        if self.threads is None:
            return self._read(query)
        return await self.threads.run(lambda: self._read(query))

    def _read(self, query: Callable[[Connection], T]) -> T:
        with self.read() as connection:
            return query(connection)


class ReadingThreads:
    """A bounded number of threads, and a bounded number of reads that wait for one."""

    def __init__(self, threads: int, waiting: int, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="saattaen-read")
        self._most = threads + waiting
        self._now = 0

    async def run(self, read: Callable[[], T]) -> T:
        """Return what *read* returns.

        Raises StoreUnavailable at once when too many wait already, and when the database says nothing for too long.
        """
        if self._now >= self._most:
            raise StoreUnavailable("too many reads wait for the database")
        self._now += 1
        work = asyncio.get_running_loop().run_in_executor(self._pool, contextvars.copy_context().run, read)
        # Counted until the thread is done, also when nobody waits for it any more.
        work.add_done_callback(self._done)
        done, _ = await asyncio.wait((work,), timeout=self._patience)
        if not done:
            raise StoreUnavailable("the database says nothing")
        return work.result()

    def _done(self, _work: object) -> None:
        self._now -= 1

    def close(self) -> None:
        """Wait for what is being read and let the threads go."""
        self._pool.shutdown(wait=True)
