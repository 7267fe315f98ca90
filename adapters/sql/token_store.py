"""What the tokens' checks remember: assertions that were used, and access tokens that were revoked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from adapters.sql.direct import statement
from adapters.sql.engine import Database
from gateway.directory.instants import to_micros
from gateway.errors import StoreUnavailable

_KEPT = 3_600_000_000
"""Microseconds that a used assertion is kept past its end, should a clock be set back."""

_PURGE = text("DELETE FROM replay WHERE expires < :at")
_USE = text("INSERT INTO replay (iss, jti, expires) VALUES (:iss, :jti, :expires)")
_REVOKED = statement("SELECT 1 FROM revoked_token WHERE jti = :jti")


class TokenStore:
    """Over the main database; `first_use` blocks and writes, `is_revoked` is one read by primary key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def first_use(self, issuer: str, jti: str, expires: datetime, now: datetime) -> bool:
        """Record that the assertion was used and return True; False when it was used before.

        The primary key decides, so that of two at once, in two processes, one wins.
        """
        try:
            with self._database.write() as connection:
                connection.execute(_PURGE, {"at": to_micros(now) - _KEPT})
                try:
                    connection.execute(
                        _USE,
                        {"iss": issuer, "jti": jti, "expires": to_micros(expires)},
                    )
                except IntegrityError:
                    return False
                connection.commit()
        except DBAPIError as error:
            raise StoreUnavailable("the store of used assertions cannot be written") from error
        return True

    async def is_revoked(self, token_id: str) -> bool:
        """Return whether the access token was revoked. One short read, so on SQLite it runs on the loop."""
        return bool(await self._database.direct.fetch(_REVOKED, {"jti": token_id}))
