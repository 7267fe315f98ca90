"""What the consent room asks of its stores.

`connection` is the store's own and opaque here: the log's write transaction for what writes, a snapshot for what reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
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
from gateway.consent.person import Person
from gateway.consent.proofs import CodeRow, PaperCheck
from gateway.consent.view import Message, ReceiptView, RefusalView, RequestView
from gateway.directory.identity_code import Identifier


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

    def use_code(self, connection: object, handle: str, at: datetime) -> None:
        """Note that the code was used; it counts once."""
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


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """What the register knows of a client beside who it is."""

    id: ClientId
    born: date | None
    suspended: bool
    non_disclosure: bool


class ClientRegister(Protocol):
    """Clients by keyed look-up hashes; names and channels sealed."""

    def find(self, connection: object, identifier: Identifier) -> ClientId | None:
        """Return whom an identifier in use leads to."""
        ...

    def find_held(self, connection: object, identifier: Identifier) -> ClientId | None:
        """Return whom it leads to, as `find`, for whoever is to act as that client or to give in their name.

        Raises StoreUnavailable where the client's own sealed record does not hold the identifier.
        """
        ...

    def standing(self, connection: object, client: ClientId) -> ClientStanding | None:
        """Return a known client, None for an unknown one and for the decoy."""
        ...

    def person(self, connection: object, client: ClientId) -> Person | None:
        """Return who the client is: name, identifiers, own channels. None where unknown, or their key was destroyed."""
        ...

    def add(self, connection: object, person: Person, at: datetime) -> ClientId:
        """Store a new client, sealed, and return the random id."""
        ...

    def mark(self, connection: object, client: ClientId, non_disclosure: bool) -> None:
        """Set the non-disclosure marking."""
        ...

    def suspend(self, connection: object, client: ClientId, suspended: bool) -> None:
        """Set whether the client is suspended."""
        ...

    def set_channel(self, connection: object, client: ClientId, kind: str, address: str) -> None:
        """Keep an address of the client's own for a kind of channel, sealed."""
        ...

    def set_language(self, connection: object, client: ClientId, language: str, register: str) -> None:
        """Keep in which language and register the client is spoken to, sealed."""
        ...

    def decoy(self) -> ClientId:
        """Return the client that no identifier leads to."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way: `party` is a service code or `client`; `body` tells of the party's own rows alone."""

    id: str
    kind: str
    party: str
    client: ClientId
    consent: ConsentId | None
    body: Mapping[str, object]
    created: datetime
    attempts: int = 0
    """How often it could not be delivered."""


class Outbox(Protocol):
    """Messages written with what they tell of, delivered later, acknowledged by their reader."""

    def add(self, connection: object, message: Outgoing, order: int) -> None:
        """Store a message, sealed; *order* is the log's."""
        ...

    def waiting(self, connection: object, limit: int, now: datetime | None = None) -> tuple[Outgoing, ...]:
        """Return messages not delivered yet, oldest first; of those put off, the ones that are due at *now*."""
        ...

    def put_off(self, connection: object, ids: Sequence[str], due: datetime, fault: str | None) -> None:
        """Let these wait until *due*. With *fault*, the code of a failed attempt, one more attempt is counted."""
        ...

    def give_up(self, connection: object, ids: Sequence[str], fault: str) -> None:
        """Let these never leave; *fault* is a code that the client's page tells."""
        ...

    def reconsider(self, connection: object, client: ClientId) -> None:
        """Let what waits for the client by an earlier choice be looked at again at once."""
        ...

    def mark_delivered(self, connection: object, ids: Sequence[str], at: datetime) -> None:
        """Note that these were handed over."""
        ...

    def acknowledge(self, connection: object, message: str, party: str, at: datetime) -> bool:
        """Note that the party has read its message; False where it has no such message."""
        ...

    def to_party(self, connection: object, party: str, client: ClientId | None = None) -> tuple[Outgoing, ...]:
        """Return what was written to a party, oldest first; of one client where given."""
        ...

    def of_client(self, connection: object, client: ClientId) -> tuple[Message, ...]:
        """Return who was told of what about the client and who has acknowledged, newest first."""
        ...
