"""Sign-ins under way: what was asked of a provider, kept on the server and bound to one browser, for one answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import orjson

from gateway.directory.instants import from_micros, to_micros
from gateway.identification import Question

LIFETIME = timedelta(minutes=10)


class AttemptRows(Protocol):
    """The store: rows by a hash of the cookie, sealed under it (`adapters.sql.session_store`)."""

    async def keep_attempt(self, cookie: str, content: bytes, *, ends: int, now: int) -> None: ...
    async def take_attempt(self, cookie: str, *, now: int) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """A question to a provider, and where its answer leads: a path that `way_back` has let pass."""

    provider: str
    question: Question
    place: str


class Attempts:
    """Keeps attempts; each is found once."""

    def __init__(self, rows: AttemptRows, now: Callable[[], datetime]) -> None:
        self._rows, self._now = rows, now

    async def keep(self, attempt: Attempt) -> str:
        """Keep an attempt; return the value of its cookie."""
        cookie, now, asked = secrets.token_urlsafe(32), self._now(), attempt.question
        told = {
            "provider": attempt.provider, "place": attempt.place, "state": asked.state, "nonce": asked.nonce,
            "verifier": asked.verifier, "asked": to_micros(asked.asked_at), "fresh": asked.is_fresh,
        }  # fmt: skip
        await self._rows.keep_attempt(cookie, orjson.dumps(told), ends=to_micros(now + LIFETIME), now=to_micros(now))
        return cookie

    async def take(self, cookie: str) -> Attempt | None:
        """Return the attempt of a cookie, and forget it; None where there is none, or none any more."""
        content = await self._rows.take_attempt(cookie, now=to_micros(self._now()))
        if content is None:
            return None
        told = orjson.loads(content)
        asked = Question("", told["state"], told["nonce"], told["verifier"], from_micros(told["asked"]), told["fresh"])
        return Attempt(told["provider"], asked, told["place"])
