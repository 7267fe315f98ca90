"""The rules of a session: how long it lasts, when its cookie changes, and what of it is kept.

Twenty minutes without a request end it, and so do two hours (a client's) or eight (staff's) since the sign-in. Whoever
signs in, signs in again or acts for another gets a new cookie value and CSRF token; the old ones are worth nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import orjson

from gateway.consent.model import ClientId
from gateway.directory.instants import from_micros, to_micros
from gateway.web.session import ActingFor, Kind, Session, SignedIn
from gateway.web.sign_in.security_log import DONE, role_of, tell

IDLE = timedelta(minutes=20)
LONGEST = {Kind.CLIENT: timedelta(hours=2), Kind.STAFF: timedelta(hours=8)}
"""A client may sit at a library's computer; staff work a day at their own."""
_EVER = -(2**62)
"""Before every instant that a row can have."""
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is noted when a session was seen: not each picture of a page is a write."""


class Kept(Protocol):
    """A session as it is kept; instants in microseconds."""

    @property
    def content(self) -> bytes: ...
    @property
    def begun(self) -> int: ...
    @property
    def seen(self) -> int: ...


class SessionRows(Protocol):
    """The store: rows by a hash of the cookie, sealed under it (`adapters.sql.session_store`)."""

    async def find(self, cookie: str, *, seen_after: int, now: int) -> Kept | None: ...
    async def keep(
        self, cookie: str, content: bytes, *, begun: int, seen: int, ends: int, provider: str, session: str | None,
        subject: str | None, replaces: str | None, only_if: bool,
    ) -> bool: ...  # fmt: skip
    async def note(self, cookie: str, seen: int) -> None: ...
    async def remove(self, cookie: str) -> bool: ...
    async def remove_of(self, provider: str, session: str | None, subject: str | None) -> int: ...


class KeptSessions:
    """`gateway.web.session.Sessions` over a store."""

    def __init__(self, rows: SessionRows, now: Callable[[], datetime]) -> None:
        self._rows, self._now = rows, now

    async def find(self, cookie: str) -> Session | None:
        """Return the session in force for a cookie's value, noting that it was seen; None where there is none."""
        now = self._now()
        kept = await self._rows.find(cookie, seen_after=to_micros(now - IDLE), now=to_micros(now))
        if kept is None:
            await self._notice_over(cookie, now)
            return None
        session, _ = _parse(kept.content, from_micros(kept.begun), now)
        if from_micros(kept.seen) <= now - NOTED_EVERY:
            await self._rows.note(cookie, to_micros(now))
        return session

    async def _notice_over(self, cookie: str, now: datetime) -> None:
        """Tell, once, of a session that timed out, when its cookie comes again. An unknown cookie costs one look."""
        over = await self._rows.find(cookie, seen_after=_EVER, now=_EVER)
        if over is not None and await self._rows.remove(cookie):
            session, _ = _parse(over.content, from_micros(over.begun), now)
            tell("time-out", session.provider, DONE, role=role_of(session.signed_in), session=session)

    async def begin(
        self, signed_in: SignedIn, provider_session: str | None = None, *, provider: str = "",
        provider_subject: str | None = None, replaces: str | None = None,
    ) -> tuple[str, Session]:  # fmt: skip
        """Begin a session; return the new cookie value and it. The one of the cookie *replaces* ends with that."""
        now = self._now()
        session = Session(
            secrets.token_hex(16), secrets.token_urlsafe(32), signed_in, now, now, provider, provider_session
        )
        cookie = await self._keep(session, provider_subject, replaces=replaces, only_if=False)
        assert cookie is not None  # noqa: S101  Nothing hinders a new one.
        return cookie, session

    async def renew(self, cookie: str, signed_in: SignedIn) -> tuple[str, Session] | None:
        """Replace a session by one with a new cookie value and CSRF token; None where there is none in force.

        It ends when the old one would have ended.
        """
        now = self._now()
        kept = await self._rows.find(cookie, seen_after=to_micros(now - IDLE), now=to_micros(now))
        if kept is None:
            return None
        old, subject = _parse(kept.content, from_micros(kept.begun), now)
        session = replace(old, csrf=secrets.token_urlsafe(32), signed_in=signed_in)
        new = await self._keep(session, subject, replaces=cookie, only_if=True)
        return None if new is None else (new, session)

    async def end(self, cookie: str) -> None:
        """End the session of a cookie; nothing happens where there is none."""
        await self._rows.remove(cookie)

    async def end_of(self, provider: str, session: str | None, subject: str | None) -> int:
        """End the sessions that a provider names by its `sid`, or by its `sub` where it names none; return how many."""
        return await self._rows.remove_of(provider, session, subject)

    async def _keep(self, session: Session, subject: str | None, *, replaces: str | None, only_if: bool) -> str | None:
        cookie = secrets.token_urlsafe(32)
        kept = await self._rows.keep(
            cookie, _content(session, subject), begun=to_micros(session.begun_at), seen=to_micros(session.seen_at),
            ends=to_micros(session.begun_at + LONGEST[session.signed_in.kind]), provider=session.provider,
            session=session.provider_session, subject=subject, replaces=replaces, only_if=only_if,
        )  # fmt: skip
        return cookie if kept else None


def _content(session: Session, subject: str | None) -> bytes:
    who = session.signed_in
    acting = who.acting_for
    other = acting and [acting.client, acting.name, acting.kind, acting.register_reference, acting.may_decide]
    return orjson.dumps(
        {
            "reference": session.reference, "csrf": session.csrf, "provider": session.provider,
            "sid": session.provider_session, "sub": subject, "kind": who.kind, "subject": who.subject,
            "name": who.name, "assurance": who.assurance, "authenticated": to_micros(who.authenticated_at),
            "organisation": who.organisation, "services": who.services, "roles": who.roles, "officer": who.is_officer,
            "acting": other,
        }
    )  # fmt: skip


def _parse(content: bytes, begun: datetime, seen: datetime) -> tuple[Session, str | None]:
    told = orjson.loads(content)
    acting = told["acting"]
    signed_in = SignedIn(
        Kind(told["kind"]), told["subject"], told["name"], told["assurance"], from_micros(told["authenticated"]),
        told["organisation"], tuple(told["services"]), tuple(told["roles"]), told["officer"],
        None if acting is None else ActingFor(ClientId(acting[0]), *acting[1:]),
    )  # fmt: skip
    return Session(told["reference"], told["csrf"], signed_in, begun, seen, told["provider"], told["sid"]), told["sub"]
