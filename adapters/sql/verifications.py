"""What verifications of the whole log found, when: figures alone."""

from __future__ import annotations

from sqlalchemy import insert, select

from adapters.sql.engine import Database
from adapters.sql.tables.oversight import LogVerificationRow
from gateway.disclosure.verification import Verified

_rows = LogVerificationRow.__table__  # type: ignore[attr-defined]


class SqlVerifications:
    """On SQLite and PostgreSQL alike."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, verified: Verified) -> None:
        """Keep what a verification found. It blocks."""
        with self._database.write() as connection:
            connection.execute(
                insert(_rows).values(
                    at=verified.at, entries=verified.entries, sections=verified.sections, releases=verified.releases,
                    wrong=verified.wrong, unchecked=verified.unchecked, order_checked=verified.order_checked,
                )
            )  # fmt: skip
            connection.commit()

    async def last(self) -> Verified | None:
        """Return what the last verification found, None where there was none."""
        query = select(_rows).order_by(_rows.c.at.desc()).limit(1)
        row = await self._database.reading(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Verified(*row)
