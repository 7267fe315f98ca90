"""Who can see what of a client, now or at a past instant: judged by the engine that judges requests, in one call.

1. what stands, in one snapshot, or as the log tells of a past instant; 2. the recipients and categories; 3. a supposed
request for each document and purpose; 4. one judgement of them all; 5. the entry of the look; 6. the matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from gateway.directory.instants import from_micros, to_micros
from gateway.directory.model import Directory
from gateway.disclosure.looking import THE_CLIENT, Looker, tell_look
from gateway.disclosure.matrix import Cell, Matrix, Seen
from gateway.disclosure.ports import Clock, LogWriter, PolicyEngine
from gateway.disclosure.snapshot import DocumentFacts
from gateway.disclosure.supposing import Supposed, Supposing
from gateway.disclosure.whole import Whole, WholeReader
from gateway.errors import NotAvailable


class PastReader(Protocol):
    """Rebuilds what stood: see `gateway.disclosure.rebuilding.Rebuilding`."""

    async def whole_at(self, client: str, at: int, before: tuple[str, int] | None = None) -> Whole | None:
        """Return what stood at *at* (microseconds), or before an entry; None where the log tells of no such client."""
        ...


class WhoCanSee:
    """Answers who can see what, and writes each look into the log."""

    def __init__(
        self, now: WholeReader, past: PastReader, engine: PolicyEngine, directory: Directory, clock: Clock,
        log: LogWriter, new_event_id: Callable[[], str],
    ) -> None:  # fmt: skip
        self._now, self._past, self._engine, self._directory = now, past, engine, directory
        self._clock, self._log, self._new_event_id = clock, log, new_event_id

    async def matrix(
        self, client: str, looker: Looker = THE_CLIENT, *, at: datetime | None = None,
        recipients: Collection[str] | None = None, document: str | None = None, everyone: bool = False,
    ) -> Matrix:  # fmt: skip
        """Return who can see what of a client now, or *at* a past instant; see `insights.SeesWho`.

        Raises NotAvailable for a client who is not known (then), EngineUnavailable where nobody judges.
        """
        # 1
        instant = to_micros(self._clock.now() if at is None else at)
        whole = await (self._now.whole(client) if at is None else self._past.whole_at(client, instant))
        if whole is None or not whole.client.known:
            raise NotAvailable("There is no such client.")
        # 2 to 4
        made = await self.of(whole, instant, recipients=recipients, document=document, everyone=everyone)
        matrix = made if looker.services is None else _within(made, looker.services)
        # 5
        asked: dict[str, object] = {
            "at": instant if at is not None else None, "recipients": sorted(recipients or ()), "document": document,
            "everyone": everyone, "found": len(matrix.cells),
        }  # fmt: skip
        body = {key: value for key, value in asked.items() if value not in (None, [], False)}
        await tell_look(self._log, self._new_event_id(), looker, client, "who-can-see", body)
        # 6
        return matrix

    async def of(
        self, whole: Whole, at: int, *, recipients: Collection[str] | None = None, document: str | None = None,
        everyone: bool = False,
    ) -> Matrix:  # fmt: skip
        """Return the matrix of what stands in *whole*: a judgement and no entry, for those who write their own."""
        supposing, directory = Supposing(whole, self._directory, at), self._directory
        documents = [row for row in whole.documents if document in (None, row.id) and _is_known(row, directory)]
        asking = [
            code for code in _recipients(whole, directory, at, everyone) if recipients is None or code in recipients
        ]
        held: list[Seen] = []
        questions: list[Supposed] = []
        for code in asking:
            held += [supposing.holding(row) for row in documents if row.custodian == code]
            others = [row for row in documents if row.custodian != code]
            possible = supposing.could_come(code, directory.categories) if document is None else []
            questions += supposing.asked_by(code, [*others, *possible])
        cells: dict[tuple[str, str], list[Seen]] = {}
        for one in held + await supposing.judge(questions, self._engine):
            cells.setdefault((one.recipient, one.category), []).append(one)
        there = {category for _, category in cells}
        return Matrix(
            whole.client.id, from_micros(at), tuple(asking),
            tuple(code for code in directory.categories if code in there),
            {place: Cell(*place, tuple(rows)) for place, rows in cells.items()},
            self._engine.revision, directory.digest, whole.caveats,
        )  # fmt: skip


def _recipients(whole: Whole, directory: Directory, at: int, everyone: bool) -> list[str]:
    """Return the services that anything of the client's names as recipient, in the directory's order."""
    named = {row.recipient for row in whole.grants} | {row.recipient for row in whole.refusals}
    named |= {row.recipient for row in whole.prohibitions if row.recipient is not None}
    named |= {code for row in whole.relations for code in row.recipients}
    named |= {code for code, _ in whole.asked}
    if everyone:
        named |= {code for code in directory.services if directory.in_force(code, from_micros(at))}
    return [code for code in directory.services if code in named]


def _within(matrix: Matrix, services: frozenset[str]) -> Matrix:
    """Return what of the matrix concerns these services, as recipient or as custodian."""
    cells: dict[tuple[str, str], Cell] = {}
    for place, cell in matrix.cells.items():
        seen = tuple(one for one in cell.seen if one.recipient in services or one.custodian in services)
        if seen:
            cells[place] = replace(cell, seen=seen)
    recipients = tuple(code for code in matrix.recipients if any(place[0] == code for place in cells))
    categories = tuple(code for code in matrix.categories if any(place[1] == code for place in cells))
    return replace(matrix, recipients=recipients, categories=categories, cells=cells)


def _is_known(document: DocumentFacts, directory: Directory) -> bool:
    """Return whether the directory still has what the document is of; of what it has not, nobody sees anything."""
    return document.category in directory.categories and document.custodian in directory.services
