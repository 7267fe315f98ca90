"""Reads the facts of one question in one database snapshot, and compares them again under the head lock.

Unknown clients and documents lead to the decoy client, so that every question costs the same statements.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from sqlalchemy import Connection, Row, bindparam, select, text, update
from sqlalchemy.exc import DBAPIError

from adapters.sql.engine import Database
from adapters.sql.tables import DECOY_CLIENT, DocumentRow, GrantTableRow
from gateway.disclosure.snapshot import (
    ClientStanding,
    DocumentFacts,
    Epochs,
    GrantFacts,
    PartnerStanding,
    ProhibitionFacts,
    RefusalFacts,
    RelationFacts,
    Snapshot,
)
from gateway.errors import StoreUnavailable

T = TypeVar("T")

MAX_DOCUMENTS = 200
"""A search never judges more documents than this; more are a reason to narrow the search, told as none."""

_EPOCHS = text(
    "SELECT cs.epoch AS client, cs.suspended, cs.non_disclosure, "
    "(SELECT epoch FROM partner_state WHERE partner = :system) AS partner, "
    "(SELECT epoch FROM world_state WHERE id = 1) AS world "
    "FROM client_state cs WHERE cs.client = :client"
)
_PARTNER = text("SELECT organisation, suspended FROM partner WHERE id = :system")
_SERVICES = text("SELECT service FROM partner_service WHERE partner = :system ORDER BY service")
_CLIENT = text("SELECT client FROM client_identifier WHERE lookup = :lookup AND retired = :no")
_DOCUMENT = select(DocumentRow.__table__).where(  # type: ignore[attr-defined]
    DocumentRow.__table__.c.id == bindparam("document"),  # type: ignore[attr-defined]
    DocumentRow.__table__.c.resource == bindparam("resource"),  # type: ignore[attr-defined]
)
_DOCUMENTS = (
    select(DocumentRow.__table__)  # type: ignore[attr-defined]
    .where(
        DocumentRow.__table__.c.client == bindparam("client"),  # type: ignore[attr-defined]
        DocumentRow.__table__.c.category.in_(bindparam("categories", expanding=True)),  # type: ignore[attr-defined]
    )
    .order_by(DocumentRow.__table__.c.dated.desc(), DocumentRow.__table__.c.id)  # type: ignore[attr-defined]
    .limit(MAX_DOCUMENTS)
)
_GRANTS = text(
    "SELECT id, consent, version, custodian, recipient, category, purpose, valid_from, until, sensitivities, "
    "single_use, document, dated_from, dated_until, withdrawn, confirmed_at, spent_by, ended_at, seq, by_client "
    "FROM consent_grant WHERE client = :client AND recipient = :recipient AND replaced = :no ORDER BY seq DESC, id"
)
_NAMED = text("SELECT DISTINCT recipient, category FROM consent_grant WHERE client = :client AND replaced = :no")
_PROHIBITIONS = text(
    "SELECT id, recipient, category, by_client FROM prohibition "
    "WHERE client = :client AND lifted_at IS NULL ORDER BY id"
)
_RELATIONS = text(
    "SELECT id, kind, custodian, recipients, valid_from, until, ended_at, section "
    "FROM relation WHERE client = :client ORDER BY id"
)
_REFUSALS = text("SELECT recipient, category, by_client FROM refusal WHERE client = :client AND lifted_at IS NULL")


class SqlFactReader:
    """The facts as the main database has them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            return await self._database.reading(query)
        except DBAPIError as error:
            raise StoreUnavailable("the facts cannot be read") from error

    async def for_document(self, system: str, recipient: str, document: str, resource: str) -> Snapshot:
        """Read one document's facts with its client's; see `FactReader`."""

        def read(connection: Connection) -> Snapshot:
            row = connection.execute(_DOCUMENT, {"document": document, "resource": resource}).one_or_none()
            client = row.client if row else DECOY_CLIENT
            return _snapshot(connection, system, recipient, client, [row] if row else [])

        return await self._read(read)

    async def for_client(self, system: str, recipient: str, lookup: bytes, categories: tuple[str, ...]) -> Snapshot:
        """Read a client's facts with its documents of *categories*; see `FactReader`."""

        def read(connection: Connection) -> Snapshot:
            found = connection.execute(_CLIENT, {"lookup": lookup, "no": False}).scalar_one_or_none()
            client = found or DECOY_CLIENT
            rows = connection.execute(_DOCUMENTS, {"client": client, "categories": list(categories)}).all()
            return _snapshot(connection, system, recipient, client, rows)

        return await self._read(read)

    async def for_nobody(self, system: str) -> Snapshot:
        """Read the partner's standing beside the decoy's facts; see `FactReader`."""
        return await self._read(lambda connection: _snapshot(connection, system, "", DECOY_CLIENT, []))

    async def standing(self, system: str) -> PartnerStanding:
        """Return the partner system as it is registered now; one that is not stands as suspended."""
        return await self._read(lambda connection: _standing(connection, system))


