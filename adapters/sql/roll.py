"""The roll: each process on a database says which ring of keys it uses, and whoever rotates a key calls it.

An entry is a lock that the operating system or the server takes back when its process ends, however it ends: nobody is
waited for who has gone, and nobody is passed over who only hangs.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from adapters.sql.database import Database
from adapters.sql.faults import told
from gateway.errors import StoreUnavailable

_CLASS = 0x5AA77AE6
"""The first half of the name of each advisory lock of the roll; the second half is the ring's."""
_NAME = "saattaen-keys "
_CALL_ME = text("SELECT set_config('application_name', :name, false)")
_ENTER = text("SELECT pg_advisory_lock_shared(:class, :ring)")
_LEAVE = text("SELECT pg_advisory_unlock_shared(:class, :ring)")
_STILL = text("SELECT 1")
_CALLS = _CLASS + 1
"""The name of the lock of the one who calls the roll."""
_ALONE = text("SELECT pg_try_advisory_lock(:class, 0)")
# The server answers from one instant: who moves from one ring to another is in one of them, or in both.
_BEHIND = text(
    "SELECT activity.application_name FROM pg_locks AS locks LEFT JOIN pg_stat_activity AS activity USING (pid) "
    "WHERE locks.locktype = 'advisory' AND locks.classid::bigint = :class AND locks.objsubid = 2 "
    "AND locks.objid::bigint <> :ring AND locks.granted "
    "AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1"
)


class Roll(Protocol):
    """One process's part in the roll. Its methods block for a moment, and are called by one thread at a time."""

    def sign(self, ring: str) -> None:
        """Let everyone see that this process uses the ring of that name and none from before.

        To be called again now and then: an entry that was lost is made anew. Raises StoreUnavailable or OSError.
        """
        ...

    def behind(self, ring: str) -> tuple[str, ...]:
        """Return the processes that use another ring than the one of that name, as words for the operator.

        Raises StoreUnavailable or OSError, also where the session with the server was cut since it was first asked:
        with it others may have lost their entries.
        """
        ...

    def is_alone(self) -> bool:
        """Return whether this process alone calls the roll of this database, from now until it is closed or ends.

        Raises StoreUnavailable or OSError. Asked before `behind`, which then notices where that was lost.
        """
        ...

    def close(self) -> None:
        """Take this process off the roll."""
        ...


def roll_of(database: Database) -> Roll:
    """Return this process's part in the roll of *database*."""
    engine = database.engine
    if engine.dialect.name == "sqlite":
        return _FolderRoll(Path(f"{engine.url.database}.roll"))
    return _ServerRoll(engine)


class _FolderRoll:
    """A file for each process: locked as long as it lives, named after it, and in it the ring that it uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: Path | None = None
        self._descriptor = self._calling = -1

    def sign(self, ring: str) -> None:
        if self._file is None or not self._file.exists():
            self.close()
            self._enter(ring)
        # Rings have names of one length, so what a reader finds is one of the two, or not the newest.
        os.pwrite(self._descriptor, ring.encode(), 0)

    def _enter(self, ring: str) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        hidden = self._folder / f".{name}"
        self._descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.pwrite(self._descriptor, ring.encode(), 0)
        # Seen only now that it is locked: a file that anyone can lock is one whose process has gone.
        self._file = hidden.rename(self._folder / name)

    def behind(self, ring: str) -> tuple[str, ...]:
        if not self._folder.exists():
            return ()
        found = (file for file in self._folder.iterdir() if not file.name.startswith("."))
        return tuple(sorted(f"process {file.name.split('-')[0]}" for file in found if self._is_behind(file, ring)))

    def _is_behind(self, file: Path, ring: str) -> bool:
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False  # Its process has just gone.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.pread(descriptor, len(ring) + 1, 0) != ring.encode()
        else:
            file.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)

    def is_alone(self) -> bool:
        if self._calling >= 0:
            return True
        self._folder.mkdir(mode=0o700, exist_ok=True)
        calling = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(calling, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(calling)
            return False
        self._calling = calling
        return True

    def close(self) -> None:
        if self._calling >= 0:
            os.close(self._calling)
            self._calling = -1
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._file = None


class _ServerRoll:
    """A shared advisory lock of a session of its own, named after the ring: it ends with the session."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Connection | None = None
        self._ring: int | None = None
        self._has_called = False

    def sign(self, ring: str) -> None:
        with self._telling():
            if not self._is_there():
                self._begin()
            number = _number(ring)
            if self._session is not None and number != self._ring:
                self._session.execute(_ENTER, {"class": _CLASS, "ring": number})
                former, self._ring = self._ring, number
                if former is not None:
                    self._session.execute(_LEAVE, {"class": _CLASS, "ring": former})

    def behind(self, ring: str) -> tuple[str, ...]:
        with self._telling():
            if not self._has_called:
                self._begin()
                self._has_called = True
            if self._session is None:
                raise StoreUnavailable("the session with the database was cut, and others' may have been")
            asked = {"class": _CLASS, "ring": _number(ring) & 0xFFFFFFFF}
            return tuple(_words(name) for name in self._session.scalars(_BEHIND, asked))

    def is_alone(self) -> bool:
        with self._telling():
            if self._session is None:
                self._begin()
            self._has_called = True
            return self._session is not None and bool(self._session.scalar(_ALONE, {"class": _CALLS}))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeoutError) as error:
            self.close()
            raise told(error) from error

    def _is_there(self) -> bool:
        if self._session is None:
            return False
        try:
            self._session.execute(_STILL)
        except DBAPIError:
            # Anew at once: until then whoever calls the roll does not hear of this process.
            self.close()
            return False
        return True

    def _begin(self) -> None:
        session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # Out of the pool: closing this session really ends it, and with it the lock.
        session.detach()
        self._session = session
        session.execute(_CALL_ME, {"name": f"{_NAME}{os.getpid()} on {socket.gethostname()}"[:63]})

    def close(self) -> None:
        session, self._session, self._ring = self._session, None, None
        if session is not None:
            with suppress(SQLAlchemyError):
                session.close()


def _number(ring: str) -> int:
    """Return the ring's half of the lock's name; rings are named by hexadecimal digits."""
    return int.from_bytes(bytes.fromhex(ring)[:4], signed=True)


def _words(name: str | None) -> str:
    if not name or not name.startswith(_NAME):
        return "a process of another role"
    return f"process {name.removeprefix(_NAME)}"
