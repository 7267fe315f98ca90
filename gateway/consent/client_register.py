"""What the consent room asks of the register of clients, and what it knows of one beside who they are.

`connection` is the store's own and opaque here, as in `gateway.consent.registry`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from gateway.consent.model import ClientId
from gateway.consent.person import Person
from gateway.directory.identity_code import Identifier


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """What the register knows of a client beside who it is."""

    id: ClientId
    born: date | None
    suspended: bool
    non_disclosure: bool


class ClientRegister(Protocol):
    """Clients by keyed look-up hashes; names and channels sealed."""

    def find(self, connection: object, identifier: Identifier) -> ClientId | None:
        """Return whom an identifier in use leads to."""
        ...

    def find_held(self, connection: object, identifier: Identifier) -> ClientId | None:
        """Return whom it leads to, as `find`, for whoever is to act as that client or to give in their name.

        Raises StoreUnavailable where the client's own sealed record does not hold the identifier.
        """
        ...

    def standing(self, connection: object, client: ClientId) -> ClientStanding | None:
        """Return a known client, None for an unknown one and for the decoy."""
        ...

    def person(self, connection: object, client: ClientId) -> Person | None:
        """Return who the client is: name, identifiers, own channels. None where unknown, or their key was destroyed."""
        ...

    def add(self, connection: object, person: Person, at: datetime) -> ClientId:
        """Store a new client, sealed, and return the random id."""
        ...

    def mark(self, connection: object, client: ClientId, non_disclosure: bool) -> None:
        """Set the non-disclosure marking."""
        ...

    def suspend(self, connection: object, client: ClientId, suspended: bool) -> None:
        """Set whether the client is suspended."""
        ...

    def set_channel(self, connection: object, client: ClientId, kind: str, address: str) -> None:
        """Keep an address of the client's own for a kind of channel, sealed."""
        ...

    def set_language(self, connection: object, client: ClientId, language: str, register: str) -> None:
        """Keep in which language and register the client is spoken to, sealed."""
        ...

    def changes(self, connection: object, client: ClientId) -> int:
        """Return how often what is sealed of the client was changed: the log says so, or an earlier record that is put
        back would pass for the newest."""
        ...

    def decoy(self) -> ClientId:
        """Return the client that no identifier leads to."""
        ...
