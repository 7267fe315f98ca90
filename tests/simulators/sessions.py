"""Sessions in memory: who is signed in is said by the test."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from gateway.web.session import Session, SignedIn


class SimulatedSessions:
    """Keeps sessions in a dictionary, without any end of their own."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._of: dict[str, Session] = {}

    async def find(self, cookie: str) -> Session | None:
        """Return the session of a cookie's value."""
        return self._of.get(cookie)

    async def begin(
        self, signed_in: SignedIn, provider_session: str | None = None, *, provider: str = "",
        provider_subject: str | None = None, replaces: str | None = None,
    ) -> tuple[str, Session]:  # fmt: skip
        """Begin a session."""
        cookie, now = secrets.token_urlsafe(32), self._now()
        self._of.pop(replaces or "", None)
        self._of[cookie] = Session(
            secrets.token_hex(8), secrets.token_urlsafe(16), signed_in, now, now, provider, provider_session
        )
        return cookie, self._of[cookie]

    async def renew(self, cookie: str, signed_in: SignedIn) -> tuple[str, Session] | None:
        """Replace a session."""
        old = self._of.pop(cookie, None)
        if old is None:
            return None
        new = secrets.token_urlsafe(32)
        self._of[new] = replace(old, csrf=secrets.token_urlsafe(16), signed_in=signed_in)
        return new, self._of[new]

    async def end(self, cookie: str) -> None:
        """End the session of a cookie."""
        self._of.pop(cookie, None)

    async def end_of(self, provider: str, session: str | None, subject: str | None) -> int:
        """End the sessions of a provider's `sid`."""
        found = [key for key, one in self._of.items() if (one.provider, one.provider_session) == (provider, session)]
        for key in found:
            del self._of[key]
        return len(found)
