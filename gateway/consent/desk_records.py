"""What a service's desk keeps between two pages: whom it looked up, drafts, and what it asked and was answered.

None of it is evidence, and none of it opens anything: consents and the log are kept elsewhere. A record of one service
answers to another service as an unknown one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.consent.model import ClientId, ConsentId
from gateway.directory.identity_code import Identifier


class AnswerKind(StrEnum):
    """What a desk asked or heard."""

    ASKED = "asked"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody whom a service looked up by an identifier. Whether we know the person is not told by it."""

    ref: str
    identifier: Identifier = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft as it is kept: its content is the desk's own, and sealed."""

    id: str
    content: bytes = field(repr=False)
    ends: datetime


@dataclass(frozen=True, slots=True)
class DeskAnswer:
    """One row that this desk asked for, or that a client refused or put off here. Never why."""

    ref: str
    kind: AnswerKind
    recipient: str
    category: str
    at: datetime
    not_before: datetime
    """Until then the same is not asked again."""


@dataclass(frozen=True, slots=True)
class Case:
    """A client with whom a service has something in common through us, and when that last changed."""

    client: ClientId
    last: datetime


@dataclass(frozen=True, slots=True)
class GrantAtWork:
    """A grant that names a service, as its worklist needs it. A change has replaced none of these."""

    client: ClientId
    consent: ConsentId
    custodian: str
    recipient: str
    category: str
    until: datetime
    withdrawn_at: datetime | None
    confirmed: bool
    over: bool
    """Spent, or ended with what it rested on."""


@dataclass(frozen=True, slots=True)
class Window:
    """Now, until when a grant ends soon, and since when what is over is still told."""

    at: datetime
    soon: datetime
    recently: datetime


class Caseload(Protocol):
    """Tells a service's own clients: those named with it in a consent or relation, or of whom it deposited."""

    async def of_services(self, services: Collection[str], since: datetime, most: int) -> tuple[Case, ...]:
        """Return at most so many clients whose matters with a service changed after *since*, newest first."""
        ...

    async def is_of(self, services: Collection[str], client: ClientId) -> bool:
        """Return whether one of the services has anything in common with the client, however long ago."""
        ...

    async def at_work(
        self, service: str, predecessors: Collection[str], window: Window, most: int
    ) -> tuple[GrantAtWork, ...]:
        """Return the grants that may ask for something of a service, the first to end at the head.

        At most so many of each kind: those that end soon, are withdrawn, wait for a word, or name a predecessor.
        """
        ...


class DeskRecords(Protocol):
    """Keeps what a desk notes. What has ended answers as unknown."""

    async def contact(self, service: str, identifier: Identifier) -> Contact:
        """Return the service's contact with that person, made where there is none."""
        ...

    async def contact_of(self, service: str, ref: str) -> Contact | None:
        """Return a contact of the service's by its reference."""
        ...

    async def save_draft(self, service: str, draft: str, content: bytes, scan: bytes | None = None) -> None:
        """Keep a draft for a day from now on; one that is there is replaced.

        A *scan* is kept beside it in the same write, in place of an earlier one; without one, what is there stays.
        """
        ...

    async def scan(self, service: str, draft: str) -> bytes | None:
        """Return the scan of a draft, None where there is none."""
        ...

    async def draft(self, service: str, draft: str) -> KeptDraft | None:
        """Return a draft of the service's."""
        ...

    async def drafts(self, service: str) -> tuple[KeptDraft, ...]:
        """Return the service's drafts, the one that ends first at the head."""
        ...

    async def drop_draft(self, service: str, draft: str) -> None:
        """Forget a draft and its scan."""
        ...

    async def note(self, service: str, answers: Sequence[DeskAnswer]) -> None:
        """Keep answers until they may be asked for again."""
        ...

    async def answers(self, service: str) -> tuple[DeskAnswer, ...]:
        """Return the service's answers that still hold back a question, newest first."""
        ...
