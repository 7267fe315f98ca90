"""Whose turn it is: of all processes on one database, one does what is to be done once.

The turn is a lock that the operating system or the server takes back when its process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapters.sql.database import Database

_KEY = 0x5AA77AE5
_TRY = text("SELECT pg_try_advisory_lock(:key)")
_GIVE_BACK = text("SELECT pg_advisory_unlock(:key)")
_STILL = text("SELECT 1")


class Turn(Protocol):
    """One process's part in the race. Its methods block for a moment, and are called by one thread at a time."""

    def take(self) -> bool:
        """Return whether the turn is this process's, taking it where nobody has it."""
        ...

    def close(self) -> None:
        """Give the turn back."""
        ...


def turn_on(database: Database) -> Turn:
    """Return this process's part in the turn on *database*."""
    engine = database.engine
    if engine.dialect.name == "sqlite":
        return _FileTurn(Path(f"{engine.url.database}.turn"))
    return _ServerTurn(engine)


class _FileTurn:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> bool:
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class _ServerTurn:
    """An advisory lock of a session of its own: it ends with the session, also when the connection is cut."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Connection | None = None

    def take(self) -> bool:
        try:
            if self._session is None:
                return self._try()
            self._session.execute(_STILL)
        except (DBAPIError, PoolTimeoutError):
            self.close()
            return False
        return True

    def _try(self) -> bool:
        self._session = session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # Out of the pool: closing this session really ends it, and with it the lock.
        session.detach()
        if not session.execute(_TRY, {"key": _KEY}).scalar_one():
            self.close()
            return False
        return True

    def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            # The server hears of a session's end a moment later, and who takes over must not wait for that; where the
            # session was cut, the lock went with it.
            with suppress(SQLAlchemyError):
                session.execute(_GIVE_BACK, {"key": _KEY})
            session.close()
