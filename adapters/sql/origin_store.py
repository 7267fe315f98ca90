"""Where documents outside lie: our random id leads to a server's id, and its version to ours."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import cast

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from adapters.sql import tables
from adapters.sql.engine import Database
from gateway.disclosure.held import Fetched, Known, Origin
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

    def keep(self, connection: object, fetched: Fetched, at: int) -> bool:
        """Write our id and version of a document; see `gateway.disclosure.held.Holdings`."""
        link, document, origin = cast(Connection, connection), fetched.document, fetched.origin
        if fetched.known == document.version:
            # Nothing to write: that the version still is this one is compared with every other document's.
            return True
        seen = {"server_version": origin.version, "digest": origin.digest}
        facts = {
            "version": document.version, "dated": document.dated, "labels": " ".join(document.labels),
            "sections": json.dumps({name: list(labels) for name, labels in document.sections.items()}, sort_keys=True),
            "updated": at,
        }  # fmt: skip
        if fetched.known:
            moved = update(_DOCUMENTS).where(_DOCUMENTS.c.id == document.id, _DOCUMENTS.c.version == fetched.known)
            if link.execute(moved.values(**facts)).rowcount != 1:
                return False
            link.execute(update(_ORIGINS).where(_ORIGINS.c.document == document.id).values(**seen))
            return True
        of_server = {"source": origin.source, "resource": origin.resource, "server_id": origin.id}
        # The head is locked, so nobody can meet it between this look and the insert.
        met = select(_ORIGINS.c.document).filter_by(**of_server)
        if link.execute(met).first() is not None:
            return False
        fixed = {
            "id": document.id, "client": document.client, "custodian": document.custodian,
            "category": document.category, "resource": document.resource, "source": origin.source,
        }  # fmt: skip
        link.execute(insert(_DOCUMENTS).values(**fixed, **facts))
        link.execute(insert(_ORIGINS).values(document=document.id, **of_server, **seen))
        return True


def _known(row: Row[tuple[object, ...]]) -> Known:
    origin = Origin(row.source, row.resource, row.server_id, row.server_version, row.digest)
    return Known(row.document, row.version, row.client, row.custodian, row.category, origin)
