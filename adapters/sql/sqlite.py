"""SQLite: settings that make a commit durable, behind a file lock that is fair between processes."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from adapters.sql.database import Database, DatabaseUnfit
from adapters.sql.direct import Fields, Listener, Parameters, Statement
from gateway.errors import StoreUnavailable

_BUSY_MILLISECONDS = 10_000
_POOL_SECONDS = 1
"""How long anyone waits for a connection: a read may wait on the event loop, and everyone with it."""
_BEGIN = "saattaen_begin"


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Return whether this SQLite may corrupt a WAL database that several connections write (fixed in 3.51.3)."""
    if version >= (3, 51, 3):
        return False
    return not ((3, 44, 6) <= version < (3, 45) or (3, 50, 7) <= version < (3, 51))


def sqlite_modules() -> tuple[ModuleType, ...]:
    """Return every sqlite3 module that is installed, sound or not; the one to prefer stands first."""
    import sqlite3

    try:
        import pysqlite3  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        return (sqlite3,)
    return (pysqlite3, sqlite3)


def sqlite_module() -> ModuleType:
    """Return a sqlite3 module whose SQLite is sound; raises DatabaseUnfit when there is none."""
    candidates = sqlite_modules()
    for module in candidates:
        if not has_wal_reset_bug(tuple(module.sqlite_version_info)):
            return module
    raise DatabaseUnfit(
        f"SQLite {candidates[0].sqlite_version} can corrupt its database when several connections write "
        "(fixed in 3.51.3). Install pysqlite3 0.6.1 or later, or a Python with a newer SQLite."
    )


def open_sqlite(url: URL) -> Database:
    """Open a database file; raises DatabaseUnfit."""
    if url.database is None or url.database in ("", ":memory:") or url.query:
        raise DatabaseUnfit("The database must be a file, and its URL must have no query: sqlite:////path/to/file.db")
    path = Path(url.database)
    if not path.parent.is_dir():
        raise DatabaseUnfit("The folder of the database does not exist; make it first.")
    module = sqlite_module()
    writing = create_engine(url, module=module, pool_size=2, max_overflow=2, pool_timeout=_POOL_SECONDS)
    reading = create_engine(url, module=module, pool_size=8, max_overflow=8, pool_timeout=_POOL_SECONDS)
    _prepare(writing, reads_only=False)
    _prepare(reading, reads_only=True)
    transactions = _SqliteTransactions(writing, reading, path.with_name(path.name + ".lock"))
    try:
        with writing.connect() as connection:
            _check_settings(connection)
    except DBAPIError as error:
        writing.dispose()
        raise DatabaseUnfit(f"The database file cannot be used: {error.orig}.") from error

    def connect() -> Any:
        # Closed by whoever closes the database, which may be another thread.
        raw = module.connect(path, isolation_level=None, check_same_thread=False)
        _configure(raw, reads_only=True)
        # These reads may hold the event loop, and everyone with it.
        raw.execute(f"PRAGMA busy_timeout={_POOL_SECONDS * 1000}").fetchall()
        return raw

    direct = SqliteDirect(module, connect)
    return Database(writing, transactions.write, transactions.read, transactions.close, direct)


def _prepare(engine: Engine, *, reads_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connect(dbapi_connection: DBAPIConnection, _record: object) -> None:
        # The driver must not begin transactions of its own, or BEGIN IMMEDIATE and SAVEPOINT would not work.
        dbapi_connection.isolation_level = None
        _configure(dbapi_connection, reads_only=reads_only)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _configure(raw: DBAPIConnection, *, reads_only: bool) -> None:
    cursor = raw.cursor()
    for pragma in (
        f"busy_timeout={_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "fullfsync=ON",
        "checkpoint_fullfsync=ON",
        "foreign_keys=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
        f"query_only={'ON' if reads_only else 'OFF'}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
        cursor.fetchall()
    cursor.close()


class SqliteDirect:
    """Single reads of a database file, on a connection of each thread's own. A read takes microseconds."""

    def __init__(self, module: ModuleType, connect: Callable[[], Any]) -> None:
        self.listeners: list[Listener] = []
        self._module, self._connect_anew = module, connect
        self._local = threading.local()
        self._opened: list[Any] = []

    async def fetch(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        """Return the rows; see `Direct`."""
        return self.fetch_now(one, parameters)

    def fetch_now(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        """Return the rows; see `Direct`."""
        for listener in self.listeners:
            listener(one.sqlite)
        try:
            connection = getattr(self._local, "connection", None) or self._connect()
            rows: Sequence[Fields] = connection.execute(one.sqlite, parameters).fetchall()
        except self._module.Error as error:
            raise StoreUnavailable("the database cannot be read") from error
        return rows

    def _connect(self) -> Any:
        connection = self._local.connection = self._connect_anew()
        self._opened.append(connection)
        return connection

    async def close(self) -> None:
        """Let the connections go; see `Direct`."""
        self._local = threading.local()
        while self._opened:
            self._opened.pop().close()


def _check_settings(connection: Connection) -> None:
    for pragma, wanted in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1)):
        value = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
        if value != wanted:
            raise DatabaseUnfit(
                f"SQLite's {pragma} is {value} and must be {wanted}; is the database on a disk that can lock files?"
            )


class _SqliteTransactions:
    def __init__(self, writing: Engine, reading: Engine, lock: Path) -> None:
        self._writing = writing.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        self._reading = reading
        self._lock = lock

    @contextmanager
    def write(self) -> Iterator[Connection]:
        # flock in front of BEGIN IMMEDIATE: SQLite's own busy handler sleeps and is unfair between processes.
        with _locked(self._lock), self._writing.connect() as connection, connection.begin() as transaction:
            yield connection
            if transaction.is_active:
                transaction.rollback()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._reading.connect() as connection, connection.begin():
            # A deferred transaction takes its snapshot at the first read; take it now.
            connection.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1").all()
            yield connection

    def close(self) -> None:
        self._writing.dispose()
        self._reading.dispose()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
