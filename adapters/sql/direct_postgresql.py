"""Single reads of PostgreSQL: by asyncpg on the loop, by psycopg on a connection of its own for a thread that may wait.

Each is a statement of its own in READ COMMITTED, so it sees all that was committed before it began, at the primary.
asyncpg is here for its cost alone: a prepared read takes 27 us of this process where psycopg's pool takes 157.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import psycopg

from adapters.sql.direct import Fields, Listener, Parameters, Statement
from gateway.errors import StoreUnavailable

CONNECTIONS = 8
_WAITING = 512
_WAITING_SECONDS = 2.0
_CONNECT_SECONDS = 5.0
_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is, as each of the two drivers wants to be told. It holds a password: it is never printed."""

    asyncpg: str
    psycopg: str
    settings: Mapping[str, str]

    def __repr__(self) -> str:
        return "Address()"


class PostgresDirect:
    """Single reads at an address. Few connections stay open; a bounded number of reads waits for one.

    A server that says nothing for *patience* seconds is not waited for any longer.
    """

    def __init__(self, address: Address, patience: float, connections: int = CONNECTIONS) -> None:
        self.listeners: list[Listener] = []
        self._address = address
        self._lanes = _Lanes(address, patience, connections)
        self._local = threading.local()
        self._opened: list[psycopg.Connection[Fields]] = []

    async def fetch(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        """Return the rows; see `Direct`. A connection that was cut while nobody used it is replaced once."""
        self._tell(one)
        values = [parameters[name] for name in one.names]
        lane = await self._lanes.take()
        is_new = lane.is_new
        try:
            return await lane.fetch(one.numbered, values)
        except _FAILURES as error:
            was_cut = lane.is_closed
            lane.drop()
            if is_new or not was_cut:
                raise StoreUnavailable("the database cannot be read") from error
        except BaseException:
            # Cancelled in the middle of an answer, which nobody reads now.
            lane.drop()
            raise
        finally:
            self._lanes.give_back(lane)
        return await self.fetch(one, parameters)

    def fetch_now(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        """Return the rows; see `Direct`. A connection that was cut while nobody used it is replaced once."""
        self._tell(one)
        try:
            connection: psycopg.Connection[Fields] | None = getattr(self._local, "connection", None)
            if connection is not None:
                try:
                    return connection.execute(one.postgresql, parameters).fetchall()
                except psycopg.OperationalError:
                    if not connection.closed:
                        raise
            return self._connect().execute(one.postgresql, parameters).fetchall()
        except psycopg.Error as error:
            raise StoreUnavailable("the database cannot be read") from error

    def _tell(self, one: Statement) -> None:
        for listener in self.listeners:
            listener(one.postgresql)

    def _connect(self) -> psycopg.Connection[Fields]:
        connection: psycopg.Connection[Fields] = psycopg.connect(
            self._address.psycopg, autocommit=True, prepare_threshold=0
        )
        self._opened = [one for one in self._opened if not one.closed]
        self._opened.append(connection)
        self._local.connection = connection
        return connection

    async def close(self) -> None:
        """Let the connections go; see `Direct`."""
        self._local = threading.local()
        while self._opened:
            self._opened.pop().close()
        await self._lanes.close()


class _Lane:
    """A place for one connection, with the statements that were prepared on it."""

    def __init__(self, address: Address, patience: float) -> None:
        self._address, self._patience = address, patience
        self._connection: Any = None
        self._prepared: dict[str, Any] = {}

    @property
    def is_new(self) -> bool:
        return self._connection is None

    @property
    def is_closed(self) -> bool:
        return self._connection is not None and bool(self._connection.is_closed())

    async def fetch(self, text: str, values: Sequence[object]) -> Sequence[Fields]:
        if self._connection is None:
            self._connection = await asyncpg.connect(
                self._address.asyncpg, server_settings=dict(self._address.settings), target_session_attrs="primary",
                timeout=min(_CONNECT_SECONDS, self._patience), command_timeout=self._patience,
            )  # fmt: skip
        prepared = self._prepared.get(text)
        if prepared is None:
            prepared = self._prepared[text] = await self._connection.prepare(text)
        rows: Sequence[Fields] = await prepared.fetch(*values)
        return rows

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection, self._prepared = None, {}

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close(timeout=1)
        self._connection, self._prepared = None, {}


class _Lanes:
    """The lanes that are free, the one used last first. Whoever waits longest is next: a semaphore is fair."""

    def __init__(self, address: Address, patience: float, count: int) -> None:
        self._free = [_Lane(address, patience) for _ in range(count)]
        self._places = asyncio.Semaphore(count)
        self._waiting = 0

    async def take(self) -> _Lane:
        """Return a lane; raises StoreUnavailable when too many wait, or when none is free in time."""
        if not self._places.locked():
            await self._places.acquire()  # Does not wait.
            return self._free.pop()
        if self._waiting >= _WAITING:
            raise StoreUnavailable("too many reads wait for the database")
        self._waiting += 1
        try:
            async with asyncio.timeout(_WAITING_SECONDS):
                await self._places.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("every connection to the database is taken") from error
        finally:
            self._waiting -= 1
        return self._free.pop()

    def give_back(self, lane: _Lane) -> None:
        self._free.append(lane)
        self._places.release()

    async def close(self) -> None:
        for lane in self._free:
            await lane.close()
