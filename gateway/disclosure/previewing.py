"""What a recipient would see of a client's own documents if the client said yes: judged and minimised as a disclosure.

1. what stands; 2. the rows as grants that were given, beside those there are; what lies with custodians outside is
fetched against permits of these (`supposed_fetch`); 3. one judgement of all that is there, with the rows and without;
4. each permit's document minimised and rendered as `disclose` would; 5. the entry; 6. the client, and nobody else,
reads what is left.

A representative is told of a document here as far as they may read it, and of others not at all: each is left out
before it is judged or fetched.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.entry import IndexRow
from gateway.consent.model import GrantRow
from gateway.directory.instants import from_micros, to_micros
from gateway.disclosure.decision import Permit
from gateway.disclosure.held import Fetched, Place
from gateway.disclosure.insights import Preview, PreviewedDocument
from gateway.disclosure.looking import THE_CLIENT, Look, Looker, look_draft
from gateway.disclosure.own_outside import told_met
from gateway.disclosure.reading_view import Reader
from gateway.disclosure.release import Parts
from gateway.disclosure.representative import open_sections
from gateway.disclosure.shown import show
from gateway.disclosure.snapshot import DocumentFacts, GrantFacts
from gateway.disclosure.supposed_fetch import fetch_supposed
from gateway.disclosure.supposing import Supposed, Supposing, answer
from gateway.disclosure.whole import Whole, WholeReader
from gateway.errors import NotAvailable, RequestInvalid, TooBusy

MAX_ROWS = 50
MAX_SHOWN = 10
"""How many documents of one custodian and category a preview shows: the newest."""
_ATTEMPTS = 3
_FOR_EVER = 2**53 - 1
"""The last instant that facts can say, in the year 2255."""
_NEWEST = 2**52
"""After every giving in the log."""


class Previewing:
    """Previews, each an entry that stands before anything is shown. Nothing leaves for a recipient."""

    def __init__(self, reader: WholeReader, view: Reader, parts: Parts) -> None:
        self._reader, self._view, self._parts = reader, view, parts

    async def preview(self, client: str, rows: Sequence[GrantRow], looker: Looker = THE_CLIENT) -> Preview:
        """Return what the rows' recipients would see of the client's documents if the client said yes to them.

        The rows are taken as in force now, whenever they are to begin. Raises RequestInvalid for unknown codes and too
        many rows, NotAvailable for an unknown client, EngineUnavailable, CustodianUnavailable.
        """
        self._check(rows)
        for _ in range(_ATTEMPTS):
            # 1
            whole = await self._reader.whole(client)
            if whole is None or not whole.client.known:
                raise NotAvailable("There is no such client.")
            at = to_micros(self._parts.clock.now())
            # 2
            supposed = whole.adding(self._supposed(rows, at))
            outside = await fetch_supposed(rows, supposed, self._parts, at, looker)
            for place in outside.failed:
                await self._tell_failure(place, client, looker)
            told = [row for row in whole.documents if open_sections(looker, row, whole, self._parts.directory)]
            here = [row for row in told if row.source is None and _opened_by(rows, row)]
            # 3, at the instant to which the fetch has taken us.
            at = to_micros(self._parts.clock.now())
            asked, left_off = _newest([*here, *(one.document for one in outside.fetched)])
            with_rows = self._questions(supposed, rows, asked, at)
            without = self._questions(whole, rows, asked, at)
            answers = await answer([*with_rows, *without], self._parts.directory, at, self._parts.engine)
            # 4
            met = {one.document.id: one for one in outside.fetched if one.document in asked}
            found = [
                await self._previewed(one, yes, isinstance(now, Permit), whole, looker, met.get(one.document.id))
                for one, yes, now in zip(with_rows, answers, answers[len(with_rows) :], strict=False)
            ]
            # 5
            body = {
                "rows": [[row.custodian, row.recipient, row.category, row.purpose, sorted(row.sensitivities)]
                         for row in rows],
                "documents": [_told(one) for one in _best(found)],
            }  # fmt: skip
            index = IndexRow("", "permit", basis="own-data")
            draft = look_draft(
                self._parts.new_event_id(), looker, client, "preview", body, index, told_met(list(met.values()))
            )  # fmt: skip
            with_us = [row for row in asked if row.id not in met]
            if await show(draft, whole, with_us, self._parts, list(met.values())):
                # 6
                kept_away = outside.not_shown()
                opened = {(row.custodian, row.category) for row in (*told, *asked)}
                opened |= {(one.custodian, one.category) for one in kept_away}
                empty = {(row.recipient, row.category): None for row in rows
                         if (row.custodian, row.category) not in opened}  # fmt: skip
                return Preview(from_micros(at), tuple(_best(found)), tuple(empty), kept_away, left_off)
        raise TooBusy("What stands is being changed; try again in a moment.")

    async def _tell_failure(self, place: Place, client: str, looker: Looker) -> None:
        """Write the entry of a custodian that failed: each failure has its own, whatever else is shown."""
        body = {
            "reasons": ["custodian-unavailable"], "custodian": place.custodian, "category": place.category
        }  # fmt: skip
        index = IndexRow("", "error", category=place.category, custodian=place.custodian)
        draft = look_draft(self._parts.new_event_id(), looker, client, "preview", body, index)
        await self._parts.log.submit(Look(draft))

    def _check(self, rows: Sequence[GrantRow]) -> None:
        directory = self._parts.directory
        if not 0 < len(rows) <= MAX_ROWS:
            raise RequestInvalid(f"A preview is of one to {MAX_ROWS} rows.")
        for row in rows:
            known = row.category in directory.categories and row.purpose in directory.purposes
            if not known or not {row.custodian, row.recipient} <= set(directory.services):
                raise RequestInvalid("A row names a code that the directory does not know.")

    def _supposed(self, rows: Sequence[GrantRow], at: int) -> tuple[GrantFacts, ...]:
        """Return the rows as the grants that they would be: given by the client in person, in force, the newest."""
        return tuple(
            GrantFacts(
                f"supposed-{place}", f"supposed-{place}", 1, row.custodian, row.recipient, row.category, row.purpose,
                at, _FOR_EVER, tuple(sorted(row.sensitivities)),
                row.once or self._parts.directory.categories[row.category].single_use, row.document,
                None if row.dated_from is None else to_micros(row.dated_from),
                None if row.dated_until is None else to_micros(row.dated_until),
                withdrawn=False, confirmed=True, spent=False, ended=False, seq=_NEWEST - place, by_client=True,
            )
            for place, row in enumerate(rows)
        )  # fmt: skip

    def _questions(
        self, whole: Whole, rows: Sequence[GrantRow], documents: Sequence[DocumentFacts], at: int
    ) -> list[Supposed]:
        supposing = Supposing(whole, self._parts.directory, at)
        found: list[Supposed] = []
        for recipient in dict.fromkeys(row.recipient for row in rows):
            for document in documents:
                purposes = {row.purpose for row in rows if row.recipient == recipient and _opens(row, document)}
                if purposes and document.custodian != recipient:
                    found += supposing.asked_by(recipient, [document], purposes)  # Each by itself: each is fetched.
        return found

    async def _previewed(
        self, one: Supposed, answered: Permit | str, already: bool, whole: Whole, looker: Looker,
        fetched: Fetched | None,
    ) -> PreviewedDocument:  # fmt: skip
        document, parts = one.document, self._parts
        mine = open_sections(looker, document, whole, parts.directory)
        order = [code for code in parts.directory.categories[document.category].sections if code in mine]
        told = (
            one.request.requester.service, document.id, document.category, document.custodian, document.dated
        )  # fmt: skip
        kept_back = not set(document.sections) <= mine
        if isinstance(answered, str):
            return PreviewedDocument(*told, False, already, answered, (), tuple(order), None, kept_back)
        content = (
            await parts.custodian.fetch(answered, whole.client.id, document.id, document.version)
            if fetched is None
            else fetched.content
        )
        body = parts.render(one.request, one.snapshot, document, answered, content)
        if body is None:
            reason = "sensitivity-not-covered"
            return PreviewedDocument(*told, False, already, reason, (), tuple(order), None, kept_back)
        layout = parts.directory.layouts[document.category]
        there = {section.code for section in self._view(body, layout, None).sections}
        released = tuple(code for code in order if code in there)
        withheld = tuple(code for code in order if code not in there)
        # A representative may read no more here than of the document itself.
        view = self._view(body, layout, mine)
        return PreviewedDocument(*told, True, already, None, released, withheld, view, kept_back)


def _newest(documents: Sequence[DocumentFacts]) -> tuple[list[DocumentFacts], int]:
    """Return the newest documents of each custodian and category, and how many are left off."""
    kept: dict[tuple[str, str], list[DocumentFacts]] = {}
    for one in sorted(documents, key=lambda row: (-row.dated, row.id)):
        kept.setdefault((one.custodian, one.category), []).append(one)
    shown = [one for rows in kept.values() for one in rows[:MAX_SHOWN]]
    return shown, len(documents) - len(shown)


def _opens(row: GrantRow, document: DocumentFacts) -> bool:
    return (row.custodian, row.category) == (document.custodian, document.category)


def _opened_by(rows: Sequence[GrantRow], document: DocumentFacts) -> bool:
    return any(_opens(row, document) for row in rows)


def _best(found: Sequence[PreviewedDocument]) -> list[PreviewedDocument]:
    """Return one row for each recipient and document: of several purposes, the one that would show most."""
    best: dict[tuple[str, str], PreviewedDocument] = {}
    for one in found:
        place = (one.recipient, one.document)
        if place not in best or (one.permitted, len(one.released)) > (
            best[place].permitted, len(best[place].released)
        ):  # fmt: skip
            best[place] = one
    return list(best.values())


def _told(one: PreviewedDocument) -> dict[str, object]:
    return {
        "id": one.document, "custodian": one.custodian, "category": one.category, "recipient": one.recipient,
        "sections": sorted(one.released),
    }  # fmt: skip
