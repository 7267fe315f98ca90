"""PostgreSQL 15 or newer, by psycopg 3: two engines, one that writes under the head lock and one for snapshots.

Whoever writes locks the row of the oldest log first. Rows of logs are never deleted, so this row is the same one for
all processes, also while a new year's log is begun beside it.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from adapters.sql.database import PATIENCE, Database, DatabaseUnfit, ReadingThreads
from gateway.errors import StoreUnavailable

if TYPE_CHECKING:
    from psycopg import Connection as Raw

    from adapters.sql.direct_postgresql import PostgresDirect

OLDEST = 15
"""The oldest major version that this program was tested with."""

_POOL_SECONDS = 2
_READERS = 8
_WAITING_READS = 512
_WRITERS = 4
_ASK_AFTER_SECONDS = 10
_IDLE_SINCE = "saattaen_idle_since"
_LOCK_KEY = 0x5AA77AE4
"""The advisory lock of those who find no log to lock: before the first log, and in the database of keys."""

_LIMITS = {
    # A commit that was answered stands after a crash; with a standby, `remote_apply` set at the server stays.
    "writing": {"lock_timeout": "10s", "statement_timeout": "20s", "idle_in_transaction_session_timeout": "30s"},
    "reading": {"lock_timeout": "5s", "statement_timeout": "15s", "idle_in_transaction_session_timeout": "60s"},
}
_CONNECTING = {
    "connect_timeout": "5", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    # A standby may be behind, and would let a withdrawn consent through.
    "target_session_attrs": "primary",
}  # fmt: skip
_ALSO_ASYNCPGS = frozenset(
    {
        "host",
        "port",
        "passfile",
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslcrl",
        "sslpassword",
        "sslnegotiation",
    }
)
"""The words of a URL's query that asyncpg reads as libpq does."""
_DURABLE = text(
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)
_SETTING = text("SELECT current_setting(:name)")
_LOCK_HEAD = text("SELECT log FROM audit_head ORDER BY started LIMIT 1 FOR UPDATE")
_LOCK_NAME = text("SELECT pg_advisory_xact_lock(:key), to_regclass('audit_head') IS NOT NULL")


def open_postgresql(url: URL, patience: float = PATIENCE) -> Database:
    """Open a database of a PostgreSQL server; raises DatabaseUnfit. *patience* bounds a read of a silent server."""
    if url.get_driver_name() != "psycopg":
        raise DatabaseUnfit("PostgreSQL is reached by psycopg: give a postgresql+psycopg:// URL.")
    if not url.database:
        raise DatabaseUnfit("The URL names no database: postgresql+psycopg://user@host/database")
    try:
        writing = _engine(url, "writing", pool_size=_WRITERS, max_overflow=2)
        reading = _engine(url, "reading", pool_size=_READERS, max_overflow=4)
    except ImportError as error:
        raise DatabaseUnfit("PostgreSQL needs the package psycopg; install this program again.") from error
    try:
        with writing.connect() as connection:
            _check_server(connection)
    except DBAPIError as error:
        writing.dispose()
        raise DatabaseUnfit(f"PostgreSQL cannot be used: {_first_line(error)}") from error
    except DatabaseUnfit:
        writing.dispose()
        raise
    transactions = _Transactions(writing, reading, ReadingThreads(_READERS, _WAITING_READS, patience))
    direct, threads = direct_reads(url, patience), transactions.threads
    return Database(writing, transactions.write, transactions.read, transactions.close, direct, threads)


def create_beside(url: URL, name: str) -> str:
    """Make an empty database on the server of *url*, through the one that it names, and return the new one's URL.

    Raises DatabaseUnfit where there is one of this name already, or the role may not make databases.
    """
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", use_native_hstore=False)
    quoted = engine.dialect.identifier_preparer.quote_identifier(name)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {quoted}")
    except DBAPIError as error:
        raise DatabaseUnfit(f"The database {name} cannot be made: {_first_line(error)}") from error
    return url.set(database=name).render_as_string(hide_password=False)


def _arguments(url: URL, role: str) -> dict[str, str]:
    """Return what psycopg connects by beside the URL's own parts, with the limits of a role."""
    given = {name: str(value) for name, value in url.query.items()}
    limits = " ".join(f"-c {name}={value}" for name, value in _LIMITS[role].items())
    return {
        **_CONNECTING, "application_name": f"saattaen-{role}", **given,
        "options": f"{limits} {given.get('options', '')}".strip(),
    }  # fmt: skip


