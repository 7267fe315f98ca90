"""The consent room in memory: the real rules (`lifecycle`, `prohibition`, `relation`, `view_for`) over dicts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.consent import lifecycle, prohibition, relation
from gateway.consent.capture import Verified
from gateway.consent.checks import Known, check_giver, check_refused
from gateway.consent.giving import Given
from gateway.consent.model import (
    Actor,
    AskedRow,
    Capture,
    ClientId,
    Consent,
    ConsentId,
    Giver,
    GrantRow,
    Prohibition,
    RefusedRow,
    Relation,
    RelationKind,
    Shown,
)
from gateway.consent.outbox import Outgoing
from gateway.consent.person import Person
from gateway.consent.recording import ON_OWN_PAGE, Recording
from gateway.consent.relation import RelationRow
from gateway.consent.view import ConsentView, ReceiptView, view_for
from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.errors import ConsentRefused

CLIENT = Giver()


@dataclass
class SteeredClock:
    """A clock that a test moves."""

    at: datetime

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.at

    def database_now(self, connection: object) -> datetime:
        """Return the same."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self.at += by


@dataclass
class Register:
    """Clients by identifier."""

    known: dict[Identifier, ClientId] = field(default_factory=dict)

    async def find(self, identifier: Identifier) -> ClientId | None:
        """Return the client, if known."""
        return self.known.get(identifier)

    async def enrol(self, person: Person, by: Actor) -> ClientId:
        """Return the client, new where not known."""
        return self.known.setdefault(person.identifiers[0], ClientId(lifecycle.new_id()))


