"""A service's own clients, read from consents, relations and deposits. See `gateway.consent.desk_records.Caseload`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, Subquery, and_, func, literal, or_, select, union_all
from sqlmodel import SQLModel

from adapters.sql import tables
from adapters.sql.engine import Database
from adapters.sql.instants import instant_or_none
from gateway.consent.desk_records import Case, GrantAtWork
from gateway.consent.model import ClientId, ConsentId
from gateway.directory.instants import from_micros, to_micros

_ROWS = SQLModel.metadata.tables
_CONSENTS = _ROWS[tables.ConsentRow.__tablename__]
_GRANTS = _ROWS[tables.GrantTableRow.__tablename__]
_VERSIONS = _ROWS[tables.ConsentVersionRow.__tablename__]
_RELATIONS = _ROWS[tables.RelationRow.__tablename__]
_DOCUMENTS = _ROWS[tables.DocumentRow.__tablename__]


class SqlCaseload:
    """The caseload, on SQLite and PostgreSQL alike."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_services(self, services: Collection[str], since: datetime) -> tuple[Case, ...]:
        """Return the clients whose matters with one of the services changed after *since*, newest first."""
        met = _met(services)
        last = func.max(met.c.at)
        query = select(met.c.client, last.label("last")).group_by(met.c.client).having(last > to_micros(since))
        found = await self._database.reading(
            lambda connection: connection.execute(query.order_by(last.desc(), met.c.client)).all()
        )
        return tuple(Case(ClientId(row.client), from_micros(row.last)) for row in found)

    async def is_of(self, services: Collection[str], client: ClientId) -> bool:
        """Return whether one of the services has anything in common with the client."""
        met = _met(services)
        query = select(met.c.client).where(met.c.client == client).limit(1)
        return await self._database.reading(lambda connection: connection.execute(query).first() is not None)

    async def grants_of(self, services: Collection[str], since: datetime) -> tuple[GrantAtWork, ...]:
        """Return the grants that name one of these services and that had not ended at *since*."""
        row = _GRANTS.c
        named = or_(
            row.custodian.in_(list(services)), and_(row.recipient.in_(list(services)), row.confirmed_at.is_not(None))
        )
        query = (
            select(_GRANTS, _CONSENTS.c.withdrawn_at)
            .select_from(_GRANTS.join(_CONSENTS, _CONSENTS.c.id == row.consent))
            .where(named, row.replaced.is_(False), row.until > to_micros(since))
            .order_by(row.until, row.id)
        )
        found = await self._database.reading(lambda connection: connection.execute(query).all())
        return tuple(
            GrantAtWork(
                ClientId(one.client), ConsentId(one.consent), one.custodian, one.recipient, one.category,
                from_micros(one.until), instant_or_none(one.withdrawn_at), one.confirmed_at is not None,
                one.spent_by is not None or one.ended_at is not None,
            )
            for one in found
        )  # fmt: skip


def _met(services: Collection[str]) -> Subquery:
    """Return (client, at) of everything that one of these services and a client have in common.

    A recipient is told of a grant once it is confirmed, so that an unconfirmed one makes nobody its client.
    """
    grant, version, relation, document = _GRANTS.c, _VERSIONS.c, _RELATIONS.c, _DOCUMENTS.c
    codes = sorted(services)
    named = and_(grant.recipient.in_(codes), grant.confirmed_at.is_not(None))
    of_grant = and_(version.consent == grant.consent, version.version == grant.version)
    listed = literal(" ", String) + relation.recipients + literal(" ", String)
    party = or_(
        relation.custodian.in_(codes), relation.recorded_by.in_(codes),
        *(listed.contains(f" {code} ", autoescape=True) for code in codes),
    )  # fmt: skip
    return union_all(
        select(version.client.label("client"), version.given_at.label("at"))
        .select_from(_GRANTS.join(_VERSIONS, of_grant))
        .where(or_(named, grant.custodian.in_(codes))),
        select(version.client, version.given_at).where(version.capture_service.in_(codes)),
        select(relation.client, relation.recorded_at).where(party),
        select(document.client, document.updated).where(document.custodian.in_(codes)),
    ).subquery()
