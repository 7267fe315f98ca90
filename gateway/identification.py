"""Who somebody is, as an identity provider tells it: what the human edge asks of a provider, and what it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.directory.identity_code import PersonalIdentityCode

ASSURANCES = ("low", "substantial", "high")
"""Levels of assurance (eIDAS), the weakest first."""


class Kind(StrEnum):
    """Through which door somebody comes in."""

    CLIENT = "client"
    STAFF = "staff"


class NotIdentified(Exception):
    """A provider's answer that identifies nobody. `reason` is a code of ours; nothing of the answer is in it.

    `cancelled` the person went back · `stale` the question is not known here any more, or was answered · `mismatch`
    the answer belongs to another question or provider · `token-invalid` its token does not hold · `assurance-too-low`
    · `not-fresh` the person did not identify anew · `claims-unfit` who it is cannot be read · `provider-unavailable`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Question:
    """A question put to a provider: where the browser goes, and what the server keeps until it is answered once."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    asked_at: datetime
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class Identified:
    """A person as a provider's token tells of them, once everything about the token was checked.

    `subject` and `session` are the provider's own ids (`sub`, `sid`). A client has an identity code; a member of staff
    has an organisation, and those services and roles of the directory that belong to it.
    """

    provider: str
    kind: Kind
    subject: str = field(repr=False)
    session: str | None = field(repr=False)
    name: str = field(repr=False)
    assurance: str
    authenticated_at: datetime
    identity_code: PersonalIdentityCode | None = field(default=None, repr=False)
    non_disclosure: bool = False
    organisation: str | None = None
    services: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    is_officer: bool = False


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What a provider says has ended: one of its sessions, or all of a person's where it names none."""

    provider: str
    session: str | None = field(repr=False)
    subject: str | None = field(repr=False)


class Provider(Protocol):
    """An identity provider of an installation: one for all clients, or one of an organisation for its staff."""

    @property
    def name(self) -> str:
        """Its code, which stands in addresses."""
        ...

    @property
    def kind(self) -> Kind: ...

    @property
    def names(self) -> Mapping[str, str]:
        """What people call it, by language."""
        ...

    @property
    def organisation(self) -> str | None:
        """Whose staff it identifies; None for clients."""
        ...

    async def ask(self, *, language: str, fresh: bool) -> Question:
        """Return a new question; *fresh* wants the person to identify anew. Raises NotIdentified."""
        ...

    async def read(self, answer: Mapping[str, str], question: Question) -> Identified:
        """Return who it is by the answer that the browser brought (each parameter once). Raises NotIdentified."""
        ...

    async def read_logout(self, token: str) -> LoggedOut:
        """Return what a logout token says has ended; each counts once. Raises NotIdentified."""
        ...

    async def ending(self, *, session: str | None, language: str, return_to: str) -> str | None:
        """Return where a browser ends the provider's own session; None where the provider has no such place."""
        ...
