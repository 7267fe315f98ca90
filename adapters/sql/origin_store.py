"""Where documents outside lie: our random id leads to a server's id, and its version to ours."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Connection, insert, select, update
from sqlmodel import SQLModel

from adapters.sql.direct import Fields, Statement, statement
from adapters.sql.engine import Database
from adapters.sql.tables.documents import DocumentOriginRow, DocumentRow
from gateway.disclosure.held import Fetched, Known, Origin
from gateway.disclosure.snapshot import UNFETCHED, DocumentFacts

_ROWS = SQLModel.metadata.tables
_DOCUMENTS = _ROWS[DocumentRow.__tablename__]
_ORIGINS = _ROWS[DocumentOriginRow.__tablename__]
_KNOWN = (
    "SELECT document.id, document.version, client, custodian, category, "
    "document_origin.source, document_origin.resource, server_id, server_version, digest "
    "FROM document_origin JOIN document ON document.id = document_origin.document WHERE "
)
_OF_DOCUMENT = statement(f"{_KNOWN} document_origin.document = :document")
_AT_SERVER = Statement(
    lambda say: (
        f"{_KNOWN} document_origin.source = :source AND document_origin.resource = :resource "
        f"AND server_id {say.among('ids')}"
    )
)


class SqlOrigins:
    """The table of documents that lie outside; see `gateway.disclosure.held.Origins`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_document(self, document: str) -> Known | None:
        """Return where a document of ours lies, None for one that lies with us or is unknown."""
        rows = await self._database.direct.fetch(_OF_DOCUMENT, {"document": document})
        return _known(rows[0]) if rows else None

    async def known(self, source: str, resource: str, ids: Collection[str]) -> Mapping[str, Known]:
        """Return those of a server's documents of one type that we have met, by the server's id."""
        asked = {"source": source, "resource": resource, "ids": json.dumps(list(ids))}
        found = map(_known, await self._database.direct.fetch(_AT_SERVER, asked))
        return {one.origin.id: one for one in found}

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


def _known(row: Fields) -> Known:
    document, version, client, custodian, category, *origin = cast(tuple[Any, ...], row)
    return Known(document, version, client, custodian, category, Origin(*origin))
