"""What a worker does at a desk beside asking for documents, as entries: looking somebody up, owning up to a look."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from audit.entry import Draft, IndexRow
from gateway.disclosure.looking import Look
from gateway.disclosure.ports import LogWriter
from gateway.disclosure.request import Requester


class Vain(StrEnum):
    """Why a look should not have been."""

    WRONG_CLIENT = "wrong-client"
    IN_VAIN = "in-vain"


class DeskEntries:
    """Writes the entries of a desk; *nobody* is the client that no identifier leads to."""

    def __init__(self, log: LogWriter, new_event_id: Callable[[], str], nobody: str) -> None:
        self._log, self._new_event_id, self._nobody = log, new_event_id, nobody

    async def looked_up(self, client: str | None, by: Requester, reason: str) -> None:
        """Note that a worker looked somebody up by an identity code, and why; returns once it is durable.

        It costs the same about somebody whom nobody knows. Raises TooBusy and StoreUnavailable.
        """
        await self._write("desk.lookup", client, by, {"reason": reason})

    async def asked_register(self, client: str | None, by: Requester) -> None:
        """Note that a worker asked the register of mandates whether somebody decides for this person, whatever it will
        answer. Who that somebody is stands in no entry. Raises TooBusy and StoreUnavailable."""
        await self._write("desk.lookup", client, by, {"reason": "", "asks": "mandate"})

    async def reported(self, client: str | None, by: Requester, vain: Vain) -> None:
        """Note that the worker says of an own look that it was in vain or about the wrong client."""
        await self._write("desk.report", client, by, {"says": str(vain)})

    async def _write(self, kind: str, client: str | None, by: Requester, more: dict[str, object]) -> None:
        whose = client or self._nobody
        body = {"recipient": by.service, "organisation": by.organisation, "role": by.role, "purpose": by.purpose} | more
        actor = {
            "system": by.system, "person": by.person, "name": by.person_name, "role": by.role, "service": by.service,
            "token": by.token_id,
        }  # fmt: skip
        index = IndexRow(kind, "na", recipient=by.service, requester=by.system)
        owner = f"{by.system}/{by.person or ''}"
        await self._log.submit(Look(Draft(self._new_event_id(), index, body, {"client": whose}, actor, whose, owner)))
