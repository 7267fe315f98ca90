"""One act under the head lock: what it may touch, and the entries, messages and receipts it leaves.

An act runs as one item of the log, so its rows, entries, messages and receipts are committed together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from audit.entry import Draft
from audit.log import Committed, Dropped
from audit.writing import Rejected, Writing
from gateway.consent.checks import Known, Mandate
from gateway.consent.client_register import ClientRegister
from gateway.consent.events import Teller
from gateway.consent.lifecycle import new_id
from gateway.consent.mandate_reference import is_over, mandate_of
from gateway.consent.model import Actor, ClientId, Consent, ConsentId, Giver
from gateway.consent.notice_registry import NoticeRegistry
from gateway.consent.outbox import Outbox, Outgoing
from gateway.consent.ports import ImportSeal
from gateway.consent.proofs import FORM_ACT, derived_id
from gateway.consent.receipt import ReceiptSigner, receipt_bytes, receipt_content
from gateway.consent.registry import ConsentRegistry, ProofRegistry, StandingRegistry
from gateway.consent.view import ReceiptView, known_to
from gateway.consent.wording import Wordings
from gateway.directory.instants import from_micros
from gateway.directory.model import Directory
from gateway.errors import ConsentRefused

C = TypeVar("C")
R = TypeVar("R")

TO_CLIENT = "client"
"""The party of a message for the client's own channel."""
_OFFICER = "officer:"


def to_officer(organisation: str) -> str:
    """Return the party of a message for an organisation's data protection officer."""
    return _OFFICER + organisation


def officer_of(party: str) -> str | None:
    """Return the organisation whose officer a party is; None for clients and services. No code holds a colon."""
    return party.removeprefix(_OFFICER) if party.startswith(_OFFICER) else None


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of the consent room."""

    consents: ConsentRegistry
    standing: StandingRegistry
    proofs: ProofRegistry
    clients: ClientRegister
    outbox: Outbox
    notices: NoticeRegistry


@dataclass(frozen=True, slots=True)
class Office:
    """All that acts need of the outside, handed in once by the composition root."""

    stores: Stores
    directory: Directory
    wordings: Wordings
    signer: ReceiptSigner
    seal: ImportSeal
    new_event_id: Callable[[], str]
    code_key: bytes
    """Key of one-time codes and second persons; 32 bytes, of no other use."""
    etag_key: bytes
    """Key of the ETags of a party's view."""
    pairwise: Callable[[str, str], str]
    """The reference by which a party (its code first) knows a client: another party's tells it nothing."""
    issuer: str
    """The gateway's public address, as receipts name it."""


@dataclass(slots=True)
class Act:
    """One act at the instant `at`. `order` is the log's order of its first entry. `giver` is the client, or under which
    mandate a representative acts: their entries say so."""

    office: Office
    actor: Actor
    connection: object
    at: datetime
    order: int
    giver: Giver = Giver()
    drafts: list[Draft] = field(default_factory=list)

    @property
    def teller(self) -> Teller:
        """Return the maker of this act's entries."""
        return Teller(self.actor, self.office.new_event_id, self.giver)

    def load(self, consent: ConsentId, client: ClientId | None = None) -> Consent:
        """Return a consent's current version; unknown, or another client's: ConsentRefused("not-found")."""
        found = self.office.stores.consents.consent(self.connection, consent)
        if found is None or (client is not None and found.client != client):
            raise ConsentRefused("not-found", "there is no such consent")
        return found

    def versions(self, consent: Consent) -> tuple[Consent, ...]:
        """Return every version of a stored consent, oldest first."""
        if consent.version == 1:
            return (consent,)
        return self.office.stores.consents.versions(self.connection, consent.id)

    def tell(
        self, kind: str, party: str, client: ClientId, consent: ConsentId | None, body: Mapping[str, object]
    ) -> None:
        """Write a message to a service, or to TO_CLIENT."""
        message = Outgoing(new_id(), kind, party, client, consent, body, self.at)
        self.office.stores.outbox.add(self.connection, message, self.order)

    def is_new(self, client: ClientId | None, form: str | None) -> bool:
        """Return whether nothing was done by this form yet, and note that it is done now. Without a form all is new."""
        if form is None:
            return True
        key = derived_id(self.office.code_key, FORM_ACT, client or ClientId(""), form)
        return self.office.stores.proofs.use_nonce(self.connection, FORM_ACT, key, self.at)

    def issue_receipts(self, consent: Consent, step: str, parties: Collection[str]) -> None:
        """Sign a receipt of this step, which is stored already, for the client, and one for each of *parties*, those
        whose own rows it touched: over these alone, as the party knows them. A withdrawal's says by whose word it was:
        the client's, or which kind of representative's."""
        self._issue(consent, step, None, consent)
        versions = self.versions(consent)
        for party in sorted(parties):
            known = known_to(versions, party)
            if known is not None:
                number, mine = known
                # To whoever is named for the first time a change is a giving.
                is_first = number == 1 and step == "consent.changed"
                self._issue(mine, "consent.given" if is_first else step, party, consent)

    def _issue(self, seen: Consent, step: str, party: str | None, consent: Consent) -> None:
        office, receipt_id = self.office, new_id()
        whom = consent.client if party is None else office.pairwise(party, consent.client)
        content = receipt_content(
            seen, step, party, receipt_id, office.directory, self.at, office.issuer, whom, self.giver.kind
        )
        view = ReceiptView(receipt_id, consent.id, step, self.at, office.signer.sign(receipt_bytes(content)))
        office.stores.proofs.add_receipt(self.connection, consent.client, party, view, consent.version)


def known_client(act: Act, client: ClientId) -> date | None:
    """Return the client's date of birth where it is known. An unknown client: ConsentRefused("not-found")."""
    standing = act.office.stores.clients.standing(act.connection, client)
    if standing is None:
        raise ConsentRefused("not-found", "there is no such client")
    return standing.born


def known_giver(act: Act, client: ClientId, mandate: Mandate | None) -> Known:
    """Return what is known of who decides for the client: their mandate, and the client's date of birth.

    The register was asked before the act. An end that was recorded meanwhile, or that the register does not know of,
    leaves no mandate. An unknown client: ConsentRefused("not-found").
    """
    born = known_client(act, client)
    if mandate is not None:
        ended = act.office.stores.standing.mandate_end(act.connection, client, mandate_of(mandate.reference))
        mandate = None if is_over(mandate.reference, ended) else mandate
    return Known(mandate=mandate, born=born)


@dataclass(frozen=True, slots=True)
class ActItem(Generic[R]):
    """An act as an item of the log. A refusal undoes it alone; `Dropped.value` is then the ConsentRefused."""

    office: Office
    actor: Actor
    do: Callable[[Act], R]
    giver: Giver = Giver()

    def apply(self, tx: Writing[C], at: int, /) -> tuple[R, Sequence[Draft]]:
        """Do it at the instant *at*; see `audit.writing.Item`."""
        act = Act(self.office, self.actor, tx.connection, from_micros(at), tx.order, self.giver)
        try:
            result = self.do(act)
        except ConsentRefused as refused:
            raise Rejected(refused) from None
        return result, act.drafts


class ActLog(Protocol):
    """The one writer of the log, as acts use it: `audit.log.Log`, its failures told in the gateway's words."""

    async def submit(self, item: ActItem[R], *, urgent: bool = False) -> Committed[R] | Dropped:
        """Run an act; return once what it left is durable.

        Raises TooBusy when too much is waiting, StoreUnavailable when it was not written or nobody can say, and
        NotKeptTwice where it stands and is not durable in the second place.
        """
        ...
