"""What who looks may see of what stands about one client, and of the client's log: one cut for every page.

The client in person sees everything. A representative is told no more than a disclosure to them would tell
(`gateway.disclosure.representative`): nothing of a client under a non-disclosure marking, of no document that is not
open to them, not what the client decided in person, and nothing that tells of a sensitive matter by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.consent.view import ClientPicture
from gateway.directory.model import Directory
from gateway.disclosure.looking import THE_CLIENT, Looker
from gateway.disclosure.matrix import Cell, Matrix, Seen
from gateway.disclosure.opened import Opened
from gateway.disclosure.representative import is_forbidden, may_be_told, open_sections
from gateway.disclosure.sight_of_log import STATES, UNTOLD, Cut, is_bare_look
from gateway.disclosure.whole import Whole, WholeReader


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may see of one client; `sight_of` makes it of what stands now.

    It is what stands *now* that closes the past too: whoever may not be found today could not be found by a look at
    yesterday.
    """

    looker: Looker
    directory: Directory
    nothing: bool = False
    """Nothing at all is told: the client is under a non-disclosure marking, or is not known."""
    opened: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The documents of which something may be read, by id, with the sections."""
    forbidden: frozenset[str] = frozenset()
    """The categories that are forbidden to everyone."""
    named: frozenset[str] = frozenset()
    """The recipients that something else than the client's own word names."""
    given_for: frozenset[str] = frozenset()
    """The consents that representatives gave."""

    def may_be_told(self, category: str | None, services: Iterable[str]) -> bool:
        """Return whether a category, between these services, may be named; see `representative.may_be_told`."""
        return may_be_told(self.looker, category, services, self.directory)

    def picture(self, picture: ClientPicture) -> ClientPicture:
        """Return what of the picture may be seen: a representative sees what representatives gave or refused, and what
        beats or needs it."""
        if self.looker.is_client:
            return picture
        if self.nothing:
            return ClientPicture(picture.client, (), (), (), (), (), ())
        consents = tuple(one for one in picture.consents if not one.giver.is_client)
        rows = [grant.row for consent in consents for grant in consent.grants]
        known, shown = {row.recipient for row in rows}, {one.id for one in consents}
        return replace(
            picture,
            consents=consents,
            refusals=tuple(one for one in picture.refusals if not one.by_client),
            requests=tuple(
                one for one in picture.requests if self.may_be_told(one.category, (one.recipient, one.custodian))
            ),
            relations=tuple(
                one for one in picture.relations if self.may_be_told(None, (one.custodian, *one.recipients))
            ),
            # Of what beats a consent that they see they must know, whatever its name tells.
            prohibitions=tuple(
                one for one in picture.prohibitions
                if one.recipient in known or self.may_be_told(one.category, filter(None, (one.recipient,)))
            ),
            messages=tuple(one for one in picture.messages if one.consent in shown),
        )  # fmt: skip

    def matrix(self, matrix: Matrix, *, everyone: bool = False) -> Matrix:
        """Return what of the matrix may be seen: who may see what a representative may know of, and by law or consent;
        not on which consent of the client's, until when, nor how one that opens nothing stands.

        *everyone* says that the matrix was asked of every service: then a row tells nothing by being there.
        """
        if self.looker.is_client:
            return matrix
        if self.nothing:
            return replace(matrix, recipients=(), categories=(), cells={}, caveats=())
        cut = {
            place: replace(cell, seen=rows)
            for place, cell in matrix.cells.items()
            if (rows := tuple(self._row(one) for one in cell.seen if self._is_open(one)))
        }
        recipients = tuple(
            code for code in matrix.recipients
            if self.may_be_told(None, (code,)) and (everyone or code in self.named or _sees(code, cut.values()))
        )  # fmt: skip
        cells = {place: cell for place, cell in cut.items() if place[0] in recipients}
        categories = tuple(code for code in matrix.categories if any(place[1] == code for place in cells))
        return replace(matrix, recipients=recipients, categories=categories, cells=cells)

    def entries(self, entries: Sequence[Opened]) -> Sequence[Opened]:
        """Return which entries of the client's log may be seen, each with the documents that are open alone.

        An entry that does not open is not shown to a representative: what it is about is not known.
        """
        if self.looker.is_client:
            return entries
        if self.nothing:
            # That somebody looked for the client is told of anybody: a log without it would tell of the marking.
            return [one for one in entries if is_bare_look(one)]
        cut = Cut(frozenset(self.opened), self.forbidden, self.may_be_told)
        return [seen for one in entries if (seen := cut.entry(one)) is not None]

    def _is_open(self, row: Seen) -> bool:
        there = row.document is None or row.document in self.opened
        told = self.may_be_told(row.category, (row.recipient, row.custodian))
        return there and told and row.category not in self.forbidden

    def _row(self, row: Seen) -> Seen:
        ours = tuple(one for one in row.grants if str(one.consent) in self.given_for)
        mine = self._sections(row)
        return replace(
            row, grants=ours, until=row.until if len(ours) == len(row.grants) else None,
            reason=UNTOLD if row.reason in STATES else row.reason,
            released=tuple(code for code in row.released if code in mine),
            withheld=tuple(code for code in row.withheld if code in mine),
        )  # fmt: skip

    def _sections(self, row: Seen) -> Collection[str]:
        if row.document is not None:
            return self.opened[row.document]
        sections = self.directory.categories[row.category].sections
        return [code for code in sections if self.directory.nature(row.category, code) <= self.looker.ticks]


def sight_of(whole: Whole | None, looker: Looker, directory: Directory) -> Sight:
    """Return what who looks may see of the client of whom *whole* is what stands now; None is of nobody known."""
    if looker.is_client:
        return Sight(looker, directory)
    if whole is None or not whole.client.known or whole.client.non_disclosure:
        return Sight(looker, directory, nothing=True)
    opened = {row.id: open_sections(looker, row, whole, directory) for row in whole.documents}
    named = {row.recipient for row in whole.grants if not row.by_client}
    named |= {row.recipient for row in whole.refusals if not row.by_client}
    named |= {row.recipient for row in whole.prohibitions if row.recipient is not None}
    named |= {code for row in whole.relations for code in row.recipients} | {code for code, _ in whole.asked}
    return Sight(
        looker, directory,
        opened={document: sections for document, sections in opened.items() if sections},
        forbidden=frozenset(code for code in directory.categories if is_forbidden(code, whole)),
        named=frozenset(named),
        given_for=frozenset(str(row.consent) for row in whole.grants if not row.by_client),
    )  # fmt: skip


class Sights:
    """Makes them, of what stands."""

    def __init__(self, reader: WholeReader, directory: Directory) -> None:
        self._reader, self._directory = reader, directory

    async def of(self, client: str, looker: Looker = THE_CLIENT) -> Sight:
        """Return what who looks may see of the client. It is asked for last, so that the newest word counts."""
        whole = None if looker.is_client else await self._reader.whole(client)
        return sight_of(whole, looker, self._directory)


def _sees(recipient: str, cells: Iterable[Cell]) -> bool:
    return any(one.recipient == recipient and any(row.permitted for row in one.seen) for one in cells)