def _standing(connection: Connection, system: str) -> PartnerStanding:
    partner = connection.execute(_PARTNER, {"system": system}).one_or_none()
    services = tuple(connection.execute(_SERVICES, {"system": system}).scalars())
    if partner is None:
        return PartnerStanding(system, "", (), suspended=True)
    return PartnerStanding(system, partner.organisation, services, bool(partner.suspended))


def _snapshot(
    connection: Connection, system: str, recipient: str, client: str, documents: Sequence[Row[tuple[object, ...]]]
) -> Snapshot:
    state = connection.execute(_EPOCHS, {"client": client, "system": system}).one()
    partner = _standing(connection, system)
    of_client = {"client": client, "no": False}
    grants = connection.execute(_GRANTS, of_client | {"recipient": recipient}).all()
    named = connection.execute(_NAMED, of_client).all()
    prohibitions = connection.execute(_PROHIBITIONS, {"client": client}).all()
    relations = connection.execute(_RELATIONS, {"client": client}).all()
    refusals = connection.execute(_REFUSALS, {"client": client}).all()
    return Snapshot(
        epochs=Epochs(state.client, state.partner or 0, state.world),
        client=ClientStanding(client, client != DECOY_CLIENT, bool(state.suspended), bool(state.non_disclosure)),
        partner=partner,
        documents=tuple(_document(row) for row in documents),
        grants=tuple(_grant(row) for row in grants),
        prohibitions=tuple(
            ProhibitionFacts(row.id, row.recipient, row.category, bool(row.by_client)) for row in prohibitions
        ),
        relations=tuple(row for row in map(_relation, relations) if recipient in row.recipients),
        refusals=tuple(RefusalFacts(row.recipient, row.category, bool(row.by_client)) for row in refusals),
        named=frozenset((row.recipient, row.category) for row in named),
    )


def _document(row: Row[tuple[object, ...]]) -> DocumentFacts:
    sections = {section: tuple(labels) for section, labels in json.loads(row.sections).items()}
    labels = tuple(row.labels.split())
    return DocumentFacts(
        row.id,
        row.version,
        row.custodian,
        row.category,
        row.resource,
        row.dated,
        labels,
        sections,
        row.client,
        row.source,
    )


def _grant(row: Row[tuple[object, ...]]) -> GrantFacts:
    return GrantFacts(
        id=row.id, consent=row.consent, version=row.version, custodian=row.custodian, recipient=row.recipient,
        category=row.category, purpose=row.purpose, valid_from=row.valid_from, until=row.until,
        sensitivities=tuple(row.sensitivities.split()), single_use=bool(row.single_use), document=row.document,
        dated_from=row.dated_from, dated_until=row.dated_until, withdrawn=bool(row.withdrawn),
        confirmed=row.confirmed_at is not None, spent=row.spent_by is not None, ended=row.ended_at is not None,
        seq=row.seq, by_client=bool(row.by_client),
    )  # fmt: skip


def _relation(row: Row[tuple[object, ...]]) -> RelationFacts:
    ended = row.ended_at is not None
    recipients = tuple(row.recipients.split())
    return RelationFacts(row.id, row.kind, row.custodian, recipients, row.valid_from, row.until, ended, row.section)


_VERSIONS = select(DocumentRow.__table__.c.id, DocumentRow.__table__.c.version).where(  # type: ignore[attr-defined]
    DocumentRow.__table__.c.id.in_(bindparam("ids", expanding=True))  # type: ignore[attr-defined]
)


class SqlReleaser:
    """The comparison and the spending, inside the write transaction."""

    def is_current(self, connection: object, snapshot: Snapshot, documents: tuple[DocumentFacts, ...]) -> bool:
        """Return whether epochs and the documents' versions are still those of the judgement."""
        of = {"client": snapshot.client.id, "system": snapshot.partner.system}
        state = _of(connection).execute(_EPOCHS, of).one()
        if Epochs(state.client, state.partner or 0, state.world) != snapshot.epochs:
            return False
        rows = _of(connection).execute(_VERSIONS, {"ids": [row.id for row in documents]})
        versions = {row.id: row.version for row in rows}
        return all(versions.get(document.id) == document.version for document in documents)

    def spend(self, connection: object, grant: str, event_id: str) -> bool:
        """Mark the grant as spent by this event; False when it was spent already."""
        grants = GrantTableRow.__table__  # type: ignore[attr-defined]
        changed = _of(connection).execute(
            update(grants).where(grants.c.id == grant, grants.c.spent_by.is_(None)).values(spent_by=event_id)
        )
        return bool(changed.rowcount == 1)


def _of(connection: object) -> Connection:
    return cast(Connection, connection)
