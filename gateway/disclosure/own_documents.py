"""A client's own documents: listed and read by the client, or by a representative as far as the client's ticks go.

The client reads what is the client's: an entry, no judgement. What a representative sees is judged as a disclosure to
them would be: nothing sensitive that was not ticked, nothing that a prohibition keeps from everyone, and nothing at all
about a client under a non-disclosure marking. What lies with a custodian outside is fetched against a permit of the
policy's, for the client too, and judged again on what came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from audit.entry import IndexRow
from gateway.disclosure.decision import Permit
from gateway.disclosure.held import Place, place_of
from gateway.disclosure.insights import Lying, NotShown, OwnDocument, OwnReading
from gateway.disclosure.looking import THE_CLIENT, Look, Looker, look_draft
from gateway.disclosure.own_data import OWN_DATA
from gateway.disclosure.own_outside import look_outside, told_met
from gateway.disclosure.reading_view import Reader, ReadingView
from gateway.disclosure.release import Parts
from gateway.disclosure.representative import may_be_told, open_sections
from gateway.disclosure.shown import show
from gateway.disclosure.snapshot import DocumentFacts
from gateway.disclosure.whole import Whole, WholeReader
from gateway.errors import CustodianUnavailable, NotAvailable, TooBusy

PAGE = 50
"""How many documents at a custodian's are listed at a time: each that was never met costs the log's lock two rows."""
_ATTEMPTS = 3


class _Changed:
    """What stands changed while a document was fetched: it is looked up again."""


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
        return tuple(self._own(row, open_sections(looker, row, whole, self._parts.directory)) for row in found)

    async def read(self, client: str, document: str, looker: Looker = THE_CLIENT) -> OwnReading | NotShown | None:
        """Return one document to read; None for an unknown one, another's, and one that is not open, all alike.

        One that lies on its custodian's own server is fetched from there, and is NotShown where it cannot be had.
        Raises CustodianUnavailable for a deposit that does not open, TooBusy where the document went on changing.
        """
        for _ in range(_ATTEMPTS):
            whole = await self._whole(client, looker, "document")
            row = next((one for one in whole.documents if one.id == document), None)
            sections = frozenset() if row is None else open_sections(looker, row, whole, self._parts.directory)
            if row is None or not sections:
                await self._nothing(client, looker)
                return None
            if row.source is not None:
                outside = await self._read_outside(row, looker, whole)
                if isinstance(outside, _Changed):
                    continue
                return outside
            layout = self._parts.directory.layouts[row.category]
            content = await self._parts.fetch_own(client, row.id, row.version)
            view = self._view(content, layout, sections)
            draft = look_draft(
                self._parts.new_event_id(), looker, client, "document", _told(row, sections), _index(row)
            )
            if await show(draft, whole, (row,), self._parts):
                return self._reading(row, view, sections)
        raise TooBusy("The document is being changed; try again in a moment.")

    async def _read_outside(
        self, row: DocumentFacts, looker: Looker, whole: Whole
    ) -> OwnReading | NotShown | _Changed | None:
        place, client, parts = place_of(row), whole.client.id, self._parts
        try:
            found = await look_outside(place, row.id, looker, whole, parts)
        except CustodianUnavailable:
            return await self._not_shown(place, "custodian-unavailable", client, looker)
        if found == []:
            return await self._not_shown(place, "not-found", client, looker)
        fetched, permit = (None, found) if isinstance(found, str) else found[0]
        if fetched is None or isinstance(permit, str):
            if looker.is_client:
                return await self._not_shown(place, str(permit), client, looker)
            # To a representative what is not open is not there.
            await self._nothing(client, looker)
            return None
        try:
            view = self._view(fetched.content, parts.directory.layouts[row.category], permit.sections)
        except CustodianUnavailable:
            return await self._not_shown(place, "custodian-unavailable", client, looker)
        shown = replace(fetched.document, version=row.version)
        draft = look_draft(
            parts.new_event_id(), looker, client, "document", _told(shown, permit.sections), _index(shown),
            told_met([fetched]),
        )  # fmt: skip
        if not await show(draft, whole, (), parts, [fetched]):
            return _Changed()
        return self._reading(shown, view, permit.sections)

    def places(self, looker: Looker = THE_CLIENT) -> tuple[Place, ...]:
        """Return where custodians keep documents on their own servers, of kinds that who looks may be told of."""
        directory = self._parts.directory
        return tuple(
            one
            for one in self._parts.holdings.places(directory.categories)
            if may_be_told(looker, one.category, (one.custodian,), directory)
        )

    async def lying_at(
        self, client: str, place: Place, looker: Looker = THE_CLIENT, *, page: int = 1
    ) -> Lying | NotShown | None:
        """Return a page of the client's documents at a place, newest first, each by the id that it keeps from here on.

        None for a place that is none. Raises NotAvailable for an unknown client, and for one who is suspended, TooBusy.
        """
        if place not in self.places(looker):
            return None
        for _ in range(_ATTEMPTS):
            whole = await self._whole(client, looker, "documents")
            try:
                found = await look_outside(place, None, looker, whole, self._parts)
            except CustodianUnavailable:
                return await self._not_shown(place, "custodian-unavailable", client, looker, "documents")
            if isinstance(found, str):
                told = await self._not_shown(place, found, client, looker, "documents")
                # To a representative what is not open is not there: a reason would tell of a marking by itself.
                return told if looker.is_client else Lying(())
            open_ones = [one for one, permit in found if isinstance(permit, Permit)]
            in_order = sorted(open_ones, key=lambda one: (-one.document.dated, one.origin.id))
            met, rest = in_order[PAGE * (page - 1) : PAGE * page], in_order[PAGE * page :]
            body = {"found": len(met), "category": place.category, "custodian": place.custodian}
            index = IndexRow("", "permit", basis=OWN_DATA, category=place.category, custodian=place.custodian)
            draft = look_draft(self._parts.new_event_id(), looker, client, "documents", body, index)
            if await show(draft, whole, (), self._parts, met):
                shown = {one.document.id: permit.sections for one, permit in found if isinstance(permit, Permit)}
                return Lying(tuple(self._own(one.document, shown[one.document.id]) for one in met), more=bool(rest))
        raise TooBusy("What stands is being changed; try again in a moment.")

    async def _not_shown(
        self, place: Place, reason: str, client: str, looker: Looker, view: str = "document"
    ) -> NotShown:
        body = {"reasons": [reason], "category": place.category, "custodian": place.custodian}
        outcome = "error" if reason == "custodian-unavailable" else "deny"
        index = IndexRow("", outcome, category=place.category, custodian=place.custodian)
        await self._parts.log.submit(Look(look_draft(self._parts.new_event_id(), looker, client, view, body, index)))
        return NotShown(place.custodian, place.category, reason)

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

    def _own(self, row: DocumentFacts, sections: Collection[str]) -> OwnDocument:
        order = self._parts.directory.categories[row.category].sections
        shown = tuple(code for code in order if code in row.sections and code in sections)
        return OwnDocument(row.id, row.category, row.custodian, row.dated, shown, outside=row.source is not None)

    def _reading(self, row: DocumentFacts, view: ReadingView, sections: Collection[str]) -> OwnReading:
        # That a part is kept back is told, and never which: the name alone of one would tell.
        return OwnReading(self._own(row, sections), view, kept_back=not set(row.sections) <= set(sections))


def _told(row: DocumentFacts, sections: Iterable[str]) -> dict[str, object]:
    released = {
        "id": row.id, "version": row.version, "custodian": row.custodian, "category": row.category,
        "basis": OWN_DATA, "sections": sorted(sections),
    }  # fmt: skip
    return {"category": row.category, "documents": [released]}


def _index(row: DocumentFacts) -> IndexRow:
    return IndexRow("", "permit", basis=OWN_DATA, category=row.category, custodian=row.custodian)
