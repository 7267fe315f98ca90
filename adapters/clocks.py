"""The port Clock: the host's own with the database's beside it, and one that a rehearsal steers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

_SQLITE = "SELECT unixepoch('subsec')"
_POSTGRESQL = "SELECT extract(epoch FROM clock_timestamp())"


class SystemClock:
    """The host's clock, and the database's as it tells it."""

    def now(self) -> datetime:
        """Return this instant."""
        return datetime.now(UTC)

    def database_now(self, connection: object) -> datetime:
        """Return the database's instant, read through *connection*."""
        if not isinstance(connection, Connection):
            raise TypeError("the database's time is read through its connection")
        driver: Any = connection.connection.driver_connection
        ((seconds,),) = driver.execute(_SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL).fetchall()
        return datetime.fromtimestamp(float(seconds), UTC)


class SteeredClock:
    """A clock that stands still until it is moved; the database's stands with it unless set apart."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self.database_ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self._now

    def database_now(self, connection: object) -> datetime:
        """Return the same, moved by `database_ahead`."""
        return self._now + self.database_ahead

    def set(self, at: datetime) -> None:
        """Set it to *at*, which may lie in the past."""
        self._now = at.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move it on."""
        self._now += by
