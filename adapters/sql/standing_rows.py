"""Every row that a client's standing is judged by, read once for a verification: see
`gateway.disclosure.order_standing.StandingRows`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, select
from sqlmodel import SQLModel

from adapters.sql.tables.clients import ClientStateRow
from adapters.sql.tables.consents import ConsentRow, GrantTableRow
from adapters.sql.tables.standing import ProhibitionRow, RefusalRow, RelationRow
from gateway.disclosure.order_records import GrantRecord, ProhibitionRecord, RelationRecord
from gateway.disclosure.order_standing import ClientStands, ConsentStands

_ROWS = SQLModel.metadata.tables
_CONSENTS = _ROWS[ConsentRow.__tablename__]
_GRANTS = _ROWS[GrantTableRow.__tablename__]
_PROHIBITIONS = _ROWS[ProhibitionRow.__tablename__]
_RELATIONS = _ROWS[RelationRow.__tablename__]
_REFUSALS = _ROWS[RefusalRow.__tablename__]
_STATES = _ROWS[ClientStateRow.__tablename__]
_AT_ONCE = 1000


class SqlStandingRows:
    """Reads them through one connection, within its snapshot; *is_readable* tells whether a client's key is there."""

    def __init__(self, connection: Connection, is_readable: Callable[[str], bool]) -> None:
        self._connection, self.is_readable = connection, is_readable

    def consents(self) -> Iterator[ConsentStands]:
        """Yield every consent."""
        for row in self._each(select(_CONSENTS)):
            yield ConsentStands(row.id, row.client, row.version, row.state)

    def grants(self) -> Iterator[GrantRecord]:
        """Yield every grant, of every version and in every state."""
        for row in self._each(select(_GRANTS)):
            yield GrantRecord(
                row.client, row.consent, row.version, row.id, row.custodian, row.recipient, row.category, row.purpose,
                row.valid_from, row.until, frozenset(row.sensitivities.split()), bool(row.single_use), row.document,
                row.dated_from, row.dated_until, row.confirmed_at is not None, bool(row.by_client),
                replaced=bool(row.replaced), withdrawn=bool(row.withdrawn), spent=row.spent_by is not None,
                ended=row.ended_at is not None,
            )  # fmt: skip

    def prohibitions(self) -> Iterator[ProhibitionRecord]:
        """Yield the prohibitions that were not lifted."""
        for row in self._each(select(_PROHIBITIONS).where(_PROHIBITIONS.c.lifted_at.is_(None))):
            yield ProhibitionRecord(row.client, row.id, row.recipient, row.category, bool(row.by_client))

    def relations(self) -> Iterator[RelationRecord]:
        """Yield every relation, ended or not."""
        for row in self._each(select(_RELATIONS)):
            yield RelationRecord(
                row.client, row.id, row.kind, row.custodian, tuple(row.recipients.split()), row.valid_from, row.until,
                row.recorded_by, ended=row.ended_at is not None, section=row.section,
            )  # fmt: skip

    def refusals(self) -> Iterator[tuple[str, str, str]]:
        """Yield (client, recipient, category) that the client in person said no to and that stands, each once."""
        row = _REFUSALS.c
        stand = select(row.client, row.recipient, row.category).where(row.by_client, row.lifted_at.is_(None))
        for one in self._each(stand.distinct()):
            yield one.client, one.recipient, one.category

    def clients(self) -> Iterator[ClientStands]:
        """Yield every client."""
        for row in self._each(select(_STATES)):
            yield ClientStands(row.client, bool(row.suspended), bool(row.non_disclosure))

    def _each(self, query: Select[Any]) -> Iterator[Row[Any]]:
        for rows in self._connection.execution_options(yield_per=_AT_ONCE).execute(query).partitions():
            yield from rows
