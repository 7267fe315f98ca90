"""A few connections of asyncpg that stay open, with the statements prepared on each, lent one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from adapters.sql.direct import Fields, Statement
from adapters.sql.gathering import Values, gathered
from gateway.errors import StoreUnavailable

_WAITING = 512
_WAITING_SECONDS = 2.0
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is, as each of the two drivers wants to be told. It holds a password: it is never printed."""

    asyncpg: str
    psycopg: str
    settings: Mapping[str, str]

    def __repr__(self) -> str:
        return "Address()"


class Lane:
    """A place for one connection, with the statements that were prepared on it."""

    def __init__(self, address: Address, patience: float) -> None:
        self._address, self._patience = address, patience
        self._connection: Any = None
        self._prepared: dict[str, Any] = {}
        self._many: dict[str, Any] = {}

    @property
    def is_new(self) -> bool:
        """Whether nothing was asked by it yet."""
        return self._connection is None

    @property
    def is_closed(self) -> bool:
        """Whether its connection was cut."""
        return self._connection is not None and bool(self._connection.is_closed())

    async def fetch(self, text: str, values: Values) -> Sequence[Fields]:
        """Return the rows; raises what the driver raises."""
        await self._connect()
        rows: Sequence[Fields] = await (await self._prepare(text)).fetch(*values)
        return rows

    async def fetch_many(self, one: Statement, questions: Sequence[Values]) -> list[list[Fields]]:
        """Return the rows of each question, all of one statement and so of one snapshot."""
        await self._connect()
        many = self._many.get(one.numbered)
        if many is None:
            types = [kind.name for kind in (await self._prepare(one.numbered)).get_parameters()]
            many = self._many[one.numbered] = await self._connection.prepare(gathered(one, types))
        answers: list[list[Fields]] = [[] for _ in questions]
        for row in await many.fetch(*zip(*questions, strict=True)):
            answers[row[0] - 1].append(row[1:])
        return answers

    async def _prepare(self, text: str) -> Any:
        prepared = self._prepared.get(text)
        if prepared is None:
            prepared = self._prepared[text] = await self._connection.prepare(text)
        return prepared

    async def _connect(self) -> None:
        if self._connection is None:
            self._connection = await asyncpg.connect(
                self._address.asyncpg, server_settings=dict(self._address.settings), target_session_attrs="primary",
                timeout=min(_CONNECT_SECONDS, self._patience), command_timeout=self._patience,
            )  # fmt: skip

    def drop(self) -> None:
        """Let the connection go at once, whatever it is doing."""
        if self._connection is not None:
            self._connection.terminate()
        self._connection, self._prepared, self._many = None, {}, {}

    async def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            await self._connection.close(timeout=1)
        self._connection, self._prepared, self._many = None, {}, {}


class Lanes:
    """The lanes that are free, the one used last first. Whoever waits longest is next: a semaphore is fair."""

    def __init__(self, address: Address, patience: float, count: int) -> None:
        self._free = [Lane(address, patience) for _ in range(count)]
        self._places = asyncio.Semaphore(count)
        self._waiting = 0

    async def take(self) -> Lane:
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

    def give_back(self, lane: Lane) -> None:
        """Lend it to whoever is next."""
        self._free.append(lane)
        self._places.release()

    async def close(self) -> None:
        """Let the connections go that nobody uses."""
        for lane in self._free:
            await lane.close()
