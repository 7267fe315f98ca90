"""What an officer looks for and may not stand in an address: kept for a while under a reference that tells nothing.

A row is found by SHA-256 of the reference and sealed under a key derived from it, bound to the officer: who has the
database without the reference reads nothing, and who has the reference without being that officer neither.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import DBAPIError

from adapters.sql.engine import Database
from adapters.sql.tables.oversight import OfficerLookRow
from gateway.directory.instants import to_micros
from gateway.errors import StoreUnavailable

LIFETIME = timedelta(minutes=30)
_NONCE = 12
_looks = OfficerLookRow.__table__  # type: ignore[attr-defined]


class SqlOfficerLooks:
    """On SQLite and PostgreSQL alike."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    async def keep(self, officer: str, content: bytes) -> str:
        """Keep what an officer looks for and return its reference, in force for LIFETIME; ended ones go."""
        reference, nonce, now = secrets.token_urlsafe(24), secrets.token_bytes(_NONCE), self._now()
        sealed = nonce + _cipher(reference).encrypt(nonce, content, officer.encode())
        row = {"digest": _digest(reference), "sealed": sealed, "expires": to_micros(now + LIFETIME)}

        def write() -> None:
            try:
                with self._database.write() as connection:
                    connection.execute(delete(_looks).where(_looks.c.expires <= to_micros(now)))
                    connection.execute(insert(_looks).values(**row))
                    connection.commit()
            except DBAPIError as error:
                raise StoreUnavailable("what an officer looks for cannot be kept") from error

        await asyncio.to_thread(write)
        return reference

    async def find(self, officer: str, reference: str) -> bytes | None:
        """Return what was kept; None for an unknown or ended reference, and for another officer's."""
        query = select(_looks.c.sealed).where(
            _looks.c.digest == _digest(reference), _looks.c.expires > to_micros(self._now())
        )
        sealed = await self._database.reading(lambda connection: connection.execute(query).scalar_one_or_none())
        if sealed is None:
            return None
        try:
            return _cipher(reference).decrypt(sealed[:_NONCE], sealed[_NONCE:], officer.encode())
        except InvalidTag:
            return None


def _cipher(reference: str) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=b"saattaen-look/v1").derive(reference.encode()))


def _digest(reference: str) -> bytes:
    return hashlib.sha256(reference.encode()).digest()
