"""Opening a database only to look at it: neither driver, server nor this program would write to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from adapters.sql.database import PATIENCE, Database, DatabaseUnfit, ReadingThreads
from adapters.sql.direct import Direct
from adapters.sql.postgresql import direct_reads
from adapters.sql.sqlite import SqliteDirect, sqlite_module
from gateway.errors import ReadOnly

_CONNECTIONS = 4
_LIMITS = "-c default_transaction_read_only=on -c lock_timeout=5s -c statement_timeout=60s"


def open_for_inspection(url: str, patience: float = PATIENCE) -> Database:
    """Open a database by its SQLAlchemy URL without writing to it; raises DatabaseUnfit.

    SQLite makes its two files beside a database in WAL mode where they are missing, and nothing in the database itself.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnfit("The database is named by a URL: sqlite:////path/to/file.db") from None
    is_sqlite = parsed.get_backend_name() == "sqlite"
    engine = _of_file(parsed) if is_sqlite else _of_server(parsed)
    direct: Direct = SqliteDirect(sqlite_module(), _connecting(parsed)) if is_sqlite else direct_reads(parsed, patience)
    threads = None if is_sqlite else ReadingThreads(_CONNECTIONS, 64)
    read = _reading(engine, "SELECT 1 FROM sqlite_schema LIMIT 1" if is_sqlite else "SELECT 1")
    try:
        with read():
            pass
    except DBAPIError as error:
        engine.dispose()
        said = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        raise DatabaseUnfit(f"The database cannot be read: {said[0]}") from None

    def close() -> None:
        if threads is not None:
            threads.close()
        engine.dispose()

    return Database(engine, _refuse, read, close, direct, threads)


def _of_file(url: URL) -> Engine:
    if url.database is None or not Path(url.database).is_file():
        raise DatabaseUnfit(f"The database {url.database} is not there.")
    module, connect = sqlite_module(), _connecting(url)
    engine = create_engine(url, module=module, creator=connect, poolclass=QueuePool, pool_size=_CONNECTIONS)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _connecting(url: URL) -> Callable[[], Any]:
    module, name = sqlite_module(), f"file:{quote(str(url.database))}?mode=ro"

    def connect() -> Any:
        link = module.connect(name, uri=True, isolation_level=None, check_same_thread=False)
        for pragma in ("busy_timeout=10000", "query_only=ON", "trusted_schema=OFF"):
            link.execute(f"PRAGMA {pragma}").fetchall()
        return link

    return connect


def _of_server(url: URL) -> Engine:
    from psycopg import IsolationLevel

    given = {name: str(value) for name, value in url.query.items()}
    options = {"connect_timeout": "5", **given, "options": f"{_LIMITS} {given.get('options', '')}".strip()}
    engine = create_engine(
        url, connect_args=options, pool_size=_CONNECTIONS, pool_pre_ping=True, use_native_hstore=False
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _connect(raw: Any, _record: object) -> None:
        raw.isolation_level, raw.read_only = IsolationLevel.REPEATABLE_READ, True

    return engine


def _reading(engine: Engine, first: str) -> Callable[[], Any]:
    @contextmanager
    def read() -> Iterator[Connection]:
        with engine.connect() as connection, connection.begin():
            # The first statement takes the snapshot of all that follow.
            connection.exec_driver_sql(first).all()
            yield connection

    return read


def _refuse() -> AbstractContextManager[Connection]:
    raise ReadOnly("This process was started for inspection and writes nothing.")
