"""A service's own clients, read from consents, relations and deposits. See `gateway.consent.desk_records.Caseload`.

A county's service has tens of thousands of them: each question goes along an index and ends after some rows.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, String, and_, literal, or_, select
from sqlmodel import SQLModel

from adapters.sql.engine import Database
from adapters.sql.instants import instant_or_none
from adapters.sql.tables.consents import ConsentVersionRow, GrantTableRow
from adapters.sql.tables.documents import DocumentRow
from adapters.sql.tables.standing import RelationRow
from gateway.consent.desk_records import Case, GrantAtWork, Window
from gateway.consent.model import ClientId, ConsentId
from gateway.directory.instants import from_micros, to_micros

_ROWS = SQLModel.metadata.tables
_GRANTS = _ROWS[GrantTableRow.__tablename__]
_VERSIONS = _ROWS[ConsentVersionRow.__tablename__]
_RELATIONS = _ROWS[RelationRow.__tablename__]
_DOCUMENTS = _ROWS[DocumentRow.__tablename__]
_ROWS_A_CLIENT: Final = 8
"""How many rows are read for each client that is wanted: a client has several with a service."""


class SqlCaseload:
    """The caseload, on SQLite and PostgreSQL alike."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_services(self, services: Collection[str], since: datetime, most: int) -> tuple[Case, ...]:
        """Return at most so many clients whose matters with a service changed after *since*, newest first."""
        newest = [
            one.order_by(order.desc()).limit(_ROWS_A_CLIENT * most)
            for service in sorted(services)
            for one, order in _met(service)
        ]

        def look(connection: Connection) -> dict[str, int]:
            last: dict[str, int] = {}
            for query in newest:
                for row in connection.execute(query):
                    last[row.client] = max(row.at, last.get(row.client, row.at))
            return last

        found = await self._database.reading(look)
        after = to_micros(since)
        cases = sorted(((at, client) for client, at in found.items() if at > after), key=lambda row: (-row[0], row[1]))
        return tuple(Case(ClientId(client), from_micros(at)) for at, client in cases[:most])

    async def is_of(self, services: Collection[str], client: ClientId) -> bool:
        """Return whether one of the services has anything in common with the client."""
        queries = [
            one.where(one.selected_columns.client == client).limit(1)
            for service in sorted(services)
            for one, _ in _met(service)
        ]
        return await self._database.reading(
            lambda connection: any(connection.execute(query).first() is not None for query in queries)
        )

    async def at_work(
        self, service: str, predecessors: Collection[str], window: Window, most: int
    ) -> tuple[GrantAtWork, ...]:  # fmt: skip
        """Return the grants that may ask for something of a service; at most so many of each kind."""
        row, at, soon, recently = (
            _GRANTS.c, to_micros(window.at), to_micros(window.soon), to_micros(window.recently)
        )  # fmt: skip
        told = row.confirmed_at.is_not(None)
        ends = row.until.between(at + 1, soon)
        kinds = (
            and_(row.recipient == service, told, ends), and_(row.custodian == service, ends),
            and_(row.custodian == service, row.confirmed_at.is_(None), row.until > at),
            and_(row.recipient.in_(list(predecessors)), told, row.until > recently),
        )  # fmt: skip
        whole = select(_GRANTS).where(row.replaced.is_(False)).limit(most)
        late = (row.withdrawn_at > recently, row.until > recently)
        # One query for each side of a withdrawal: each reads along its own index, and newest first.
        sides = (and_(row.recipient == service, told), row.custodian == service)
        queries = [
            *(whole.where(kind).order_by(row.until) for kind in kinds),
            *(whole.where(side, *late).order_by(row.withdrawn_at.desc()) for side in sides),
        ]

        def look(connection: Connection) -> dict[str, Row[Any]]:
            return {one.id: one for query in queries for one in connection.execute(query)}

        found = await self._database.reading(look)
        return tuple(
            GrantAtWork(
                ClientId(one.client), ConsentId(one.consent), one.custodian, one.recipient, one.category,
                from_micros(one.until), instant_or_none(one.withdrawn_at), one.confirmed_at is not None,
                one.spent_by is not None or one.ended_at is not None,
            )
            for one in sorted(found.values(), key=lambda one: (one.until, one.id))
        )  # fmt: skip


def _met(service: str) -> tuple[tuple[Select[tuple[str, int]], ColumnElement[int]], ...]:
    """Return (client, at) of everything that a service and a client have in common, each with what orders it in time.

    A recipient is told of a grant once it is confirmed, so that an unconfirmed one makes nobody its client.
    """
    grant, version, relation, document = _GRANTS.c, _VERSIONS.c, _RELATIONS.c, _DOCUMENTS.c
    of_grant = and_(version.consent == grant.consent, version.version == grant.version)
    given = select(grant.client, version.given_at.label("at")).select_from(_GRANTS.join(_VERSIONS, of_grant))
    listed = literal(" ", String) + relation.recipients + literal(" ", String)
    party = or_(
        relation.custodian == service, relation.recorded_by == service, listed.contains(f" {service} ", autoescape=True)
    )
    return (
        (given.where(grant.recipient == service, grant.confirmed_at.is_not(None)), grant.seq),
        (given.where(grant.custodian == service), grant.seq),
        (select(version.client, version.given_at.label("at")).where(version.capture_service == service), version.seq),
        (select(relation.client, relation.recorded_at.label("at")).where(party), relation.recorded_at),
        (select(document.client, document.updated.label("at")).where(document.custodian == service), document.updated),
    )
