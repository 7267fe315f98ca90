"""Custodians' documents on FHIR servers, as `gateway.disclosure.held.Holdings`: found, read, checked, named by our
ids."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping

from adapters.custodian.fhir_server.connection import ServerConnection
from adapters.custodian.fhir_server.mapping import Custodians, Server, Shelf
from adapters.fhir.held import HeldDocument, Page, Sought, parse_held, read_page, written_for_search
from adapters.fhir.terms import CATEGORY_SYSTEM
from gateway.directory.identity_code import Identifier
from gateway.directory.instants import to_micros
from gateway.directory.model import Directory
from gateway.disclosure.decision import Permit
from gateway.disclosure.held import Fetched, Known, Origin, Origins, Place
from gateway.disclosure.snapshot import UNFETCHED, DocumentFacts
from gateway.errors import BodyInvalid, CustodianUnavailable

_log = logging.getLogger(__name__)

CHECKED_AT_ONCE = 16 * 1024
"""An answer of so many bytes is checked in a millisecond or two: a thread of its own would cost more than that."""

Identify = Callable[[str], Awaitable[tuple[Identifier, ...]]]
"""Opens a client's identifiers that are in use, sealed until then: for this one purpose, once a permit is there."""


class FhirHoldings:
    """Fetches from the servers of *custodians*, each through its own connection, against a Permit alone."""

    def __init__(
        self, custodians: Custodians, connections: Mapping[str, ServerConnection], directory: Directory,
        origins: Origins, identify: Identify,
    ) -> None:  # fmt: skip
        self._servers, self._connections = custodians.servers, connections
        self._shelves = {Place(row.custodian, row.category): row for row in custodians.shelves}
        self._directory, self._origins, self._identify = directory, origins, identify

    def places(self, categories: Collection[str]) -> tuple[Place, ...]:
        """Return where documents of these categories lie."""
        return tuple(place for place in self._shelves if place.category in categories)

    async def fetch(self, permit: Permit, client: str, place: Place, document: str | None) -> tuple[Fetched, ...]:
        """Return the client's documents at *place*, or the one that we know as *document* (none where it is gone).

        1. Whose they are and which one is meant. 2. The server is asked, by POST. 3. All of what came is of that
        client, valid and of that category. 4. Each gets our id and version. Raises CustodianUnavailable for any doubt:
        an answer that is wrong in one place is not believed in another.
        """
        if not permit.sections:
            raise CustodianUnavailable("A permit that names no section opens nothing.")
        shelf = self._shelves.get(place)
        if shelf is None:
            raise CustodianUnavailable("No server is known for these documents.")
        # 1.
        server = self._servers[shelf.server]
        identifiers = await self._identify(client)
        if not identifiers:
            raise CustodianUnavailable("The client has no identifier to ask by.")
        only = None if document is None else await self._origins.of_document(document)
        if document is not None and (only is None or only.origin.source != server.name):
            # It was met at another server; what lies there now is not looked for.
            return ()
        # 2.
        sought = Sought(shelf.resource, shelf.category, identifiers)
        try:
            # All pages together: a server that sends one document a page is not waited for page by page.
            async with asyncio.timeout(server.patience.whole):
                found = await self._search(shelf, server, sought, only)
        except TimeoutError:
            raise CustodianUnavailable("The custodian's server takes too long.") from None
        # 4.
        known: Mapping[str, Known] = {} if only is None else {only.origin.id: only}
        if only is None and found:
            known = await self._origins.known(server.name, shelf.resource, [one.server_id for one in found])
        return tuple(_named(one, known.get(one.server_id), client, shelf) for one in found)

    def keep(self, connection: object, fetched: Fetched, at: int, *, shown: bool) -> bool:
        """Note our id and version of a document, in the write transaction."""
        return self._origins.keep(connection, fetched, at, shown=shown)

    async def _search(self, shelf: Shelf, server: Server, sought: Sought, only: Known | None) -> list[HeldDocument]:
        connection, limits = self._connections[server.name], server.limits
        form = _form(shelf, sought) | {"_count": str(limits.documents)}
        if only is not None:
            form["_id"] = only.origin.id
        body = await connection.search(shelf.resource, form)
        found: list[HeldDocument] = []
        while True:
            # 3.
            page, documents = await self._check(body, sought, server)
            found += documents
            if only is not None and [one.server_id for one in found] not in ([], [only.origin.id]):
                raise CustodianUnavailable("Another document than the one asked for came.")
            if len({one.server_id for one in found}) != len(found) or len(found) > limits.documents:
                raise CustodianUnavailable("A document came twice, or too many came.")
            if page.next_link is None or only is not None:
                return found
            if not documents:
                raise CustodianUnavailable("An empty page was followed by another one.")
            body = await connection.next_page(page.next_link)

    async def _check(self, body: bytes, sought: Sought, server: Server) -> tuple[Page, list[HeldDocument]]:
        if len(body) <= CHECKED_AT_ONCE:
            return self._believed(body, sought, server)
        # Off the event loop, which a large answer would hold up.
        return await asyncio.to_thread(self._believed, body, sought, server)

    def _believed(self, body: bytes, sought: Sought, server: Server) -> tuple[Page, list[HeldDocument]]:
        try:
            return self._read(body, sought, server)
        except BodyInvalid as error:
            # Its sentence is ours and holds no content; its places may tell of the document, and stay out of the log.
            _log.warning("the server %s sent what is not believed: %s", server.name, error.detail)
        except Exception as error:
            # Hostile input meets parsers with errors of many kinds; whatever it was, nothing of the answer is believed.
            _log.warning("the server %s sent what cannot be read: %s", server.name, type(error).__name__)
        raise CustodianUnavailable("The custodian's server sent what is not believed.")

    def _read(self, body: bytes, sought: Sought, server: Server) -> tuple[Page, list[HeldDocument]]:
        page = read_page(body, server.limits.answer_bytes, sought.resource)
        if len(page.found) > server.limits.documents:
            raise BodyInvalid("more documents came than are taken")
        return page, [parse_held(one, page.patients, sought, self._directory, server.labels) for one in page.found]


