"""A message on its way to a service or to the client, and what the consent room asks of the store of such.

`connection` is the store's own and opaque here, as in `gateway.consent.registry`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.consent.model import ClientId, ConsentId
from gateway.consent.view import Message


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way: `party` is a service code or `client`; `body` tells of the party's own rows alone."""

    id: str
    kind: str
    party: str
    client: ClientId
    consent: ConsentId | None
    body: Mapping[str, object]
    created: datetime
    attempts: int = 0
    """How often it could not be delivered."""
    is_altered: bool = False
    """Its row was made to say otherwise than what was sealed with it: its body is empty, and it may reach nobody."""


class Outbox(Protocol):
    """Messages written with what they tell of, delivered later, acknowledged by their reader."""

    def add(self, connection: object, message: Outgoing, order: int) -> None:
        """Store a message, sealed; *order* is the log's."""
        ...

    def waiting(self, connection: object, limit: int, now: datetime | None = None) -> tuple[Outgoing, ...]:
        """Return messages not delivered yet, oldest first; of those put off, the ones that are due at *now*. Altered
        ones are among them."""
        ...

    def put_off(self, connection: object, ids: Sequence[str], due: datetime, fault: str | None) -> None:
        """Let these wait until *due*. With *fault*, the code of a failed attempt, one more attempt is counted."""
        ...

    def give_up(self, connection: object, ids: Sequence[str], fault: str) -> None:
        """Let these never leave; *fault* is a code that the client's page tells."""
        ...

    def reconsider(self, connection: object, client: ClientId) -> None:
        """Let what waits for the client by an earlier choice be looked at again at once."""
        ...

    def mark_delivered(self, connection: object, ids: Sequence[str], at: datetime) -> None:
        """Note that these were handed over."""
        ...

    def acknowledge(self, connection: object, message: str, party: str, at: datetime) -> bool:
        """Note that the party has read its message; False where it has no such message."""
        ...

    def to_party(self, connection: object, party: str, client: ClientId | None = None) -> tuple[Outgoing, ...]:
        """Return what was written to a party, oldest first; of one client where given. An altered message was not."""
        ...

    def of_client(self, connection: object, client: ClientId) -> tuple[Message, ...]:
        """Return who was told of what about the client and who has acknowledged, newest first."""
        ...
