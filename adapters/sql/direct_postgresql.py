"""Single reads of PostgreSQL: by asyncpg on the loop, by psycopg on a connection of its own for a thread that may wait.

Each is a statement of its own in READ COMMITTED, so it sees all that was committed before it began, at the primary.
asyncpg is here for its cost alone: a prepared read takes 27 us of this process where psycopg's pool takes 157.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg
import psycopg

from adapters.sql.direct import Fields, Listener, Parameters, Statement
from adapters.sql.gathering import Answer, Gathering, Values
from adapters.sql.lanes import Address, Lane, Lanes
from gateway.errors import StoreUnavailable

T = TypeVar("T")

CONNECTIONS = 8
_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class PostgresDirect:
    """Single reads at an address. Few connections stay open; a bounded number of reads waits for one.

    A server that says nothing for *patience* seconds is not waited for any longer.
    """

    def __init__(self, address: Address, patience: float, connections: int = CONNECTIONS) -> None:
        self.listeners: list[Listener] = []
        self._address = address
        self._lanes = Lanes(address, patience, connections)
        self._gathering = Gathering(self._ask)
        self._local = threading.local()
        self._opened: list[psycopg.Connection[Fields]] = []

    async def fetch(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        """Return the rows; see `Direct`. Questions that come at the same time are asked as one (`gathering`)."""
        self._tell(one)
        values = [parameters[name] for name in one.names]
        if not values:
            return await self._ask_alone(one, values)
        return await self._gathering.fetch(one, values)

    async def _ask(self, one: Statement, questions: Sequence[Values]) -> Sequence[Answer]:
        if len(questions) == 1:
            return [await self._ask_alone(one, questions[0])]
        try:
            return await self._on_a_lane(lambda lane: lane.fetch_many(one, questions))
        except _Refused:
            # Whoever asked what cannot be answered has spoiled it for the others.
            return [await self._answer_alone(one, values) for values in questions]

    async def _answer_alone(self, one: Statement, values: Values) -> Answer:
        try:
            return await self._ask_alone(one, values)
        except StoreUnavailable as error:
            return error

    async def _ask_alone(self, one: Statement, values: Values) -> Sequence[Fields]:
        return await self._on_a_lane(lambda lane: lane.fetch(one.numbered, values))

    async def _on_a_lane(self, ask: Callable[[Lane], Awaitable[T]]) -> T:
        """Ask by a connection. One that was cut while nobody used it is replaced once."""
        lane = await self._lanes.take()
        is_new = lane.is_new
        try:
            return await ask(lane)
        except _FAILURES as error:
            # The driver may be in the middle of hearing that it was cut.
            was_cut = lane.is_closed or isinstance(error, asyncpg.InternalClientError)
            lane.drop()
            if not was_cut and not isinstance(error, OSError):
                raise _Refused("the database cannot be read") from error
            if is_new or not was_cut:
                raise StoreUnavailable("the database cannot be read") from error
        except BaseException:
            # Cancelled in the middle of an answer, which nobody reads now.
            lane.drop()
            raise
        finally:
            self._lanes.give_back(lane)
        return await self._on_a_lane(ask)

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


class _Refused(StoreUnavailable):
    """The database answers, and not this."""
