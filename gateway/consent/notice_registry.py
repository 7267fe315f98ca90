"""What is kept of how clients are told: their choice, their pauses, and which reminders were sent.

`connection` is the store's own and opaque here, as in `gateway.consent.registry`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.consent.model import ClientId, ConsentId, GrantId
from gateway.consent.notice_choice import NoticeChoice


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause: the prohibition by which it holds, whether the client made it in person, and when they are reminded. It
    ends when it is ended."""

    prohibition: str
    client: ClientId
    since: datetime
    until: datetime
    in_person: bool = True
    reminded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """Grants of one consent that end soon."""

    client: ClientId
    consent: ConsentId
    grants: tuple[GrantId, ...]


class NoticeRegistry(Protocol):
    """Choices, pauses and reminders."""

    def choice(self, connection: object, client: ClientId) -> NoticeChoice | None:
        """Return what the client chose; None where they never did."""
        ...

    def choose(self, connection: object, client: ClientId, choice: NoticeChoice, at: datetime) -> None:
        """Store a choice. Of each release on consent too the client is told from now on, save with NEVER."""
        ...

    def pauses_of(self, connection: object, client: ClientId) -> tuple[Pause, ...]:
        """Return the pauses whose prohibition stands, newest first."""
        ...

    def add_pause(self, connection: object, pause: Pause) -> None:
        """Store a pause."""
        ...

    def pauses_over(self, connection: object, now: datetime, limit: int) -> tuple[Pause, ...]:
        """Return pauses that stand, whose day of reminding has come and which nobody was reminded of."""
        ...

    def mark_reminded(self, connection: object, prohibition: str, at: datetime) -> None:
        """Note that the client was reminded of a pause."""
        ...

    def ending(self, connection: object, stage: timedelta, now: datetime, limit: int) -> tuple[Ending, ...]:
        """Return the grants that can be relied on until they end within *stage* of *now*, were given for longer than
        that, and whose client was not reminded at this stage or a later one."""
        ...

    def mark_ending(self, connection: object, grants: Sequence[GrantId], stage: timedelta, at: datetime) -> None:
        """Note that the client was told of the end of these grants at this stage, which covers every earlier one."""
        ...

    def to_walk_through(self, connection: object, before: datetime, limit: int) -> tuple[ClientId, ...]:
        """Return clients with something in force, who are known since before that instant, and neither were reminded
        nor walked through since."""
        ...

    def mark_walked(self, connection: object, clients: Sequence[ClientId], at: datetime) -> None:
        """Note that these clients were reminded of the walk-through, or did it."""
        ...
