"""What disclosure asks of the outside: the engine, the custodian, the clock and the store of facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from audit.log import Committed, Dropped
from audit.writing import Item
from gateway.disclosure.decision import Decision, Permit

R = TypeVar("R")

MAX_CLOCK_SKEW = timedelta(seconds=5)
"""How far our clock and the database's may be apart before nothing is released on a consent and no log begins."""


class LogWriter(Protocol):
    """The one writer: `audit.log.Log`, which says its failures in the gateway's words (`adapters.sql.faults.told`)."""

    async def submit(self, item: Item[object, R], *, urgent: bool = False) -> Committed[R] | Dropped:
        """Write an item; return once it is durable.

        Raises TooBusy when too much is waiting, StoreUnavailable when COMMIT failed, when nobody can say whether it
        did, or when nothing can be signed, and NotKeptTwice where it stands and is not durable in the second place.
        """
        ...


class Clock(Protocol):
    """The gateway's time and the database's. A rehearsal steers both."""

    def now(self) -> datetime:
        """Return this instant, aware and in UTC."""
        ...

    def database_now(self, connection: object) -> datetime:
        """Return the instant as the database of *connection* tells it."""
        ...


class PolicyEngine(Protocol):
    """Judges facts. Raises EngineUnavailable when it is silent, slow, confused or of another revision."""

    @property
    def revision(self) -> str:
        """The pinned digest of the policies it judges by."""
        ...

    async def decide(self, facts: Mapping[str, object]) -> Decision:
        """Judge one request's facts."""
        ...

    async def decide_many(self, facts: Sequence[Mapping[str, object]]) -> list[Decision]:
        """Judge several, in order."""
        ...


class Custodian(Protocol):
    """Hands over a document's bytes, and only against a Permit."""

    async def fetch(self, permit: Permit, client: str, document: str, version: int) -> bytes:
        """Return the accepted bytes of that very version; raises CustodianUnavailable."""
        ...
