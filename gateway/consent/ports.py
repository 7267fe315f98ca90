"""What the consent room asks of the outside beside its stores: channels, the register of mandates, seals, snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from gateway.consent.checks import Mandate
from gateway.consent.model import ClientId, GiverKind
from gateway.consent.outbox import Outgoing

T = TypeVar("T")


class Channel(Protocol):
    """Hands a message over to a service's inbox or to the client's own device."""

    async def deliver(self, message: Outgoing, channels: Mapping[str, str]) -> None:
        """Deliver; *channels* are the client's own where `party` is `client`, else empty. Raises when it could not."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What leaves for a client's own channel: that there is something new, or a one-time code, and nothing else.

    `id` is the same at every attempt, so that a channel can tell a repetition. It prints without address and text.
    """

    id: str
    address: str = field(repr=False)
    language: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime
    """When it leaves: what it tells of may be a month old."""


class NoticeRefused(Exception):
    """The channel will not take this notice, now or later; `code` says why and names nobody."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NoticePutOff(OSError):
    """The channel does not take this notice now; `code` says why and names nobody. *down*: it takes no other either."""

    def __init__(self, code: str, *, down: bool = False) -> None:
        super().__init__(code)
        self.code, self.down = code, down


class NoticeChannel(Protocol):
    """Takes notices to clients: e-mail, SMS, Suomi.fi messages."""

    async def send(self, notice: Notice) -> None:
        """Hand it over. Raises NoticeRefused for good, OSError where another attempt may succeed."""
        ...


class MandateRegister(Protocol):
    """The register of guardians and mandates."""

    async def find(self, client: ClientId, kind: GiverKind, reference: str, at: datetime) -> Mandate | None:
        """Return the mandate if it stands at *at* and covers consents, and what it lets them do; None otherwise."""
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
