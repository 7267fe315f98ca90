"""Answers that a partner may ask for twice, in the main database: rows that nothing opens but the partner's own key.

A row is found by SHA-256 of partner system and key, and sealed (AES-256-GCM) under a key derived from those and a key
of the gateway's: who has the database, even with every key of the gateway, reads in it neither who acted nor whom it
was about.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from adapters.sql.engine import Database
from adapters.sql.tables.partners import KeptAnswerRow
from gateway.consent.repeating import HELD, LASTS, Answered, Begun, Clash
from gateway.directory.instants import to_micros
from gateway.errors import StoreUnavailable

T = TypeVar("T")
_rows = KeptAnswerRow.__table__  # type: ignore[attr-defined]
_NONCE = 12


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a row holds."""

    act: bytes
    form: str
    answered: Answered | None


class SqlKeptAnswers:
    """On SQLite and PostgreSQL alike. *key* is 32 bytes of the gateway's."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database, self._key = database, key

    async def take(self, system: str, key: str, act: bytes, now: datetime) -> Begun | Answered | Clash:
        """Take a key for an act; see `KeptAnswers`. Keys whose time is over go."""
        digest, at, held = _digest(system, key), to_micros(now), to_micros(now + HELD)
        new = _Kept(act, secrets.token_hex(16), None)

        def write(connection: Connection) -> Begun | Answered | Clash:
            connection.execute(delete(_rows).where(_rows.c.ends <= at))
            row = connection.execute(select(_rows).where(_rows.c.digest == digest)).one_or_none()
            if row is None:
                sealed = self._seal(system, key, new)
                values = {"digest": digest, "sealed": sealed, "held": held, "ends": to_micros(now + LASTS)}
                connection.execute(insert(_rows).values(**values))
                return Begun(new.form)
            kept = self._open(system, key, row.sealed)
            if kept is None or kept.act != act:
                # Another gateway's key, or a row that somebody altered, is no answer to anything.
                return Clash.OTHER_ACT
            if kept.answered is not None:
                return kept.answered
            free = _rows.c.digest == digest, _rows.c.held == row.held
            if row.held > at or connection.execute(update(_rows).where(*free).values(held=held)).rowcount == 0:
                return Clash.UNDER_WAY
            return Begun(kept.form)

        try:
            return await self._writing(write)
        except IntegrityError:
            # Of two who had no row before them one has it now.
            return Clash.UNDER_WAY

    async def keep(self, system: str, key: str, answered: Answered) -> None:
        """Keep an answer."""
        digest = _digest(system, key)

        def write(connection: Connection) -> None:
            sealed = connection.execute(select(_rows.c.sealed).where(_rows.c.digest == digest)).scalar_one_or_none()
            kept = None if sealed is None else self._open(system, key, sealed)
            if kept is not None:
                whole = self._seal(system, key, _Kept(kept.act, kept.form, answered))
                connection.execute(update(_rows).where(_rows.c.digest == digest).values(sealed=whole, held=0))

        await self._writing(write)

    async def let_go(self, system: str, key: str) -> None:
        """Let the same act be tried again."""
        letting = update(_rows).where(_rows.c.digest == _digest(system, key)).values(held=0)
        await self._writing(lambda connection: connection.execute(letting))

    async def forget(self, system: str, key: str) -> None:
        """Forget a key."""
        forgetting = delete(_rows).where(_rows.c.digest == _digest(system, key))
        await self._writing(lambda connection: connection.execute(forgetting))

    async def _writing(self, write: Callable[[Connection], T]) -> T:
        def run() -> T:
            try:
                with self._database.write() as connection:
                    result = write(connection)
                    connection.commit()
            except IntegrityError:
                raise
            except DBAPIError as error:
                raise StoreUnavailable("the store of kept answers cannot be written") from error
            return result

        return await asyncio.to_thread(run)

    def _seal(self, system: str, key: str, kept: _Kept) -> bytes:
        told = kept.answered
        answer = None if told is None else [told.status, told.headers, b64encode(told.body).decode("ascii")]
        plain = orjson.dumps({"act": kept.act.hex(), "form": kept.form, "answer": answer})
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher(system, key).encrypt(nonce, plain, None)

    def _open(self, system: str, key: str, sealed: bytes) -> _Kept | None:
        try:
            plain = self._cipher(system, key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except InvalidTag:
            return None
        told = orjson.loads(plain)
        answer = told["answer"]
        answered = None
        if answer is not None:
            status, headers, body = answer
            answered = Answered(status, tuple((name, value) for name, value in headers), b64decode(body))
        return _Kept(bytes.fromhex(told["act"]), told["form"], answered)

    def _cipher(self, system: str, key: str) -> AESGCM:
        derived = HKDF(hashes.SHA256(), 32, salt=self._key, info=b"saattaen-kept-answers/v1")
        return AESGCM(derived.derive(_named(system, key)))


def _digest(system: str, key: str) -> bytes:
    return hashlib.sha256(b"kept-answer\n" + _named(system, key)).digest()


def _named(system: str, key: str) -> bytes:
    # No name of a system holds a line feed.
    return f"{system}\n{key}".encode()
