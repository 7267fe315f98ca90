"""Opening a database: the one place that knows which database it is."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from adapters.sql.database import PATIENCE, Database, DatabaseUnfit
from adapters.sql.faults import telling
from adapters.sql.postgresql import open_postgresql
from adapters.sql.sqlite import has_wal_reset_bug, open_sqlite, sqlite_module

__all__ = ["Database", "DatabaseUnfit", "has_wal_reset_bug", "open_database", "sqlite_module"]


def open_database(url: str, patience: float = PATIENCE) -> Database:
    """Open a database by its SQLAlchemy URL; raises DatabaseUnfit. Whatever fails in it later is StoreUnavailable.

    So is a server that says nothing for *patience* seconds.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnfit("The database is named by a URL: sqlite:////path/to/file.db") from None
    match parsed.get_backend_name():
        case "sqlite":
            database = open_sqlite(parsed)
        case "postgresql":
            database = open_postgresql(parsed, patience)
        case other:
            raise DatabaseUnfit(
                f"The database {other} is not supported; give a sqlite:/// or a postgresql+psycopg:// URL."
            )
    return replace(database, write=telling(database.write), read=telling(database.read))
