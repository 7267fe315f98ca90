"""Where a test takes hold of an opened database: it can be gone, and its COMMIT can fail before or after its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from adapters.sql.direct import Direct, Fields, Listener, Parameters, Statement
from adapters.sql.engine import Database, open_database
from adapters.sql.faults import telling
from gateway.errors import StoreUnavailable

Begin = Callable[[], AbstractContextManager[Connection]]


class Hinge:
    """Opens a database as the gateway does, and lets it fail when it is told to."""

    def __init__(self) -> None:
        self._is_down = False
        self._at_commit: str | None = None
        self._then: Callable[[], None] = lambda: None

    def open(self, url: str, patience: float) -> Database:
        """Open the database; for `opened(open_store=...)`."""
        database = open_database(url, patience)
        return replace(
            database, write=telling(self._hung(database.write)), read=telling(self._hung(database.read, commits=False)),
            direct=_Hung(database.direct, lambda: self._is_down),
        )  # fmt: skip

    @contextmanager
    def down(self) -> Iterator[None]:
        """Let no transaction begin."""
        self._is_down = True
        try:
            yield
        finally:
            self._is_down = False

    @contextmanager
    def cutting_commits(self, when: str) -> Iterator[None]:
        """Fail each COMMIT: `before` it is made, `after`, or `and-go`: after it, and let nothing begin from then on."""
        self._at_commit = when
        try:
            yield
        finally:
            self._at_commit, self._is_down = None, False

    def at_commit(self, when: str, then: Callable[[], None]) -> None:
        """Let *then* happen `before` or `after` each COMMIT from now on."""
        self._at_commit, self._then = when, then

    def _hung(self, begin: Begin, *, commits: bool = True) -> Begin:
        @contextmanager
        def begun() -> Iterator[Connection]:
            if self._is_down:
                raise _failure("BEGIN", "unable to open database file")
            with begin() as connection:
                yield connection if self._at_commit is None or not commits else _Cut(connection, self._commit)  # type: ignore[misc]

        return begun

    def _commit(self, commit: Callable[[], None]) -> None:
        when = self._at_commit
        if when == "before":
            self._then()
            raise _failure("COMMIT", "the connection was lost")
        commit()
        if when is not None:
            self._then()
            self._is_down = when == "and-go"
            raise _failure("COMMIT", "the connection was lost")


class _Hung:
    """Single reads that fail while the database is down."""

    def __init__(self, direct: Direct, is_down: Callable[[], bool]) -> None:
        self._direct, self._is_down = direct, is_down

    @property
    def listeners(self) -> list[Listener]:
        return self._direct.listeners

    async def fetch(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        self._check()
        return await self._direct.fetch(one, parameters)

    def fetch_now(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        self._check()
        return self._direct.fetch_now(one, parameters)

    def _check(self) -> None:
        if self._is_down():
            raise StoreUnavailable("unable to open database file")

    async def close(self) -> None:
        await self._direct.close()


class _Cut:
    """A connection whose COMMIT goes through a hand that may let go."""

    def __init__(self, connection: Connection, through: Callable[[Callable[[], None]], None]) -> None:
        self._connection, self._through = connection, through

    def commit(self) -> None:
        self._through(self._connection.commit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _failure(statement: str, why: str) -> OperationalError:
    return OperationalError(statement, {}, Exception(why))
