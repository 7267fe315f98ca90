"""Who may come in: the session of a request, or the way to sign in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request

from gateway.errors import GatewayError
from gateway.http.people_lane import SESSION
from gateway.http.problems import EdgeError
from gateway.web.session import Kind, Session, Sessions, SignedIn

COOKIE: Final = "saattaen-session"
BEFORE: Final = 5
"""How many minutes ago somebody may have identified themselves who comes to a page of what weighs much."""
UNTIL_SENT: Final = 60
"""The same of whoever sends its form: as long as it may take to read the page and fill it in."""


class SignInNeeded(GatewayError):
    """Nobody is signed in where somebody must be: the way leads to the sign-in and back."""

    code = "sign-in-needed"


class IdentifyAgain(GatewayError):
    """Somebody is signed in, and identified themselves too long ago for what they are about to do."""

    code = "identify-again"


def is_recent(session: Session, minutes: int = BEFORE) -> bool:
    """Return whether the person identified themselves within so many minutes of this request."""
    return session.seen_at - session.signed_in.authenticated_at <= timedelta(minutes=minutes)


def require_recent(session: Session, minutes: int = BEFORE) -> None:
    """Raise IdentifyAgain where the person identified themselves longer ago: the way leads to the provider and back.

    Ask at the page with the form, so that nobody fills it in for nothing; at the form itself, whether `is_recent` with
    `UNTIL_SENT`, so that whoever filled it in at leisure is not sent away with it.
    """
    if not is_recent(session, minutes):
        raise IdentifyAgain


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of the rooms. *secure* is whether the address is https, where the cookie bears the prefix `__Host-`."""

    sessions: Sessions
    secure: bool

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return f"__Host-{COOKIE}" if self.secure else COOKIE

    async def find(self, request: Request) -> Session | None:
        """Return the session in force, None where there is none."""
        value = request.cookies.get(self.cookie)
        session = None if value is None else await self.sessions.find(value)
        if session is not None:
            # Whoever paces people's pages knows from now on whose this cookie is.
            request.scope[SESSION] = session.reference
        return session

    async def client(self, request: Request) -> Session:
        """Return the session of a client, or of who acts for one. Raises SignInNeeded; for others there is no such
        page."""
        return await self._need(request, lambda one: one.kind is Kind.CLIENT)

    async def professional(self, request: Request) -> Session:
        """Return the session of a professional who works in a service."""
        return await self._need(request, lambda one: one.kind is Kind.STAFF and bool(one.services and one.roles))

    async def officer(self, request: Request) -> Session:
        """Return the session of a data protection officer."""
        return await self._need(request, lambda one: one.kind is Kind.STAFF and one.is_officer)

    async def _need(self, request: Request, fits: Callable[[SignedIn], bool]) -> Session:
        session = await self.find(request)
        if session is None:
            raise SignInNeeded
        if not fits(session.signed_in):
            raise EdgeError("no-such-address")
        return session
