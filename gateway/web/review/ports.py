"""What the pages of looking ask of the gateway, beside the doors of `gateway.disclosure.insights`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.consent.model import ClientId
from gateway.consent.view import ClientPicture
from gateway.disclosure.accounts import TOLD
from gateway.disclosure.concern import Concern
from gateway.disclosure.insights import Explains, OwnReads, Previews, SeesWho
from gateway.disclosure.log_query import PAGE
from gateway.disclosure.log_search import Page as LogPage
from gateway.disclosure.looking import THE_CLIENT, Looker
from gateway.disclosure.own_proof import EntryProof
from gateway.disclosure.phrases import Phrases
from gateway.disclosure.sight import Sights
from gateway.disclosure.wholeness import Wholeness
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.standing_mandates import StandingMandates


class Pictures(Protocol):
    """What stands about a client: `gateway.consent.reading.Reading`."""

    async def for_client(self, client: ClientId) -> ClientPicture:
        """Return everything that stands about the client."""
        ...


class OwnLog(Protocol):
    """The client's own log: `gateway.disclosure.log_search.LogSearch`."""

    async def own(
        self, client: str, *, since: int | None = None, until: int | None = None, recipient: str | None = None,
        category: str | None = None, outcome: str | None = None, after: str | None = None, count: int = PAGE,
        kinds: Sequence[str] = TOLD, looker: Looker = THE_CLIENT,
    ) -> LogPage:  # fmt: skip
        """Return a page of the client's own log, after the entry of this look stands. Raises BadQuery."""
        ...


class RaisesConcerns(Protocol):
    """The client's concerns: `gateway.disclosure.concerns.Concerns`."""

    async def raise_concern(self, client: ClientId, origin: str, index: int, *, said: str = "") -> Concern:
        """Say of an entry that the client does not recognise it. Raises ConsentRefused."""
        ...

    async def of_client(self, client: ClientId) -> tuple[Concern, ...]:
        """Return the client's concerns with every answer, newest first."""
        ...


class Proofs(Protocol):
    """Proofs of the client's own entries: `gateway.disclosure.own_proof.OwnProofs`."""

    async def proof(self, origin: str, index: int, client: str) -> EntryProof | None:
        """Return the checked proof of an entry of the client's own; None for another's."""
        ...


class ChecksLog(Protocol):
    """Checks the log in a moment: `gateway.disclosure.wholeness.WholenessCheck`."""

    async def check(self, places: Collection[tuple[str, int]] = ()) -> Wholeness:
        """Return what stands now of every log, and of the entries at these places."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the instant, aware."""
        ...


@dataclass(frozen=True, slots=True)
class Review:
    """All that the room is made of, as the composition root hands it over."""

    pages: Pages
    doors: Doors
    base_url: str
    clock: Clock
    pictures: Pictures
    who_can_see: SeesWho
    previews: Previews
    own_documents: OwnReads
    explaining: Explains
    log: OwnLog
    log_name: str
    concerns: RaisesConcerns
    proofs: Proofs
    check: ChecksLog
    sights: Sights
    phrases: Phrases
    mandates: StandingMandates
    tell_look: Callable[[Looker, ClientId, str], Awaitable[None]]
    """Writes the entry of a look at a page for which no use case writes one."""
    walked: Callable[[ClientId], Awaitable[None]]
    """Notes that the client has gone through everything that stands: the next reminder comes in a year."""
