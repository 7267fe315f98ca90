"""Sessions of people and sign-ins under way, in the main database: rows that nothing opens but the browser's cookie.

A row is found by SHA-256 of the cookie's value and sealed (AES-256-GCM) under a key derived from that value and a key
of the gateway's: who has the database, even with every key of the gateway, reads neither name nor client in it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from adapters.sql.engine import Database
from adapters.sql.tables.sessions import SignInAttemptRow, WebSessionRow
from gateway.errors import StoreUnavailable

T = TypeVar("T")
_sessions = WebSessionRow.__table__  # type: ignore[attr-defined]
_attempts = SignInAttemptRow.__table__  # type: ignore[attr-defined]
_NONCE = 12


@dataclass(frozen=True, slots=True)
class KeptSession:
    """What a row holds. Instants in microseconds."""

    content: bytes = field(repr=False)
    begun: int
    seen: int


class SqlSessionStore:
    """On SQLite and PostgreSQL alike. *key* is 32 bytes of the gateway's."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database, self._key = database, key

    async def find(self, cookie: str, *, seen_after: int, now: int) -> KeptSession | None:
        """Return the session of a cookie that was last seen after an instant and has not ended; else None."""
        row = _sessions.c
        query = select(row.sealed, row.begun, row.seen).where(
            row.digest == _digest(cookie), row.seen > seen_after, row.ends > now
        )
        found = await self._database.reading(lambda connection: connection.execute(query).one_or_none())
        content = None if found is None else self._open("session", cookie, found.sealed)
        return None if found is None or content is None else KeptSession(content, found.begun, found.seen)

    async def keep(
        self, cookie: str, content: bytes, *, begun: int, seen: int, ends: int, provider: str, session: str | None,
        subject: str | None, replaces: str | None, only_if: bool,
    ) -> bool:  # fmt: skip
        """Keep a session and end the one that it replaces, in one step; ended ones go. Return whether it was kept.

        *session* and *subject* are the provider's own ids, of which keyed hashes stay. With *only_if* the session is
        kept only where there was one to replace: of two at once, one wins.
        """
        values = {
            "digest": _digest(cookie), "sealed": self._seal("session", cookie, content), "begun": begun, "seen": seen,
            "ends": ends, "provider_session": self._name(provider, "sid", session),
            "provider_subject": self._name(provider, "sub", subject),
        }  # fmt: skip

        def write(connection: Connection) -> bool:
            connection.execute(delete(_sessions).where(_sessions.c.ends <= seen))
            gone = 0
            if replaces is not None:
                gone = connection.execute(delete(_sessions).where(_sessions.c.digest == _digest(replaces))).rowcount
            if only_if and not gone:
                return False
            connection.execute(insert(_sessions).values(**values))
            return True

        return await self._writing(write)

    async def note(self, cookie: str, seen: int) -> None:
        """Note that a session was seen."""
        noting = update(_sessions).where(_sessions.c.digest == _digest(cookie), _sessions.c.seen < seen)
        await self._writing(lambda connection: connection.execute(noting.values(seen=seen)))

    async def remove(self, cookie: str) -> bool:
        """Forget a session; return whether there was one."""
        removing = delete(_sessions).where(_sessions.c.digest == _digest(cookie))
        return await self._writing(lambda connection: connection.execute(removing).rowcount > 0)

    async def remove_of(self, provider: str, session: str | None, subject: str | None) -> int:
        """Forget the sessions of a provider's `sid`, or of its `sub` where there is no `sid`; return how many."""
        if session is not None:
            condition = _sessions.c.provider_session == self._name(provider, "sid", session)
            if subject is not None:
                condition &= _sessions.c.provider_subject == self._name(provider, "sub", subject)
        else:
            condition = _sessions.c.provider_subject == self._name(provider, "sub", subject or "")
        removing = delete(_sessions).where(condition)
        return await self._writing(lambda connection: int(connection.execute(removing).rowcount))

    async def keep_attempt(self, cookie: str, content: bytes, *, ends: int, now: int) -> None:
        """Keep a question that waits for its answer; ended ones go."""
        values = {"digest": _digest(cookie), "sealed": self._seal("attempt", cookie, content), "ends": ends}

        def write(connection: Connection) -> None:
            connection.execute(delete(_attempts).where(_attempts.c.ends <= now))
            connection.execute(insert(_attempts).values(**values))

        await self._writing(write)

    async def keep_mandate(self, reference: str, content: bytes, *, ends: int, now: int) -> None:
        """Keep what a mandate is asked after by, under its reference in place of a cookie."""
        await self.keep_attempt(f"mandate {reference}", content, ends=ends, now=now)

    async def find_mandate(self, reference: str, *, now: int) -> bytes | None:
        """Return what is kept under a mandate's reference; None where it is not there any more."""
        cookie, row = f"mandate {reference}", _attempts.c
        query = select(row.sealed).where(row.digest == _digest(cookie), row.ends > now)
        sealed = await self._database.reading(lambda connection: connection.execute(query).scalar_one_or_none())
        return None if sealed is None else self._open("attempt", cookie, sealed)

    async def take_attempt(self, cookie: str, *, now: int) -> bytes | None:
        """Return a question and forget it: of two answers at once, one finds it."""
        row = _attempts.c
        taking = delete(_attempts).where(row.digest == _digest(cookie)).returning(row.sealed, row.ends)
        found = await self._writing(lambda connection: connection.execute(taking).one_or_none())
        return None if found is None or found.ends <= now else self._open("attempt", cookie, found.sealed)

    async def _writing(self, write: Callable[[Connection], T]) -> T:
        def run() -> T:
            try:
                with self._database.write() as connection:
                    result = write(connection)
                    connection.commit()
            except DBAPIError as error:
                raise StoreUnavailable("the store of sessions cannot be written") from error
            return result

        return await asyncio.to_thread(run)

    def _seal(self, kind: str, cookie: str, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher(kind, cookie).encrypt(nonce, plain, kind.encode())

    def _open(self, kind: str, cookie: str, sealed: bytes) -> bytes | None:
        try:
            return self._cipher(kind, cookie).decrypt(sealed[:_NONCE], sealed[_NONCE:], kind.encode())
        except (InvalidTag, ValueError):
            # Another gateway's key, or a row that somebody altered: no session.
            return None

    def _cipher(self, kind: str, cookie: str) -> AESGCM:
        derived = HKDF(hashes.SHA256(), 32, salt=self._key, info=f"saattaen-web/v1\n{kind}".encode())
        return AESGCM(derived.derive(cookie.encode()))

    def _name(self, provider: str, what: str, value: str | None) -> bytes | None:
        if value is None:
            return None
        return hmac.digest(self._key, f"saattaen-web/v1\n{provider}\n{what}\n{value}".encode(), "sha256")


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
