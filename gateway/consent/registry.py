"""What the consent room asks of its stores.

`connection` is the store's own and opaque here: the log's write transaction for what writes, a snapshot for what reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.consent.model import (
    AskedRow,
    ClientId,
    Consent,
    ConsentId,
    GrantId,
    GrantRow,
    Prohibition,
    RefusedRow,
    Relation,
)
from gateway.consent.proofs import CodeRow, PaperCheck
from gateway.consent.view import ReceiptView, RefusalView, RequestView


class ConsentRegistry(Protocol):
    """Consents, their versions and grants."""

    def consent(self, connection: object, consent: ConsentId) -> Consent | None:
        """Return the current version with the states of its grants."""
        ...

    def versions(self, connection: object, consent: ConsentId) -> tuple[Consent, ...]:
        """Return every version, oldest first; `state` is the consent's in all of them."""
        ...

    def consents_of(self, connection: object, client: ClientId) -> tuple[Consent, ...]:
        """Return the current version of each of the client's consents, newest first."""
        ...

    def versions_of(self, connection: object, client: ClientId) -> tuple[tuple[Consent, ...], ...]:
        """Return every version of each of the client's consents: oldest first, those of the newest consent first."""
        ...

    def unended_of(self, connection: object, client: ClientId, at: datetime) -> tuple[Consent, ...]:
        """Return those of `consents_of` that were not withdrawn and of which a grant has not ended at *at*, spent or
        not. How many there are is bounded; how many ever were is not, so that this is what an act asks."""
        ...

    def add_version(self, connection: object, consent: Consent, at: datetime) -> None:
        """Store a version as the current one; the grants of older versions stand as replaced."""
        ...

    def save(
        self, connection: object, old: Consent, new: Consent, at: datetime, confirmed_by: str | None = None
    ) -> None:
        """Store what has changed in the state of a version and of its grants."""
        ...

    def in_force(self, connection: object, client: ClientId, at: datetime, *, beside: ConsentId) -> Mapping[str, int]:
        """Return how many confirmed grants each recipient has of the client that are not over at *at*, leaving out
        those of the consent *beside*."""
        ...

    def unconfirmed(
        self, connection: object, client: ClientId, at: datetime, *, beside: ConsentId
    ) -> Mapping[str, int]:
        """Return the same of grants that wait to be confirmed."""
        ...

    def recorded(self, connection: object, client: ClientId, services: Collection[str], since: datetime) -> int:
        """Return how many of the client's grants workers of these services have recorded after *since*, in whatever
        state they are now; what who gave it did by their own hand is none of them."""
        ...

    def passed(self, connection: object, now: datetime, limit: int) -> tuple[tuple[Consent, frozenset[GrantId]], ...]:
        """Return consents with those grants whose end has passed unlogged; withdrawn ones are left out."""
        ...

    def spend(self, connection: object, grant: GrantId, by_event: str) -> bool:
        """Mark a grant as spent by a release; False where it was spent already or is not known."""
        ...

    def mark_expired(self, connection: object, grants: frozenset[GrantId]) -> None:
        """Note that the expiry of these grants stands in the log."""
        ...

    def untold(self, connection: object, now: datetime, limit: int) -> tuple[tuple[Consent, frozenset[GrantId]], ...]:
        """Return consents with those grants that are in force and of which the recipient was not told."""
        ...

    def told_among(self, connection: object, grants: frozenset[GrantId]) -> frozenset[GrantId]:
        """Return those of the grants, of whatever version, of which the recipient was told."""
        ...

    def mark_told(self, connection: object, grants: frozenset[GrantId], at: datetime) -> None:
        """Note that the recipients of these grants were told."""
        ...

    def documents_for(self, connection: object, client: ClientId, row: GrantRow) -> tuple[str, ...]:
        """Return the ids of the documents that the row would open: by custodian, category, date and, if named, id."""
        ...


