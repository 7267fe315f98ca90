"""Clients' reports, kept for a while: implements `gateway.disclosure.client_reporting.ReportStore`.

What an officer sees of a report is sealed under its client's data key; what stands beside it tells only whose
organisation it is and how it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Connection, delete, insert, select, update

from adapters.sql.engine import Database
from adapters.sql.sealing import Sealing
from adapters.sql.tables.oversight import ClientReportRow
from gateway.disclosure.client_reporting import Report, State, from_bytes, to_bytes

_rows = ClientReportRow.__table__  # type: ignore[attr-defined]
_SEALED_AS = "client-report"


class SqlReportStore:
    """On SQLite and PostgreSQL alike."""

    def __init__(self, database: Database, sealing: Sealing) -> None:
        self._database, self._sealing = database, sealing

    def add(self, connection: object, report: Report, expires: int) -> None:
        """Store a report; ended ones go."""
        link = cast(Connection, connection)
        link.execute(delete(_rows).where(_rows.c.expires <= report.made_at))
        link.execute(
            insert(_rows).values(
                id=report.id, organisation=report.organisation, client=report.client, state=str(report.state),
                sealed=self._sealed(report), made=report.made_at, expires=expires,
            )
        )  # fmt: skip

    def release(self, connection: object, report: Report) -> bool:
        """Store a waiting report as released; return False where it waits no more: of two at once, one wins."""
        waiting = (_rows.c.id == report.id, _rows.c.state == str(State.WAITING))
        changed = cast(Connection, connection).execute(
            update(_rows).where(*waiting).values(state=str(State.RELEASED), sealed=self._sealed(report))
        )
        return changed.rowcount == 1

    def find(self, report: str, organisation: str, now: int) -> Report | None:
        """Return an organisation's report; None for an unknown, ended or foreign one, and once its client's key is
        gone. It blocks."""
        query = select(_rows.c.client, _rows.c.sealed).where(
            _rows.c.id == report, _rows.c.organisation == organisation, _rows.c.expires > now
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        found = None if row is None else self._opened(row.client, row.sealed)
        return found if found is not None and (found.id, found.organisation) == (report, organisation) else None

    def of(self, organisation: str, now: int, limit: int) -> Sequence[Report]:
        """Return an organisation's reports, newest first. It blocks."""
        query = (
            select(_rows.c.client, _rows.c.sealed)
            .where(_rows.c.organisation == organisation, _rows.c.expires > now)
            .order_by(_rows.c.made.desc(), _rows.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            found = [self._opened(row.client, row.sealed) for row in connection.execute(query)]
        # Whose a report is, it says itself: its row could be given to another organisation by hand.
        return [one for one in found if one is not None and one.organisation == organisation]

    def _sealed(self, report: Report) -> bytes:
        return self._sealing.seal(report.client, _SEALED_AS, to_bytes(report))

    def _opened(self, client: str, sealed: bytes) -> Report | None:
        content = self._sealing.open(client, _SEALED_AS, sealed)
        return None if content is None else from_bytes(content)
