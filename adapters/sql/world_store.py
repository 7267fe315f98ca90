"""The one row that says which directory and policies are in use."""

from __future__ import annotations

from sqlalchemy import Connection, text

_CURRENT = text("SELECT directory, policy FROM world_state WHERE id = 1")
_RECORD = text("UPDATE world_state SET directory = :directory, policy = :policy WHERE id = 1")


class SqlWorldStore:
    """Reads and writes the row inside the write transaction; the migration made it."""

    def current(self, connection: object) -> tuple[str, str]:
        """Return (directory digest, policy revision) as last recorded."""
        row = _checked(connection).execute(_CURRENT).one()
        return row.directory, row.policy

    def record(self, connection: object, directory: str, policy: str) -> None:
        """Record both; a trigger bumps the world's epoch."""
        _checked(connection).execute(_RECORD, {"directory": directory, "policy": policy})


def _checked(connection: object) -> Connection:
    if not isinstance(connection, Connection):
        raise TypeError("the world is recorded through the write transaction's connection")
    return connection
