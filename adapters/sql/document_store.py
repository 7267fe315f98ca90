"""Deposited documents: their facts in the clear, their bytes sealed under the data key of their client."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any, Protocol, cast

from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, insert, select, update

from adapters.sql.direct import statement
from adapters.sql.engine import Database
from adapters.sql.tables.documents import DocumentRow, DocumentVersionRow
from audit.keys import DataKey, DataKeys, KeyName
from gateway.disclosure.snapshot import DocumentFacts

NONCE_SIZE = 12

_documents = DocumentRow.__table__  # type: ignore[attr-defined]
_versions = DocumentVersionRow.__table__  # type: ignore[attr-defined]
_VERSION = statement(
    "SELECT key, nonce, content, digest FROM document_version "
    "WHERE document = :document AND version = :version AND client = :client"
)


class FetchingKeys(DataKeys, Protocol):
    """The store of data keys, asked on the way of a request too."""

    async def fetch(self, key_id: str) -> DataKey | None:
        """Do as `find`, without holding up the event loop."""
        ...


class SqlDocumentStore:
    """Keeps documents in the main database and their keys in another."""

    def __init__(self, database: Database, keys: FetchingKeys) -> None:
        self._database, self._keys = database, keys

    def prepare(self, client: str) -> None:
        """Make the client's data key durable."""
        self._key(client)

    def current(self, connection: object, document: str) -> DocumentFacts | None:
        """Return the document as it stands."""
        row = _of(connection).execute(select(_documents).where(_documents.c.id == document)).one_or_none()
        if row is None:
            return None
        sections = {section: tuple(labels) for section, labels in json.loads(row.sections).items()}
        return DocumentFacts(
            row.id, row.version, row.custodian, row.category, row.resource, row.dated, tuple(row.labels.split()),
            sections, row.client, row.source,
        )  # fmt: skip

    def save(self, connection: object, document: DocumentFacts, body: bytes, referrer: str | None, at: int) -> None:
        """Seal and write a version, and make it the current one."""
        key, nonce = self._key(document.client), secrets.token_bytes(NONCE_SIZE)
        content = key.cipher.encrypt(nonce, body, _bound_to(document.client, document.id, document.version))
        _of(connection).execute(
            insert(_versions).values(
                document=document.id, version=document.version, client=document.client, key=key.id, nonce=nonce,
                content=content, digest=hashlib.sha256(body).digest(), created=at,
            )
        )  # fmt: skip
        facts = {
            "version": document.version, "dated": document.dated, "labels": " ".join(document.labels),
            "sections": json.dumps({name: list(labels) for name, labels in document.sections.items()}, sort_keys=True),
            "referrer": referrer, "updated": at,
        }  # fmt: skip
        if document.version > 1:
            _of(connection).execute(update(_documents).where(_documents.c.id == document.id).values(**facts))
            return
        fixed = {
            "id": document.id, "client": document.client, "custodian": document.custodian,
            "category": document.category, "resource": document.resource,
        }  # fmt: skip
        _of(connection).execute(insert(_documents).values(**fixed, **facts))

    async def fetch_version(self, client: str, document: str, version: int) -> tuple[bytes, bytes] | None:
        """Return a version's bytes and kept digest; None where it is absent or does not open."""
        found = {"document": document, "version": version, "client": client}
        rows: Any = await self._database.direct.fetch(_VERSION, found)
        if not rows:
            return None
        ((key_id, nonce, content, digest),) = rows
        key = await self._keys.fetch(key_id)
        if key is None:
            return None
        try:
            return key.cipher.decrypt(nonce, content, _bound_to(client, document, version)), digest
        except InvalidTag:
            return None

    def _key(self, client: str) -> DataKey:
        name = KeyName("client-documents", client, 0)
        return self._keys.get_or_create([name])[name]


def _bound_to(client: str, document: str, version: int) -> bytes:
    return f"saattaen-document/v1\n{client}\n{document}\n{version}".encode()


def _of(connection: object) -> Connection:
    return cast(Connection, connection)