def _engine(url: URL, role: str, *, pool_size: int, max_overflow: int) -> Engine:
    engine = create_engine(
        url, connect_args=_arguments(url, role), pool_size=pool_size, max_overflow=max_overflow,
        pool_timeout=_POOL_SECONDS, pool_recycle=1800, use_native_hstore=False,
    )  # fmt: skip
    _prepare(engine, reads_only=role == "reading")
    return engine


def direct_reads(url: URL, patience: float) -> PostgresDirect:
    """Return the single reads of a database; nothing is opened yet."""
    from psycopg.conninfo import make_conninfo

    from adapters.sql.direct_postgresql import PostgresDirect
    from adapters.sql.lanes import Address

    own = url.set(query={}).translate_connect_args(username="user", database="dbname")
    arguments = {name: str(value) for name, value in own.items()} | _arguments(url, "reading")
    arguments["options"] += " -c default_transaction_read_only=on"
    # asyncpg would hand to the server as a setting whatever it does not know of libpq's words.
    query = {name: value for name, value in url.query.items() if name in _ALSO_ASYNCPGS}
    address = url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)
    settings = {name: arguments[name] for name in ("application_name", "options")}
    return PostgresDirect(Address(address, make_conninfo(**arguments), settings), patience)


def _prepare(engine: Engine, *, reads_only: bool) -> None:
    from psycopg import IsolationLevel

    @event.listens_for(engine, "connect")
    def _connect(raw: Raw[tuple[object, ...]], _record: object) -> None:
        raw.autocommit = True
        if not reads_only:
            raw.execute(_DURABLE.text)
        raw.autocommit = False
        # The driver says both in its BEGIN, which costs nothing.
        raw.isolation_level = IsolationLevel.REPEATABLE_READ if reads_only else IsolationLevel.READ_COMMITTED
        raw.read_only = reads_only

    @event.listens_for(engine, "checkin")
    def _checkin(_raw: object, record: ConnectionPoolEntry) -> None:
        record.info[_IDLE_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _checkout(raw: Raw[tuple[object, ...]], record: ConnectionPoolEntry, _proxy: object) -> None:
        # Asking the server each time costs a journey. One that has gone said so, and its word waits to be read.
        now = time.monotonic()
        idle = now - record.info.get(_IDLE_SINCE, now)
        if raw.closed or ((_has_word(raw.fileno()) or idle > _ASK_AFTER_SECONDS) and not _answers(raw)):
            raise DisconnectionError("the connection was cut while nobody used it")


def _has_word(socket: int) -> bool:
    waiting = select.poll()
    waiting.register(socket, select.POLLIN)
    return bool(waiting.poll(0))


def _answers(raw: Raw[tuple[object, ...]]) -> bool:
    from psycopg import Error

    try:
        raw.execute("SELECT 1")
        raw.rollback()
    except Error:
        return False
    return True


def _check_server(connection: Connection) -> None:
    number = int(connection.execute(_SETTING, {"name": "server_version_num"}).scalar_one())
    if number < OLDEST * 10_000:
        raise DatabaseUnfit(f"PostgreSQL {number // 10_000} is too old; this program needs {OLDEST} or newer.")
    wanted: Mapping[str, str] = {"server_encoding": "UTF8", "fsync": "on", "full_page_writes": "on"}
    for name, value in wanted.items():
        found = connection.execute(_SETTING, {"name": name}).scalar_one()
        if found != value:
            raise DatabaseUnfit(f"PostgreSQL's {name} is {found} and must be {value}, or a commit may be lost.")


def _first_line(error: DBAPIError) -> str:
    said = str(error.orig).strip().splitlines()
    return said[0] if said else type(error.orig).__name__


class _Transactions:
    def __init__(self, writing: Engine, reading: Engine, threads: ReadingThreads) -> None:
        self._writing = writing
        self._reading = reading
        self.threads = threads
        self._has_head = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _checked_out(self._writing) as connection, connection.begin() as transaction:
            self._lock(connection)
            yield connection
            if transaction.is_active:
                transaction.rollback()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        # The first statement takes the snapshot of all that follow.
        with _checked_out(self._reading) as connection, connection.begin():
            yield connection

    def _lock(self, connection: Connection) -> None:
        """Lock the oldest log's row; where there is no log yet, a name that all agree on, and look again."""
        if self._has_head and connection.execute(_LOCK_HEAD).first() is not None:
            return
        self._has_head = bool(connection.execute(_LOCK_NAME, {"key": _LOCK_KEY}).one()[1])
        if self._has_head:
            connection.execute(_LOCK_HEAD)

    def close(self) -> None:
        self.threads.close()
        self._writing.dispose()
        self._reading.dispose()


@contextmanager
def _checked_out(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except PoolTimeoutError as error:
        raise StoreUnavailable("every connection to the database is taken") from error
    with connection:
        yield connection
