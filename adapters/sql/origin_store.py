"""Where documents outside lie: our random id leads to a server's id, and its version to ours."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import cast

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from adapters.sql import tables
from adapters.sql.engine import Database
from gateway.disclosure.held import Fetched, Known, Origin
from gateway.disclosure.snapshot import UNFETCHED, DocumentFacts
from gateway.errors import StoreUnavailable

_ROWS = SQLModel.metadata.tables
_DOCUMENTS = _ROWS[tables.DocumentRow.__tablename__]
_ORIGINS = _ROWS[tables.DocumentOriginRow.__tablename__]
_JOINED = select(
    _ORIGINS, _DOCUMENTS.c.version, _DOCUMENTS.c.client, _DOCUMENTS.c.custodian, _DOCUMENTS.c.category
).join(_DOCUMENTS, _DOCUMENTS.c.id == _ORIGINS.c.document)


class SqlOrigins:
    """The table of documents that lie outside; see `gateway.disclosure.held.Origins`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_document(self, document: str) -> Known | None:
        """Return where a document of ours lies, None for one that lies with us or is unknown."""
        query = _JOINED.where(_ORIGINS.c.document == document)

        def read(connection: Connection) -> Known | None:
            row = connection.execute(query).one_or_none()
            return None if row is None else _known(row)

        try:
            return await self._database.reading(read)
        except DBAPIError as error:
            raise StoreUnavailable("where the document lies cannot be read") from error

    async def known(self, source: str, resource: str, ids: Collection[str]) -> Mapping[str, Known]:
        """Return those of a server's documents of one type that we have met, by the server's id."""
        query = _JOINED.where(
            _ORIGINS.c.source == source, _ORIGINS.c.resource == resource, _ORIGINS.c.server_id.in_(list(ids))
        )

        def read(connection: Connection) -> Mapping[str, Known]:
            return {row.server_id: _known(row) for row in connection.execute(query)}

        try:
            return await self._database.reading(read)
        except DBAPIError as error:
            raise StoreUnavailable("which documents are known cannot be read") from error

    def keep(self, connection: object, fetched: Fetched, at: int, *, shown: bool) -> bool:
        """Write our id and version of a document; see `gateway.disclosure.held.Holdings`."""
        link, document, origin = cast(Connection, connection), fetched.document, fetched.origin
        if fetched.known is None:
            return _meet(link, document if shown else replace(document, version=UNFETCHED), origin, at)
        if not shown or fetched.known == document.version:
            # Nothing to write: that a shown one still has this version is compared with every other document's.
            return True
        moved = update(_DOCUMENTS).where(_DOCUMENTS.c.id == document.id, _DOCUMENTS.c.version == fetched.known)
        if link.execute(moved.values(**_facts(document, at))).rowcount != 1:
            return False
        link.execute(update(_ORIGINS).where(_ORIGINS.c.document == document.id).values(**_seen(origin)))
        return True


def _meet(link: Connection, document: DocumentFacts, origin: Origin, at: int) -> bool:
    row = _ORIGINS.c
    met = select(row.document).where(
        row.source == origin.source, row.resource == origin.resource, row.server_id == origin.id
    )
    # The head is locked, so nobody can meet it between this look and the insert.
    if link.execute(met).first() is not None:
        return False
    fixed = {
        "id": document.id, "client": document.client, "custodian": document.custodian,
        "category": document.category, "resource": document.resource, "source": origin.source,
    }  # fmt: skip
    place = {"source": origin.source, "resource": origin.resource, "server_id": origin.id}
    link.execute(insert(_DOCUMENTS).values(**fixed, **_facts(document, at)))
    link.execute(insert(_ORIGINS).values(document=document.id, **place, **_seen(origin)))
    return True


def _facts(document: DocumentFacts, at: int) -> dict[str, object]:
    sections = {name: list(labels) for name, labels in document.sections.items()}
    return {
        "version": document.version, "dated": document.dated, "labels": " ".join(document.labels),
        "sections": json.dumps(sections, sort_keys=True), "updated": at,
    }  # fmt: skip


def _seen(origin: Origin) -> dict[str, object]:
    return {"server_version": origin.version, "digest": origin.digest}


def _known(row: Row[tuple[object, ...]]) -> Known:
    origin = Origin(row.source, row.resource, row.server_id, row.server_version, row.digest)
    return Known(row.document, row.version, row.client, row.custodian, row.category, origin)
