"""Where a search's next page begins: random ids with the question beside them, bound to the partner, for ten
minutes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import orjson
from sqlalchemy import delete, insert, select

from adapters.sql.engine import Database
from adapters.sql.tables.documents import SearchCursorRow
from gateway.directory.instants import to_micros

LIFETIME = timedelta(minutes=10)
_cursors = SearchCursorRow.__table__  # type: ignore[attr-defined]


class SqlCursorStore:
    """Keeps cursors; nothing in them is content, and the client stands there as a keyed hash."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    async def save(self, system: str, question: Mapping[str, object]) -> str:
        """Keep a question and return its id; ended ones go."""
        cursor, now = secrets.token_urlsafe(24), self._now()

        def write() -> None:
            with self._database.write() as connection:
                connection.execute(delete(_cursors).where(_cursors.c.expires <= to_micros(now)))
                row = {
                    "id": cursor, "partner": system, "question": orjson.dumps(question),
                    "expires": to_micros(now + LIFETIME),
                }  # fmt: skip
                connection.execute(insert(_cursors).values(**row))
                connection.commit()

        await asyncio.to_thread(write)
        return cursor

    async def load(self, system: str, cursor: str) -> Mapping[str, object] | None:
        """Return the question, None for an unknown, ended or foreign id."""
        found = select(_cursors.c.question).where(
            _cursors.c.id == cursor, _cursors.c.partner == system, _cursors.c.expires > to_micros(self._now())
        )
        question = await self._database.reading(lambda connection: connection.execute(found).scalar_one_or_none())
        return None if question is None else dict(orjson.loads(question))
