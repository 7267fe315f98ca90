"""A client's own documents: listed and read by the client, or by a representative as far as the client's ticks go.

The client reads what is the client's: an entry, no judgement. What a representative sees is judged as a disclosure to
them would be: nothing sensitive that was not ticked, nothing that a prohibition keeps from everyone, and nothing at all
about a client under a non-disclosure marking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.entry import Draft, IndexRow
from audit.log import Committed, Rejected
from audit.writing import Writing
from gateway.directory.model import Directory
from gateway.disclosure.insights import OwnDocument, OwnReading
from gateway.disclosure.looking import THE_CLIENT, Look, Looker, look_draft
from gateway.disclosure.reading_view import Reader
from gateway.disclosure.release import Parts, Unfit
from gateway.disclosure.snapshot import DocumentFacts, PartnerStanding, Snapshot
from gateway.disclosure.whole import Whole, WholeReader
from gateway.errors import CustodianUnavailable, NotAvailable, TooBusy

_ATTEMPTS = 3
_NOBODY = PartnerStanding("", "", (), suspended=False)
"""No partner system takes part in a look at one's own data."""


class HeldElsewhere(CustodianUnavailable):
    """A document lies on the own server of its `custodian`, and is read there: it is not fetched to be looked at."""

    def __init__(self, custodian: str) -> None:
        super().__init__("The document lies with its custodian, and is read there.")
        self.custodian = custodian


class OwnDocuments:
    """Shows a client's own documents, each look an entry that stands before anything is shown."""

    def __init__(self, reader: WholeReader, view: Reader, parts: Parts) -> None:
        self._reader, self._view, self._parts = reader, view, parts

    async def documents(self, client: str, looker: Looker = THE_CLIENT) -> tuple[OwnDocument, ...]:
        """Return the documents that may be read, newest first. Raises NotAvailable for an unknown client, and for one
        who is suspended."""
        whole = await self._whole(client, looker, "documents")
        found = [row for row in whole.documents if open_sections(looker, row, whole, self._parts.directory)]
        body = {"found": len(found)}
        await self._parts.log.submit(Look(look_draft(self._parts.new_event_id(), looker, client, "documents", body)))
        return tuple(self._own(row) for row in found)

    async def read(self, client: str, document: str, looker: Looker = THE_CLIENT) -> OwnReading | None:
        """Return one document to read; None for an unknown one, another's, and one that is not open, all alike.

        Raises HeldElsewhere for one that lies on its custodian's own server, CustodianUnavailable for one that does not
        open, TooBusy where the document went on changing.
        """
        for _ in range(_ATTEMPTS):
            whole = await self._whole(client, looker, "document")
            row = next((one for one in whole.documents if one.id == document), None)
            sections = frozenset() if row is None else open_sections(looker, row, whole, self._parts.directory)
            if row is None or not sections:
                await self._nothing(client, looker)
                return None
            if row.source is not None:
                raise HeldElsewhere(row.custodian)
            layout = self._parts.directory.layouts[row.category]
            content = await self._parts.fetch_own(client, row.id, row.version)
            view = self._view(content, layout, sections)
            draft = look_draft(
                self._parts.new_event_id(), looker, client, "document", _told(row, sections), _index(row)
            )
            if await show(draft, whole, (row,), self._parts):
                withheld = tuple(code for code in self._order(row) if code not in sections)
                return OwnReading(self._own(row), view, withheld)
        raise TooBusy("The document is being changed; try again in a moment.")

    async def _whole(self, client: str, looker: Looker, view: str) -> Whole:
        whole = await self._reader.whole(client)
        if whole is None or not whole.client.known:
            raise NotAvailable("There is no such client.")
        if whole.client.suspended:
            await self._nothing(client, looker, view, "suspended")
            raise NotAvailable("Nothing is shown while the client is suspended.")
        return whole

    async def _nothing(self, client: str, looker: Looker, view: str = "document", reason: str = "not-found") -> None:
        index, body = IndexRow("", "deny"), {"reasons": [reason]}
        draft = look_draft(self._parts.new_event_id(), looker, client, view, body, index)
        await self._parts.log.submit(Look(draft))

    def _own(self, row: DocumentFacts) -> OwnDocument:
        return OwnDocument(
            row.id, row.category, row.custodian, row.dated, tuple(self._order(row)), outside=row.source is not None
        )

    def _order(self, row: DocumentFacts) -> Iterable[str]:
        return [code for code in self._parts.directory.categories[row.category].sections if code in row.sections]


def open_sections(looker: Looker, document: DocumentFacts, whole: Whole, directory: Directory) -> frozenset[str]:
    """Return the sections of a client's document that may be shown to who looks: to the client in person, all.

    To a representative those whose every sensitivity is ticked; none where a prohibition to everyone stands, or where
    the client is under a non-disclosure marking.
    """
    if document.category not in directory.categories:
        return frozenset()
    if looker.is_client:
        return frozenset(document.sections)
    forbidden = any(row.recipient is None and row.category in (None, document.category) for row in whole.prohibitions)
    if forbidden or whole.client.non_disclosure:
        return frozenset()
    return frozenset(
        section
        for section, added in document.sections.items()
        if directory.nature(document.category, section) | set(added) | set(document.labels) <= looker.ticks
    )


async def show(draft: Draft, whole: Whole, documents: tuple[DocumentFacts, ...], parts: Parts) -> bool:
    """Write the entry of a look at documents; False where client, world or documents changed since they were read."""
    snapshot = whole.snapshot(_NOBODY, "", documents)
    return isinstance(await parts.log.submit(_Shown(draft, snapshot, documents, parts)), Committed)


def _told(row: DocumentFacts, sections: Iterable[str]) -> dict[str, object]:
    released = {
        "id": row.id, "version": row.version, "custodian": row.custodian, "category": row.category,
        "basis": "own-data", "sections": sorted(sections),
    }  # fmt: skip
    return {"category": row.category, "documents": [released]}


def _index(row: DocumentFacts) -> IndexRow:
    return IndexRow("", "permit", basis="own-data", category=row.category, custodian=row.custodian)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The write of a look at documents: what was read must still be what stands."""

    draft: Draft
    snapshot: Snapshot
    documents: tuple[DocumentFacts, ...]
    parts: Parts

    def apply(self, tx: Writing[object], at: int) -> tuple[None, Sequence[Draft]]:
        """Return the entry; raises Rejected when anything changed since it was read."""
        judged = [(self.snapshot, self.documents)]
        if not self.parts.releaser.current(tx.connection, judged).bears_out(self.snapshot, self.documents):
            raise Rejected(Unfit.STALE)
        return None, [self.draft]
