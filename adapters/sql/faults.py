"""A database's failures in the gateway's own words: whoever calls a store or the log meets no driver's exception."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapters.sql.sqlite import sqlite_modules
from audit.errors import CommitFailed, CommitUnknown, LogBroken, LogBusy, LogForked, NotKept, NotSigned
from gateway.errors import NotKeptTwice, StoreUnavailable, TooBusy

Begin = Callable[[], AbstractContextManager[Connection]]


@cache
def _of_drivers() -> tuple[type[Exception], ...]:
    """Return what the drivers raise where they are spoken to directly, without SQLAlchemy around it.

    SQLite's are told whether its library is sound or not: a gateway on PostgreSQL runs without one.
    """
    from psycopg import Error

    return (Error, *(module.Error for module in sqlite_modules()))


def told(error: Exception) -> Exception:
    """Return *error* as StoreUnavailable, TooBusy or NotKeptTwice where a store or the log failed, else as it is.

    It is the one place that says so: the log is given it, and its callers know the gateway's errors alone.
    Our statements are fixed, so a refused one is the store's fault: down, slow, full, read-only, or without our tables.
    What a constraint or a value's type refuses is not.
    """
    match error:
        case LogBusy():
            known: Exception = TooBusy("Too much is waiting to be written; try again later.")
        case NotKept():
            known = NotKeptTwice("it stands, and is not yet kept outside the database")
        case CommitFailed() | CommitUnknown() | LogBroken() | LogForked() | NotSigned():
            # Their words are our own and name nobody: the operator reads them, the caller does not.
            known = StoreUnavailable(f"The log cannot be written now: {error}.")
        case IntegrityError() | DataError():
            return error
        case DBAPIError(orig=BaseException() as own):
            known = StoreUnavailable(f"the database cannot be used now: {_name_of(own)}")
        case PoolTimeoutError():
            known = StoreUnavailable("the database cannot be used now: every connection is taken")
        case _ if isinstance(error, _of_drivers()):
            known = StoreUnavailable(f"the database cannot be used now: {_name_of(error)}")
        case _:
            return error
    known.__cause__ = error
    return known


def _name_of(error: BaseException) -> str:
    """Return what the driver calls this failure (`DiskFull`, `SQLITE_READONLY`): never its text, which may quote."""
    return str(getattr(error, "sqlite_errorname", None) or type(error).__name__)


def telling(begin: Begin) -> Begin:
    """Return *begin* as one that raises StoreUnavailable where the database fails, inside the block too."""

    @contextmanager
    def begun() -> Iterator[Connection]:
        try:
            with begin() as connection:
                yield connection
        except Exception as error:
            known = told(error)
            if known is error:
                raise
            raise known from error

    return begun
