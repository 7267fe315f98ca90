"""What the consent room asks of the outside beside its stores: channels, the register of mandates, seals, snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from gateway.consent.checks import Mandate
from gateway.consent.model import ClientId, GiverKind
from gateway.consent.registry import Outgoing

T = TypeVar("T")


class Channel(Protocol):
    """Hands a message over to a service's inbox or to the client's own device."""

    async def deliver(self, message: Outgoing, channels: Mapping[str, str]) -> None:
        """Deliver; *channels* are the client's own where `party` is `client`, else empty. Raises when it could not."""
        ...


class MandateRegister(Protocol):
    """The register of guardians and mandates."""

    async def find(self, client: ClientId, kind: GiverKind, reference: str, at: datetime) -> Mandate | None:
        """Return the mandate if it stands at *at* and covers consents; None otherwise."""
        ...


class ImportSeal(Protocol):
    """Checks what a custodian signed."""

    def open(self, signed: str, service: str) -> Mapping[str, object] | None:
        """Return the claims of a compact JWS that a key registered for *service* has signed; None otherwise."""
        ...


class Reader(Protocol):
    """Runs a reading function on the connection of one snapshot, off the event loop where the database is slow."""

    async def __call__(self, look: Callable[[object], T], /) -> T:
        """Return what *look* returns."""
        ...
