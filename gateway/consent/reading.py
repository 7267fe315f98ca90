"""What stands, as each eye may see it. Every reading is one snapshot."""

from __future__ import annotations

from gateway.consent.acting import Office
from gateway.consent.model import ClientId, Consent, ConsentId, Relation
from gateway.consent.notice_registry import Pause
from gateway.consent.outbox import Outgoing
from gateway.consent.ports import Reader
from gateway.consent.view import ClientPicture, ConsentView, ReceiptView, Told, view_for
from gateway.directory.identity_code import Identifier


class Reading:
    """Shows what stands: to a service its own rows, to the client everything."""

    def __init__(self, office: Office, read: Reader) -> None:
        self._office = office
        self._read = read

    async def client_of(self, identifier: Identifier) -> ClientId | None:
        """Return whom an identifier in use leads to."""
        return await self._read(lambda connection: self._office.stores.clients.find(connection, identifier))

    async def holder_of(self, identifier: Identifier) -> ClientId | None:
        """Return whom an identifier in use leads to, once their own record was seen to hold it: who signs in.

        Raises StoreUnavailable where it does not.
        """
        return await self._read(lambda connection: self._office.stores.clients.find_held(connection, identifier))

    async def consent_view(self, consent: ConsentId, party: str) -> ConsentView | None:
        """Return what the service *party* may see of a consent: its own rows, with a version and ETag of these alone.

        None where it is unknown or never held a row of the party's: both look the same.
        """
        return await self._read(lambda connection: self._view(connection, consent, party))

    async def consents_of(self, client: ClientId | None, party: str) -> tuple[ConsentView, ...]:
        """Return the client's consents as the service *party* may see them; empty for an unknown client."""
        stores = self._office.stores
        whom = client or stores.clients.decoy()

        def look(connection: object) -> tuple[ConsentView, ...]:
            found = stores.consents.versions_of(connection, whom)
            views = (view_for(versions, party, self._office.etag_key) for versions in found)
            return tuple(view for view in views if view is not None)

        return await self._read(look)

    async def consent_of_client(self, consent: ConsentId, client: ClientId) -> Consent | None:
        """Return a consent of the client's own, whole; None where it is unknown or another's."""
        found = await self._read(lambda connection: self._office.stores.consents.consent(connection, consent))
        return found if found is not None and found.client == client else None

    async def receipts(self, consent: ConsentId, party: str | None = None) -> tuple[ReceiptView, ...]:
        """Return the consent's signed receipts, oldest first: the party's own, or the client's where *party* is
        None."""
        return await self._read(lambda connection: self._office.stores.proofs.receipts(connection, consent, party))

    async def receipt_of_client(self, receipt: str, client: ClientId) -> ReceiptView | None:
        """Return one of the client's own receipts; None where it is unknown, another's, or a party's."""
        return await self._read(lambda connection: self._office.stores.proofs.receipt_of(connection, receipt, client))

    async def versions_of_client(self, consent: ConsentId, client: ClientId) -> tuple[Consent, ...]:
        """Return every version of a consent of the client's own, oldest first; empty where it is another's."""
        found = await self._read(lambda connection: self._office.stores.consents.versions(connection, consent))
        return tuple(one for one in found if one.client == client)

    async def messages_to(self, party: str, client: ClientId | None = None) -> tuple[Outgoing, ...]:
        """Return what was written to a service or to `client`, oldest first; about one client where given."""
        return await self._read(lambda connection: self._office.stores.outbox.to_party(connection, party, client))

    async def relations_of(self, client: ClientId | None, party: str) -> tuple[Relation, ...]:
        """Return the client's relations in which *party* is custodian, recipient or recorder; empty for None."""
        stores = self._office.stores
        whom = client or stores.clients.decoy()
        found = await self._read(lambda connection: stores.standing.relations_of(connection, whom))
        return tuple(row for row in found if party in (row.custodian, row.recorded_by, *row.recipients))

    async def for_client(self, client: ClientId) -> ClientPicture:
        """Return everything that stands about the client, for the client's own page."""
        stores = self._office.stores

        def look(connection: object) -> ClientPicture:
            return ClientPicture(
                client=client,
                consents=stores.consents.consents_of(connection, client),
                requests=stores.standing.requests_of(connection, client),
                refusals=stores.standing.refusals_of(connection, client),
                prohibitions=stores.standing.prohibitions_of(connection, client),
                relations=stores.standing.relations_of(connection, client),
                messages=stores.outbox.of_client(connection, client),
            )

        return await self._read(look)

    async def pauses_of(self, client: ClientId) -> tuple[Pause, ...]:
        """Return the client's pauses that stand, newest first."""
        return await self._read(lambda connection: self._office.stores.notices.pauses_of(connection, client))

    async def withdrawal_told(self, consent: ConsentId, client: ClientId) -> tuple[Told, ...]:
        """Return who was told of a consent's withdrawal and who has acknowledged, by party; empty for another's."""
        messages = await self._read(lambda connection: self._office.stores.outbox.of_client(connection, client))
        told = (one for one in messages if one.consent == consent and one.kind == "consent.withdrawn")
        return tuple(
            sorted((Told(one.party, one.created, one.delivered, one.acknowledged) for one in told), key=_party)
        )

    def _view(self, connection: object, consent: ConsentId, party: str) -> ConsentView | None:
        versions = self._office.stores.consents.versions(connection, consent)
        return view_for(versions, party, self._office.etag_key) if versions else None


def _party(told: Told) -> str:
    return told.party