class StandingRegistry(Protocol):
    """What stands beside consents: refusals, prohibitions, relations, requests."""

    def add_refusals(
        self, connection: object, client: ClientId, rows: Sequence[RefusedRow], by_client: bool, at: datetime
    ) -> None:
        """Store refused rows."""
        ...

    def lift_refusals(self, connection: object, client: ClientId, rows: Sequence[GrantRow], at: datetime) -> None:
        """End the refusals of the rows' recipients and categories: the client now says yes in person."""
        ...

    def end_mandate(self, connection: object, client: ClientId, mandate: str, at: datetime) -> None:
        """Note that the client's mandate of that name ended at *at*; of several ends the latest counts."""
        ...

    def mandate_end(self, connection: object, client: ClientId, mandate: str) -> datetime | None:
        """Return when the end of the client's mandate of that name was recorded last; None where it never was."""
        ...

    def refusals_of(self, connection: object, client: ClientId) -> tuple[RefusalView, ...]:
        """Return the refusals that stand, newest first."""
        ...

    def prohibition(self, connection: object, prohibition: str) -> Prohibition | None:
        """Return one prohibition, lifted or not."""
        ...

    def prohibitions_of(self, connection: object, client: ClientId) -> tuple[Prohibition, ...]:
        """Return the client's prohibitions, lifted ones too, newest first."""
        ...

    def save_prohibition(self, connection: object, row: Prohibition) -> None:
        """Store a new prohibition or its lifting."""
        ...

    def relation(self, connection: object, relation: str) -> Relation | None:
        """Return one relation, ended or not."""
        ...

    def relations_of(self, connection: object, client: ClientId) -> tuple[Relation, ...]:
        """Return the client's relations, ended ones too, newest first."""
        ...

    def save_relation(self, connection: object, row: Relation, at: datetime) -> None:
        """Store a new relation, its end or its contest."""
        ...

    def recorded(self, connection: object, client: ClientId, services: Collection[str], since: datetime) -> int:
        """Return how many of the client's relations these services have recorded after *since*, ended or not."""
        ...

    def is_cooling(self, connection: object, client: ClientId, asked: AskedRow, at: datetime) -> bool:
        """Return whether the recipient may not ask this client for this category now: asked, deferred or refused."""
        ...

    def add_request(
        self, connection: object, request: str, client: ClientId, asked: AskedRow, at: datetime, not_before: datetime
    ) -> None:
        """Store a request; until *not_before* the same is not asked again."""
        ...

    def requests_of(self, connection: object, client: ClientId) -> tuple[RequestView, ...]:
        """Return the requests that wait or were put aside, newest first."""
        ...

    def defer_request(self, connection: object, request: str, not_before: datetime) -> None:
        """Put a request aside."""
        ...

    def answer_requests(
        self, connection: object, client: ClientId, rows: Sequence[tuple[str, str]], state: str
    ) -> None:
        """Mark the waiting requests for these (recipient, category) as `given` or `refused`."""
        ...


class ProofRegistry(Protocol):
    """Codes, nonces, second looks and receipts."""

    def add_code(self, connection: object, row: CodeRow) -> None:
        """Store a code's keyed hash."""
        ...

    def code(self, connection: object, handle: str) -> CodeRow | None:
        """Return what is known of a code by its handle."""
        ...

    def count_attempt(self, connection: object, handle: str) -> None:
        """Count one more wrong attempt."""
        ...

    def use_code(self, connection: object, handle: str, at: datetime, used: bytes) -> None:
        """Note that the code was used, with what proves it; it counts once."""
        ...

    def use_nonce(self, connection: object, issuer: str, nonce: str, at: datetime) -> bool:
        """Note a nonce of an issuer; False where it was there already."""
        ...

    def add_check(self, connection: object, row: PaperCheck) -> None:
        """Store that a second person compared a scan with its rows."""
        ...

    def check(self, connection: object, reference: str) -> PaperCheck | None:
        """Return a second person's check by its reference."""
        ...

    def add_receipt(
        self, connection: object, client: ClientId, party: str | None, receipt: ReceiptView, version: int
    ) -> None:
        """Store a receipt, sealed; *party* None is the client's own."""
        ...

    def receipts(self, connection: object, consent: ConsentId, party: str | None) -> tuple[ReceiptView, ...]:
        """Return a party's receipts of a consent, the client's where None, oldest first."""
        ...

    def receipt_of(self, connection: object, receipt: str, client: ClientId) -> ReceiptView | None:
        """Return one of the client's own receipts by its id; None where it is another's or a party's."""
        ...