class ConsentDesk(Recording):
    """What `Recording` does, without a log, a database or channels."""

    def __init__(self, directory: Directory, clock: SteeredClock) -> None:
        self.directory, self.clock = directory, clock
        self.versions: dict[str, tuple[Consent, ...]] = {}
        self.prohibitions: dict[str, Prohibition] = {}
        self.relations: dict[str, Relation] = {}
        self.messages: list[Outgoing] = []
        self.acknowledged: set[str] = set()
        self.codes: dict[str, tuple[ConsentId, str]] = {}
        self.offers: dict[str, str] = {}
        self.refused: list[tuple[ClientId, RefusedRow]] = []
        self.asked: list[tuple[ClientId | None, AskedRow]] = []
        self.requests: dict[str, ClientId] = {}

    async def give(
        self, client: ClientId, rows: Sequence[GrantRow], capture: Capture, shown: Shown, *, giver: Giver = CLIENT,
        refused: Sequence[RefusedRow] = (), by: Actor = ON_OWN_PAGE, form: str | None = None,
        bearer: ClientId | None = None,
    ) -> Given:  # fmt: skip
        """Record a giving; a code is kept for a test to read in `codes`."""
        handle, code = capture.evidence.get("handle"), capture.evidence.get("code")
        known = Known(Verified(code=handle is not None and code is not None and self.offers.get(handle) == code))
        consent = lifecycle.give(
            client, tuple(rows), tuple(refused), capture, shown, giver, known, self.directory, self.clock.at, 1
        )
        self.versions[consent.id] = (consent,)
        self._tell(consent, "consent.given", but=by.service)
        if all(grant.confirmed for grant in consent.grants):
            return Given(consent, None)
        handle = secrets.token_hex(16)
        self.codes[handle] = (consent.id, "7K4M2PQX")
        return Given(consent, handle)

    async def confirm_by_code(self, handle: str, code: str) -> ConsentId | None:
        """Confirm by a code."""
        found = self.codes.get(handle)
        if found is None or found[1] != code:
            raise ConsentRefused("confirm-not-allowed")
        del self.codes[handle]
        self._keep(lifecycle.confirm(self._load(found[0]), None)[0])
        return found[0]

    async def confirm_by_service(self, consent: ConsentId, by: Actor) -> ConsentView:
        """Confirm as the custodian's worker."""
        self._keep(lifecycle.confirm(self._load(consent), by.service)[0])
        view = await self.consent_view(consent, by.service or "")
        assert view is not None
        return view

    async def withdraw(
        self, consent: ConsentId, *, told: str | None = None, client: ClientId | None = None, giver: Giver = CLIENT,
        by: Actor = ON_OWN_PAGE,
    ) -> Consent:  # fmt: skip
        """Withdraw."""
        old = self._load(consent)
        if client is not None and old.client != client:
            raise ConsentRefused("not-found")
        check_giver(giver, Known(), self.clock.at)
        new = lifecycle.withdraw(old, told, self.clock.at)
        if new != old:
            self._tell(new, "consent.withdrawn", but=told)
        self._keep(new)
        return new

    async def request(self, client: ClientId | None, asked: AskedRow, by: Actor, *, form: str | None = None) -> None:
        """Note what was asked."""
        known = self.directory.service(asked.custodian) and self.directory.category(asked.category)
        if known is None or asked.purpose not in self.directory.purposes:
            raise ConsentRefused("request-invalid", "a recipient asks for itself, in codes that the directory knows")
        self.asked.append((client, asked))

    async def refuse(
        self, client: ClientId, rows: Sequence[RefusedRow], *, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE,
        form: str | None = None,
    ) -> None:  # fmt: skip
        """Note what was refused."""
        check_refused(tuple(rows), self.directory)
        check_giver(giver, Known(), self.clock.at)
        self.refused += [(client, row) for row in rows]

    async def defer(
        self, client: ClientId, request: str, *, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE,
        form: str | None = None,
    ) -> None:  # fmt: skip
        """Put a request aside."""
        if self.requests.get(request) != client:
            raise ConsentRefused("not-found")

    async def prohibit(
        self, client: ClientId, *, recipient: str | None = None, category: str | None = None, giver: Giver = CLIENT,
        by: Actor = ON_OWN_PAGE, form: str | None = None,
    ) -> Prohibition:  # fmt: skip
        """Record a prohibition."""
        row = prohibition.prohibit(client, recipient, category, giver, Known(), self.directory, self.clock.at)
        self.prohibitions[row.id] = row
        return row

    async def lift_prohibition(
        self, prohibition_id: str, *, client: ClientId | None = None, giver: Giver = CLIENT, by: Actor = ON_OWN_PAGE
    ) -> Prohibition:
        """Lift a prohibition."""
        old = self.prohibitions.get(prohibition_id)
        if old is None or old.client != client:
            raise ConsentRefused("not-found")
        self.prohibitions[old.id] = new = prohibition.lift(
            old, giver, by.service, Known(), self.directory, self.clock.at
        )
        return new

    async def record_relation(
        self, client: ClientId, kind: RelationKind, custodian: str, recipients: Sequence[str], *, by: Actor,
        valid_from: datetime | None = None, until: datetime | None = None, section: str | None = None,
        evidence: str | None = None, register: str | None = None, form: str | None = None,
    ) -> Relation:  # fmt: skip
        """Record a relation."""
        row = RelationRow(kind, custodian, tuple(recipients), valid_from, until, section, evidence)
        made = relation.record(client, row, by.service, register, self.directory, self.clock.at)
        self.relations[made.id] = made
        return made

    async def end_relation(self, relation_id: str, by: Actor, *, register: str | None = None) -> Relation:
        """End a relation."""
        old = self.relations.get(relation_id)
        if old is None:
            raise ConsentRefused("not-found")
        self.relations[old.id] = new = relation.end(old, by.service, register, self.directory, self.clock.at)
        return new

    async def relations_of(self, client: ClientId | None, party: str) -> tuple[Relation, ...]:
        """Return the client's relations that concern the party."""
        rows = (row for row in self.relations.values() if row.client == client)
        return tuple(row for row in rows if party in (row.custodian, row.recorded_by, *row.recipients))

    async def offer(
        self, client: ClientId, rows: Sequence[GrantRow], shown: Shown, by: Actor, *, giver: Giver = CLIENT,
        bearer: ClientId | None = None,
    ) -> str:  # fmt: skip
        """Keep a code for a test to read in `offers`."""
        handle = secrets.token_hex(16)
        self.offers[handle] = "7K4M2PQX"
        return handle

    async def check_paper(
        self, client: ClientId, rows: Sequence[GrantRow], shown: Shown, scan_sha256: str, by: Actor, *,
        giver: Giver = CLIENT,
    ) -> str:  # fmt: skip
        """Return a reference."""
        if not by.worker:
            raise ConsentRefused("evidence-missing", "a second person, signed in, compares the scan")
        return secrets.token_hex(16)

    async def consent_view(self, consent: ConsentId, party: str) -> ConsentView | None:
        """Return the party's view."""
        versions = self.versions.get(consent)
        return view_for(versions, party, b"key") if versions else None

    async def consents_of(self, client: ClientId | None, party: str) -> tuple[ConsentView, ...]:
        """Return the party's views."""
        mine = [versions for versions in self.versions.values() if versions[0].client == client]
        views = (view_for(versions, party, b"key") for versions in mine)
        return tuple(view for view in views if view is not None)

    async def receipts(self, consent: ConsentId, party: str | None = None) -> tuple[ReceiptView, ...]:
        """Return one receipt."""
        return (ReceiptView(lifecycle.new_id(), consent, "consent.given", self.clock.at, "eyJ.e30.c2ln"),)

    async def messages_to(self, party: str, client: ClientId | None = None) -> tuple[Outgoing, ...]:
        """Return what was written to the party."""
        return tuple(message for message in self.messages if message.party == party)

    async def acknowledge(self, message: str, party: str) -> bool:
        """Note that it was read."""
        mine = any(one.id == message and one.party == party for one in self.messages)
        if mine:
            self.acknowledged.add(message)
        return mine

    def _load(self, consent: ConsentId) -> Consent:
        if consent not in self.versions:
            raise ConsentRefused("not-found")
        return self.versions[consent][-1]

    def _keep(self, consent: Consent) -> None:
        self.versions[consent.id] = (*self.versions[consent.id][:-1], replace(consent))

    def _tell(self, consent: Consent, kind: str, but: str | None) -> None:
        parties = {grant.row.recipient for grant in consent.grants} | {grant.row.custodian for grant in consent.grants}
        self.messages += [
            Outgoing(lifecycle.new_id(), kind, party, consent.client, consent.id, {}, self.clock.at)
            for party in sorted(parties - {but})
        ]
