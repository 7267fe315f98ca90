"""Whether a partner system may act at all, where the policy does not judge: deposits, consents, relations, openings.

A system that is suspended, or that acts for a service or organisation it is not registered for, is refused whatever its
token says, and the refusal is an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from audit.entry import Draft, IndexRow
from audit.writing import Writing
from gateway.directory.model import Directory
from gateway.disclosure.ports import Clock, LogWriter
from gateway.disclosure.request import Requester
from gateway.disclosure.snapshot import PartnerStanding
from gateway.errors import NotAvailable


class StandingReader(Protocol):
    """Reads how a partner system is registered now."""

    async def standing(self, system: str) -> PartnerStanding:
        """Return its standing; a system that is not registered stands as suspended."""
        ...


def find_fault(requester: Requester, partner: PartnerStanding, directory: Directory, clock: Clock) -> str | None:
    """Return the reason code that keeps this requester from acting, or None."""
    service = directory.service(requester.service)
    if service is None or requester.service not in partner.services:
        return "requester-mismatch"
    if requester.organisation != partner.organisation or service.organisation != partner.organisation:
        return "requester-mismatch"
    if not directory.in_force(requester.service, clock.now()):
        return "service-closed"
    return "suspended" if partner.suspended else None


class Standing:
    """Checks the standing of whoever acts, and logs who was turned away."""

    def __init__(
        self,
        reader: StandingReader,
        directory: Directory,
        clock: Clock,
        log: LogWriter,
        new_event_id: Callable[[], str],
    ) -> None:
        self._reader, self._directory, self._clock, self._log = reader, directory, clock, log
        self._new_event_id = new_event_id

    async def check(self, requester: Requester, act: str = "act") -> None:
        """Raise NotAvailable, after the entry stands, unless *requester* may act for its service now."""
        reason = await self._fault(requester)
        if reason is None:
            return
        index = IndexRow(kind="decision", outcome="deny", recipient=requester.service, requester=requester.system)
        body = {"reasons": [reason], "act": act, "recipient": requester.service, "organisation": requester.organisation}
        actor = {"system": requester.system, "person": requester.person, "role": requester.role}
        await self._log.submit(_Refusal(Draft(self._new_event_id(), index, body, actor=actor)))
        raise NotAvailable("This cannot be done for this requester.")

    async def check_without_entry(self, requester: Requester, _act: str = "act") -> None:
        """Raise NotAvailable likewise and leave no entry: for a gateway that may only be looked at, and writes none."""
        if await self._fault(requester) is not None:
            raise NotAvailable("This cannot be done for this requester.")

    async def _fault(self, requester: Requester) -> str | None:
        partner = await self._reader.standing(requester.system)
        return find_fault(requester, partner, self._directory, self._clock)


class _Refusal:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        return None, [self._draft]
