"""Drafts by their id: a service's own, and to be gone on with by the worker who began them."""

from __future__ import annotations

from gateway.consent.desk_records import DeskRecords, KeptDraft
from gateway.errors import NotAvailable
from gateway.web.desk.desk import Entered
from gateway.web.desk.draft import Draft


class Drafts:
    """Finds and keeps drafts. Another service's, another worker's and one that has ended answer as unknown."""

    def __init__(self, records: DeskRecords) -> None:
        self._records = records

    async def of_service(self, entered: Entered, draft_id: str) -> Draft:
        """Return a draft of the worker's service, whoever began it. Raises NotAvailable."""
        kept = await self._records.draft(entered.service, draft_id)
        draft = None if kept is None else _read(kept)
        if draft is None:
            raise NotAvailable("There is no such page.")
        return draft

    async def mine(self, entered: Entered, draft_id: str) -> Draft:
        """Return a draft that this worker began and that is no consent yet. Raises NotAvailable."""
        draft = await self.begun(entered, draft_id)
        if draft.is_done:
            raise NotAvailable("There is no such page.")
        return draft

    async def begun(self, entered: Entered, draft_id: str) -> Draft:
        """Return a draft that this worker began. Raises NotAvailable."""
        draft = await self.of_service(entered, draft_id)
        if draft.worker != entered.session.signed_in.subject:
            raise NotAvailable("There is no such page.")
        return draft

    async def save(self, entered: Entered, draft: Draft, scan: bytes | None = None) -> None:
        """Keep a draft as it is now, and the scan that was sent for it, in one write."""
        await self._records.save_draft(entered.service, draft.id, draft.to_bytes(), scan)

    async def open_ones(self, entered: Entered) -> tuple[tuple[Draft, ...], tuple[Draft, ...]]:
        """Return the worker's own unfinished drafts, and colleagues' papers that wait for a second person."""
        kept = [draft for one in await self._records.drafts(entered.service) if (draft := _read(one)) is not None]
        worker = entered.session.signed_in.subject
        mine = tuple(one for one in kept if one.worker == worker and not one.is_done)
        waiting = tuple(one for one in kept if one.worker != worker and one.scan and not one.check and not one.is_done)
        return mine, waiting


def _read(kept: KeptDraft) -> Draft | None:
    """Return a draft, None for one that another version of the program kept: it will be gone within a day."""
    try:
        return Draft.from_bytes(kept.content)
    except ValueError:
        return None
