"""Who is signed in: what a session holds, on the server alone, and what the pages ask of the store of sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.consent.model import ClientId
from gateway.identification import Kind as Kind


@dataclass(frozen=True, slots=True)
class ActingFor:
    """On whose behalf a representative acts: the register's answer at the moment of choosing, verified at each act.

    `kind` is `guardian` or `mandate`, as the consent room's GiverKind has it.
    """

    client: ClientId
    name: str = field(repr=False)
    kind: str
    register_reference: str
    may_decide: bool = True
    """Whether the mandate lets them decide, or only look, as the register said last."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person as their provider told of them, read from the ID token and checked.

    `subject` is our id of a client, or the provider's id of a member of staff. `services` and `roles` are codes of the
    directory; a client has none.
    """

    kind: Kind
    subject: str
    name: str = field(repr=False)
    assurance: str
    authenticated_at: datetime
    organisation: str | None = None
    services: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    is_officer: bool = False
    acting_for: ActingFor | None = None

    @property
    def client(self) -> ClientId:
        """The client whose affairs these pages show: the person, or whom they act for. Staff: ValueError."""
        if self.kind is not Kind.CLIENT:
            raise ValueError("a member of staff is no client")
        return self.acting_for.client if self.acting_for is not None else ClientId(self.subject)


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in on one browser. `reference` names it in the log and tells nothing of its cookie.

    `provider` is the code of who identified the person, and `provider_session` its own name for that.
    """

    reference: str
    csrf: str = field(repr=False)
    signed_in: SignedIn
    begun_at: datetime
    seen_at: datetime
    provider: str = ""
    provider_session: str | None = field(default=None, repr=False)


class Sessions(Protocol):
    """Keeps sessions on the server; the cookie holds a random value, of which the store has a hash alone."""

    async def find(self, cookie: str) -> Session | None:
        """Return the session in force for a cookie's value, noting that it was seen; None where there is none."""
        ...

    async def begin(
        self, signed_in: SignedIn, provider_session: str | None = None, *, provider: str = "",
        provider_subject: str | None = None, replaces: str | None = None,
    ) -> tuple[str, Session]:  # fmt: skip
        """Begin a session; return the new cookie value and it. The one of the cookie *replaces* ends with that.

        `provider_session` and `provider_subject` are the provider's `sid` and `sub`, by which it may end the session.
        """
        ...

    async def renew(self, cookie: str, signed_in: SignedIn) -> tuple[str, Session] | None:
        """Replace a session by one with a new cookie value and CSRF token; None where there is none in force."""
        ...

    async def end(self, cookie: str) -> None:
        """End the session of a cookie; nothing happens where there is none."""
        ...

    async def end_of(self, provider: str, session: str | None, subject: str | None) -> int:
        """End the sessions that a provider names by its `sid`, or by its `sub` where it names none; return how many."""
        ...