def _form(shelf: Shelf, sought: Sought) -> dict[str, str]:
    client = written_for_search(sought.identifiers[0])
    category = f"{CATEGORY_SYSTEM}|{shelf.category}"
    filled = {"{client}": client, "{category}": category}
    form: dict[str, str] = {}
    for name, template in shelf.search.items():
        value = template
        for placeholder, content in filled.items():
            value = value.replace(placeholder, content)
        form[name] = value
    return form


def _named(held: HeldDocument, known: Known | None, client: str, shelf: Shelf) -> Fetched:
    """Return the document under our id: a new random one where we never met it, a new version where it has changed."""
    if known is not None and (known.client, known.custodian, known.category) != (
        client, shelf.custodian, shelf.category
    ):  # fmt: skip
        raise CustodianUnavailable("A document came that was another client's before.")
    accepted = held.accepted
    origin = Origin(shelf.server, shelf.resource, held.server_id, held.server_version, held.digest)
    # What was never shown has no version yet.
    is_as_shown = known is not None and known.version != UNFETCHED and known.origin == origin
    version = (0 if known is None else known.version) + (0 if is_as_shown else 1)
    document = DocumentFacts(
        id=secrets.token_hex(16) if known is None else known.document,
        version=version,
        custodian=shelf.custodian,
        category=shelf.category,
        resource=accepted.resource,
        dated=to_micros(accepted.dated),
        labels=tuple(sorted(accepted.labels)),
        sections={section: tuple(sorted(labels)) for section, labels in accepted.sections.items()},
        client=client,
        source=shelf.server,
    )
    return Fetched(document, accepted.body, origin, None if known is None else known.version)
