"""What the officer's pages ask of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.directory.identity_code import Identifier
from gateway.disclosure.client_report import Choice, Package
from gateway.disclosure.client_reporting import Asked, NotReleased, Render, Report
from gateway.disclosure.concern import Answer, Concern
from gateway.disclosure.entry_proof import Proved
from gateway.disclosure.log_query import Officer, Query
from gateway.disclosure.log_survey import Survey
from gateway.disclosure.log_watch import LogState
from gateway.disclosure.officer_looks import Seen
from gateway.disclosure.opened import Opened


class LogStates(Protocol):
    """Tells where the log stands."""

    async def now(self) -> LogState:
        """Return where it stands at this instant; raises StoreUnavailable."""
        ...


class Looks(Protocol):
    """See `gateway.disclosure.officer_looks.OfficerLooks`."""

    async def search(self, query: Query, officer: Officer, reason: str, *, view: str = "search") -> Seen:
        """Return a page of what the officer may see, after the entry of this look stands."""
        ...

    async def nobody(self, query: Query, officer: Officer, reason: str) -> Seen:
        """Return the empty page of a search for somebody who is not known, after its entry stands."""
        ...

    async def entry(self, origin: str, index: int, officer: Officer, reason: str) -> Opened | None:
        """Return one entry, after the entry of this look stands; None where the officer may not see such an entry."""
        ...

    async def counts(self, officer: Officer, since: int) -> Survey:
        """Return a survey of what happened since an instant."""
        ...


class Proofs(Protocol):
    """See `gateway.disclosure.entry_proof.EntryProofs`."""

    async def prove(self, origin: str, index: int, *, order: bool = True) -> Proved | None:
        """Return what checking one entry found, without *order* all but the order law."""
        ...


class References(Protocol):
    """Keeps what may not stand in an address, bound to an officer, for a while."""

    async def keep(self, officer: str, content: bytes) -> str:
        """Keep it and return its reference."""
        ...

    async def find(self, officer: str, reference: str) -> bytes | None:
        """Return what was kept; None for an unknown or ended reference, and for another officer's."""
        ...


class Clients(Protocol):
    """Leads from an identifier to a client."""

    async def client_of(self, identifier: Identifier) -> str | None:
        """Return whom an identifier in use leads to."""
        ...


class Reports(Protocol):
    """See `gateway.disclosure.client_reporting.ClientReports`."""

    async def make(self, asked: Asked, officer: Officer) -> str | None:
        """Make a report that waits for its second look; return its id, None where there is nothing to report."""
        ...

    async def nobody(self, officer: Officer, package: Package, reason: str) -> None:
        """Write the entry of having asked for somebody who is not known."""
        ...

    async def of(self, officer: Officer) -> Sequence[Report]:
        """Return the organisation's reports, newest first."""
        ...

    async def find(self, report: str, officer: Officer) -> Report | None:
        """Return a report of the officer's organisation."""
        ...

    async def look(self, report: Report, officer: Officer, view: str) -> None:
        """Write the entry of looking at a report's lines, or of taking one of its files."""
        ...

    async def release(
        self, report: Report, officer: Officer, choices: Mapping[str, Choice], render: Render
    ) -> Report | NotReleased:
        """Release a report as its second officer decided, or say why it does not go out."""
        ...


class Cases(Protocol):
    """See `gateway.disclosure.concerns.Concerns`: the officer's side."""

    async def cases_of(self, officer: Officer) -> tuple[Concern, ...]:
        """Return the cases of the officer's own organisation, open ones first, after the entry of this look stands."""
        ...

    async def answer(self, concern: str, officer: Officer, answer: Answer, text: str) -> Concern:
        """Answer for the officer's organisation and tell the client. Raises ConsentRefused."""
        ...
