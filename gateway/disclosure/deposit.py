"""A custodian puts a document at disposal: accepted bytes in, a version out, and an entry of it.

What may be deposited was settled before (`adapters.fhir.intake`); this decides whose it is and which version it
becomes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from audit.entry import Draft, IndexRow
from audit.log import Committed, Dropped, Rejected
from audit.writing import Writing
from gateway.directory.instants import to_micros
from gateway.disclosure.ports import LogWriter
from gateway.disclosure.request import Requester
from gateway.disclosure.snapshot import DocumentFacts
from gateway.errors import NotAvailable, RequestInvalid, StoreUnavailable, VersionConflict


@dataclass(frozen=True, slots=True)
class Accepted:
    """A document that fits its profile: its facts and the exact bytes. `client` is our id of whom it is about."""

    client: str
    category: str
    resource: str
    dated: datetime
    labels: frozenset[str]
    sections: Mapping[str, frozenset[str]]
    referrer: str | None
    body: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the document lies now."""

    id: str
    version: int
    created: bool
    committed: Committed[DocumentFacts]


class DocumentStore(Protocol):
    """Keeps documents, sealed under the data key of their client. All but `prepare` run in the write transaction."""

    def prepare(self, client: str) -> None:
        """Make the client's data key durable before the transaction that needs it."""
        ...

    def current(self, connection: object, document: str) -> DocumentFacts | None:
        """Return the document as it stands, under the lock."""
        ...

    def save(self, connection: object, document: DocumentFacts, body: bytes, referrer: str | None, at: int) -> None:
        """Seal and write a version, and make it the current one."""
        ...


TellDeposited = Callable[[object, int, DocumentFacts, int], None]
"""Tells the recipients of single-use grants that open this document its id: (connection, order, document, at)."""


class Deposits:
    """Takes documents in for the custodian that sends them."""

    def __init__(
        self, store: DocumentStore, log: LogWriter, tell: TellDeposited, new_event_id: Callable[[], str]
    ) -> None:
        self._store, self._log, self._tell, self._new_event_id = store, log, tell, new_event_id

    async def create(self, accepted: Accepted, by: Requester) -> Stored:
        """Store a new document under a random id."""
        return await self._put(accepted, by, None, None)

    async def replace(self, accepted: Accepted, by: Requester, document: str, version: int) -> Stored:
        """Store the next version of the custodian's own document.

        Raises NotAvailable for an unknown id and another custodian's alike, VersionConflict when *version* is not the
        current one, RequestInvalid when client, type or category are not the document's.
        """
        return await self._put(accepted, by, document, version)

    async def _put(self, accepted: Accepted, by: Requester, document: str | None, version: int | None) -> Stored:
        self._store.prepare(accepted.client)
        outcome = await self._log.submit(_Put(self, accepted, by, document, version))
        match outcome:
            case Committed(result=DocumentFacts() as stored):
                return Stored(stored.id, stored.version, document is None, outcome)
            case Dropped(value=NotAvailable() | VersionConflict() | RequestInvalid() as error):
                raise error
            case _:
                pass
        raise StoreUnavailable("The deposit came to no end that is known.")

    def apply(
        self, tx: Writing[object], accepted: Accepted, by: Requester, document: str | None, version: int | None, at: int
    ) -> tuple[DocumentFacts, Draft]:
        """Decide and write, inside the transaction; raises Rejected with the error for the caller."""
        if document is not None:
            old = self._store.current(tx.connection, document)
            # What lies with a custodian outside is changed there.
            is_theirs = old is not None and old.custodian == by.service and old.source is None
            if old is None or not is_theirs or old.resource != accepted.resource:
                raise Rejected(NotAvailable("No such document of this custodian."))
            if old.version != version:
                raise Rejected(VersionConflict("Read the document again and send its present ETag in If-Match."))
            if (old.client, old.category) != (accepted.client, accepted.category):
                raise Rejected(RequestInvalid("A new version keeps the client and the category of the document."))
        stored = DocumentFacts(
            id=document or secrets.token_hex(16),
            version=(version or 0) + 1,
            custodian=by.service,
            category=accepted.category,
            resource=accepted.resource,
            dated=to_micros(accepted.dated),
            labels=tuple(sorted(accepted.labels)),
            sections={section: tuple(sorted(labels)) for section, labels in accepted.sections.items()},
            client=accepted.client,
        )
        self._store.save(tx.connection, stored, accepted.body, accepted.referrer, at)
        self._tell(tx.connection, tx.order, stored, at)
        return stored, self._draft(stored, accepted, by)

    def _draft(self, stored: DocumentFacts, accepted: Accepted, by: Requester) -> Draft:
        index = IndexRow(
            kind="deposit", outcome="na", category=stored.category, custodian=stored.custodian, requester=by.system
        )
        body = {
            "category": stored.category,
            "custodian": stored.custodian,
            "document": {
                "id": stored.id, "version": stored.version, "dated": stored.dated, "labels": list(stored.labels),
                "sections": {section: list(labels) for section, labels in stored.sections.items()},
                "sha256": accepted.digest, "bytes": len(accepted.body),
            },
        }  # fmt: skip
        actor = {
            "system": by.system,
            "person": by.person,
            "name": by.person_name,
            "role": by.role,
            "service": by.service,
        }
        return Draft(
            self._new_event_id(), index, body, {"client": stored.client}, actor,
            subject_owner=stored.client, actor_owner=f"{by.system}/{by.person or ''}",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Put:
    deposits: Deposits
    accepted: Accepted
    by: Requester
    document: str | None
    version: int | None

    def apply(self, tx: Writing[object], at: int) -> tuple[DocumentFacts, list[Draft]]:
        stored, draft = self.deposits.apply(tx, self.accepted, self.by, self.document, self.version, at)
        return stored, [draft]
