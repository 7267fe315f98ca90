"""Concerns in the main database, their words sealed. See `gateway.disclosure.concern.ConcernRegistry`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import orjson
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlmodel import SQLModel

from adapters.sql.instants import instant_or_none, micros_or_null
from adapters.sql.sealing import Sealing
from adapters.sql.tables.oversight import ConcernCaseRow, ConcernRow
from gateway.consent.model import ClientId
from gateway.directory.instants import from_micros, to_micros
from gateway.disclosure.concern import Answer, Case, Concern
from gateway.errors import StoreUnavailable

_ROWS = SQLModel.metadata.tables
_CONCERNS = _ROWS[ConcernRow.__tablename__]
_CASES = _ROWS[ConcernCaseRow.__tablename__]


class SqlConcernRegistry:
    """The store of concerns, on SQLite and PostgreSQL alike.

    A question is sealed with the organisations that it asks, an answer for the one that gave it: a case that was put
    there by hand is none, and words that were put elsewhere open for nobody.
    """

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def add(self, connection: object, concern: Concern) -> None:
        """Store a concern with its cases."""
        link = _of(connection)
        link.execute(
            insert(_CONCERNS).values(
                id=concern.id, client=concern.client, origin=concern.origin, place=concern.index,
                event_id=concern.event_id, kind=concern.kind, entry_at=to_micros(concern.entry_at),
                raised_at=to_micros(concern.raised_at), due_at=to_micros(concern.due_at),
                said=self._sealing.seal(concern.client, _said_as(concern.id), _question(concern)),
            )
        )  # fmt: skip
        link.execute(insert(_CASES), [self._values(concern, case) for case in concern.cases])

    def concern(self, connection: object, concern: str) -> Concern | None:
        """Return one concern."""
        return next(iter(self._load(connection, _CONCERNS.c.id == concern)), None)

    def about(self, connection: object, client: ClientId, event_id: str) -> Concern | None:
        """Return the client's concern about an entry."""
        own = (_CONCERNS.c.client == client) & (_CONCERNS.c.event_id == event_id)
        return next(iter(self._load(connection, own)), None)

    def of_client(self, connection: object, client: ClientId) -> tuple[Concern, ...]:
        """Return the client's concerns, newest first."""
        return tuple(self._load(connection, _CONCERNS.c.client == client))

    def of_organisation(self, connection: object, organisation: str, limit: int) -> tuple[Concern, ...]:
        """Return concerns with this organisation's case alone, open ones first."""
        case = _CASES.c
        joined = _CONCERNS.join(_CASES, case.concern == _CONCERNS.c.id)
        query = (
            select(_CONCERNS, case.organisation, case.answer, case.words, case.answered_at)
            .select_from(joined)
            .where(case.organisation == organisation)
            .order_by(case.answer.is_not(None), case.answered_at.desc(), _CONCERNS.c.due_at, _CONCERNS.c.id)
            .limit(limit)
        )
        found = (self._concern(row, [row]) for row in _of(connection).execute(query))
        return tuple(one for one in found if one.cases)

    def open_count(self, connection: object, organisation: str) -> int:
        """Return how many cases an organisation has not answered: a number, of nobody."""
        case = _CASES.c
        query = select(func.count()).where(case.organisation == organisation, case.answer.is_(None))
        return int(_of(connection).execute(query).scalar_one())

    def late(self, connection: object, now: datetime, limit: int) -> tuple[tuple[str, ClientId, str], ...]:
        """Return cases without an answer whose promised day has passed and whose officer was not told so."""
        case, whole = _CASES.c, _CONCERNS.c
        query = (
            select(whole.id, whole.client, case.organisation)
            .select_from(_CASES.join(_CONCERNS, whole.id == case.concern))
            .where(case.answer.is_(None), case.late_told.is_(None), whole.due_at <= to_micros(now))
            .order_by(whole.due_at, whole.id, case.organisation)
            .limit(limit)
        )
        return tuple((row.id, ClientId(row.client), row.organisation) for row in _of(connection).execute(query))

    def mark_late(self, connection: object, concern: str, organisation: str, at: datetime) -> None:
        """Note that the officer was told that a case is late."""
        mine = update(_CASES).where(_CASES.c.concern == concern, _CASES.c.organisation == organisation)
        _of(connection).execute(mine.values(late_told=to_micros(at)))

    def answer(self, connection: object, concern: Concern, case: Case) -> None:
        """Store an answer."""
        mine = update(_CASES).where(_CASES.c.concern == concern.id, _CASES.c.organisation == case.organisation)
        _of(connection).execute(mine.values(**self._values(concern, case)))

    def _values(self, concern: Concern, case: Case) -> dict[str, object]:
        sealed_as = _answered_as(concern.id, case.organisation)
        words = self._sealing.seal(concern.client, sealed_as, case.text.encode()) if case.answer is not None else None
        return {
            "concern": concern.id, "organisation": case.organisation, "answer": case.answer, "words": words,
            "answered_at": micros_or_null(case.answered_at),
        }  # fmt: skip

    def _load(self, connection: object, condition: ColumnElement[bool]) -> list[Concern]:
        link = _of(connection)
        query = select(_CONCERNS).where(condition).order_by(_CONCERNS.c.raised_at.desc(), _CONCERNS.c.id)
        found = link.execute(query).all()
        own = select(_CASES).where(_CASES.c.concern.in_([row.id for row in found])).order_by(_CASES.c.organisation)
        cases = link.execute(own).all() if found else []
        return [self._concern(row, [case for case in cases if case.concern == row.id]) for row in found]

    def _concern(self, row: Row[tuple[object, ...]], cases: Sequence[Row[tuple[object, ...]]]) -> Concern:
        client = ClientId(row.client)
        opened = self._open(client, _said_as(row.id), row.said)
        said, asked = "", None
        if opened is not None:
            question = orjson.loads(opened)
            said, asked = question["said"], question["asked"]
        return Concern(
            row.id, client, row.origin, row.place, row.event_id, row.kind, from_micros(row.entry_at),
            from_micros(row.raised_at), from_micros(row.due_at), said,
            tuple(
                Case(
                    case.organisation, None if case.answer is None else Answer(case.answer),
                    (self._open(client, _answered_as(row.id, case.organisation), case.words) or b"").decode(),
                    instant_or_none(case.answered_at),
                )
                for case in cases
                if asked is None or case.organisation in asked
            ),
        )  # fmt: skip

    def _open(self, client: ClientId, kind: str, sealed: bytes | None) -> bytes | None:
        # Words whose key was destroyed, or that were not sealed as this, are gone; that there was a concern, and an
        # answer, stays.
        try:
            return self._sealing.open(client, kind, sealed) if sealed else None
        except StoreUnavailable:
            return None


def _said_as(concern: str) -> str:
    return f"concern {concern}"


def _answered_as(concern: str, organisation: str) -> str:
    return f"concern-answer {concern} {organisation}"


def _question(concern: Concern) -> bytes:
    return orjson.dumps({"said": concern.said, "asked": [case.organisation for case in concern.cases]})


def _of(connection: object) -> Connection:
    return cast(Connection, connection)
