"""Histories for the tests of who reads the log: made with the very makers of entries, told in the order of the log.

`entries()` gives them as if they were opened; `write()` puts them through a real log, each act one item.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import orjson

from audit.entry import Draft, IndexRow, section_bytes
from audit.log import Log
from gateway.consent.events import Teller
from gateway.consent.mandate_reference import mandate_of
from gateway.consent.model import (
    Actor,
    AskedRow,
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    ConsentState,
    Giver,
    GiverKind,
    Grant,
    GrantId,
    GrantRow,
    Prohibition,
    RefusedRow,
    Relation,
    RelationKind,
    Shown,
)
from gateway.directory.instants import to_micros
from gateway.disclosure import evidence
from gateway.disclosure.decision import Permit, RelianceGrant
from gateway.disclosure.evidence import ReleasedDocument
from gateway.disclosure.held import Fetched, Origin
from gateway.disclosure.opened import Opened
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.snapshot import DocumentFacts, Epochs

ORIGIN = "gw.saattaen.example/audit/2026"
START = datetime(2026, 11, 22, 7, tzinfo=UTC)
CLIENT = ClientId("a" * 32)
OTHER = ClientId("b" * 32)
PLAN = "work-ability-plan"
SECTIONS = ("goals", "services", "schedule", "responsibilities", "own-words", "health")
SHOWN = Shown("consent", 1, "fi", "plain", "0" * 64)
OWN_PAGE = Actor()
_ids = itertools.count(1)


def new_id() -> str:
    """Return an id that no other has, in the order of making."""
    return f"{next(_ids):032x}"


@dataclass
class Story:
    """A history that is being told: what each act wrote, and when."""

    at: datetime = START
    origin: str = ORIGIN
    directory: str = "d" * 64
    acts: list[tuple[datetime, list[Draft]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tell(Draft(new_id(), IndexRow("log.start", "na"), {"previous": None}))

    def tell(self, *drafts: Draft) -> None:
        """Add an act."""
        self.at += timedelta(seconds=1)
        self.acts.append((self.at, list(drafts)))

    def wait(self, **delta: float) -> None:
        """Let time pass."""
        self.at += timedelta(**delta)

    def teller(self, actor: Actor = OWN_PAGE) -> Teller:
        """Return the maker of consent entries for whoever acts."""
        return Teller(actor, new_id)

    # Consents.

    def row(self, **other: object) -> GrantRow:
        """Return a grant's row; the plan from social care to Kela, for half a year."""
        row = GrantRow(
            "sosiaalityo", "kela", PLAN, "rehabilitation-decision", self.at, self.at + timedelta(days=180), frozenset()
        )
        return replace(row, **other)  # type: ignore[arg-type]

    def give(
        self, *rows: GrantRow, client: ClientId = CLIENT, confirmed: bool = True, single_use: bool = False,
        giver: Giver | None = None, refused: tuple[RefusedRow, ...] = (), by: Actor = OWN_PAGE,
    ) -> Consent:  # fmt: skip
        """Give a consent."""
        method = CaptureMethod.SELF_SERVICE if by.is_client else CaptureMethod.WITH_PROFESSIONAL
        grants = tuple(Grant(GrantId(new_id()), row, single_use, confirmed) for row in rows or (self.row(),))
        consent = Consent(
            ConsentId(new_id()), 1, client, giver or Giver(), Capture(method, by.service, by.worker, by.system), SHOWN,
            grants, refused, ConsentState.GIVEN, self.at,
        )  # fmt: skip
        self.tell(self.teller(by).given(consent))
        return consent

    def change(self, old: Consent, *rows: GrantRow, giver: Giver | None = None) -> Consent:
        """Change a consent, on the client's own page."""
        grants = tuple(Grant(GrantId(new_id()), row, False, True) for row in rows or (self.row(),))
        new = replace(
            old, version=old.version + 1, grants=grants, giver=giver or Giver(), given_at=self.at,
            capture=Capture(CaptureMethod.SELF_SERVICE),
        )  # fmt: skip
        self.tell(self.teller().given(new, replaced=old.version))
        return new

    def confirm(self, consent: Consent, by: str | None = None) -> None:
        """Confirm every grant."""
        actor = OWN_PAGE if by is None else Actor(by, f"{by}-system", "w1")
        self.tell(self.teller(actor).confirmed(consent, frozenset(grant.id for grant in consent.grants), by))

    def withdraw(self, consent: Consent, told: str | None = None) -> None:
        """Withdraw a consent."""
        self.tell(self.teller().withdrawn(replace(consent, withdrawn_told=told)))

    def expire(self, consent: Consent) -> None:
        """Say aloud that its grants have expired."""
        self.tell(self.teller().expired(consent, frozenset(grant.id for grant in consent.grants)))

    def end_mandate(self, *consents: Consent) -> None:
        """End the mandate that they rest on."""
        client, reference = consents[0].client, consents[0].giver.register_reference
        ended = [(one, frozenset(grant.id for grant in one.grants)) for one in consents]
        self.tell(self.teller().mandate_ended(client, mandate_of(reference or ""), ended))

    def refuse(self, recipient: str = "kela", category: str = PLAN, client: ClientId = CLIENT) -> None:
        """Refuse in person."""
        self.tell(self.teller().refused(client, [RefusedRow(recipient, category)], True))

    def ask(self, client: ClientId = CLIENT) -> None:
        """Ask for a consent."""
        asked = AskedRow("sosiaalityo", "kela", PLAN, "rehabilitation-decision")
        self.tell(self.teller(Actor("kela", "kela-system", "w1", "Virkailija")).asked(client, asked, new_id()))

    def prohibit(
        self, recipient: str | None = None, category: str | None = None, client: ClientId = CLIENT, *,
        by_client: bool = True,
    ) -> Prohibition:  # fmt: skip
        """Prohibit, by the client or by a representative."""
        row = Prohibition(new_id(), client, recipient, category, by_client, self.at)
        self.tell(Teller(OWN_PAGE, new_id, Giver() if by_client else GUARDIAN).prohibition(row))
        return row

    def lift(self, row: Prohibition) -> None:
        """Lift a prohibition."""
        self.tell(self.teller().prohibition(replace(row, lifted_at=self.at)))

    def relate(
        self, kind: str = "joint-service", custodian: str = "sosiaalityo", recipients: tuple[str, ...] = ("kela",),
        client: ClientId = CLIENT, valid_from: datetime | None = None, until: datetime | None = None,
        section: str | None = None,
    ) -> Relation:  # fmt: skip
        """Record a relation."""
        row = Relation(
            new_id(), client, RelationKind(kind), custodian, recipients, valid_from or self.at, until, section, None,
            custodian,
        )  # fmt: skip
        self.tell(self.teller(Actor(custodian, f"{custodian}-system", "w1")).relation("relation.recorded", row))
        return row

    def end_relation(self, row: Relation) -> None:
        """End a relation."""
        self.tell(self.teller().relation("relation.ended", replace(row, ended_at=self.at)))

    def suspend(self, client: ClientId = CLIENT, suspended: bool = True) -> None:
        """Suspend a client, or lift that."""
        self.tell(self.teller().client("client.suspended", client, {"suspended": suspended}))

    def mark(self, client: ClientId = CLIENT) -> None:
        """Mark a client as one whose place nobody may tell."""
        self.tell(self.teller().client("client.marked", client, {"non_disclosure": True}))

    def partner(self, kind: str = "partner.suspended", system: str = "kela-system", **body: object) -> None:
        """Change a partner system."""
        index = IndexRow(kind, "na", requester=system)
        draft = Draft(new_id(), index, {"partner": system, **body}, actor={"operator": "op"})
        self.tell(draft)

    # Documents.

    def deposit(
        self, client: ClientId = CLIENT, version: int = 1, id: str | None = None, **other: object
    ) -> DocumentFacts:
        """Deposit a document."""
        sections: dict[str, tuple[str, ...]] = {name: () for name in SECTIONS}
        facts = DocumentFacts(
            id or new_id(), version, "sosiaalityo", PLAN, "CarePlan", to_micros(self.at), (), sections, client
        )
        facts = replace(facts, **other)  # type: ignore[arg-type]
        body = {
            "category": facts.category, "custodian": facts.custodian,
            "document": {
                "id": facts.id, "version": facts.version, "dated": facts.dated, "labels": list(facts.labels),
                "sections": {name: list(labels) for name, labels in facts.sections.items()}, "sha256": "", "bytes": 1,
            },
        }  # fmt: skip
        index = IndexRow(
            "deposit", "na", category=facts.category, custodian=facts.custodian, requester="sosiaalityo-system"
        )
        actor = {"system": "sosiaalityo-system", "person": "w1", "name": "Virkailija"}
        self.tell(Draft(new_id(), index, body, {"client": client}, actor, client, "sosiaalityo-system/w1"))
        return facts

    def lie_outside(
        self, client: ClientId = CLIENT, version: int = 1, id: str | None = None, **other: object
    ) -> DocumentFacts:
        """Return a document that lies with a custodian outside: no entry tells of it before it is released."""
        sections: dict[str, tuple[str, ...]] = {name: () for name in SECTIONS}
        facts = DocumentFacts(
            id or new_id(), version, "sosiaalityo", PLAN, "CarePlan", to_micros(START), (), sections, client, "server-1"
        )
        return replace(facts, **other)  # type: ignore[arg-type]

    def request(
        self, recipient: str = "kela", purpose: str = "rehabilitation-decision", **other: object
    ) -> DisclosureRequest:
        """Return a partner's request."""
        requester = Requester(
            f"{recipient}-system", recipient, recipient, "role", purpose, "substantial", "w7", "Virve Virkailija", "jti"
        )
        request = DisclosureRequest(Action.READ, requester, "CarePlan", "role", purpose, new_id(), document="x")
        return replace(request, **other)  # type: ignore[arg-type]

    def release(
        self, document: DocumentFacts, *consents: Consent, relation: Relation | None = None, basis: str | None = None,
        client: ClientId = CLIENT, request: DisclosureRequest | None = None, sections: Sequence[str] = ("goals",),
        obligations: Sequence[str] = (), good_until: int | None = None, spent: bool = True,
        action: Action = Action.READ, reliance: tuple[RelianceGrant, ...] | None = None,
    ) -> None:  # fmt: skip
        """Release a document on the first grant of each consent, or on a relation."""
        grants = tuple(
            RelianceGrant(one.grants[0].id, one.id, one.version, one.grants[0].single_use) for one in consents
        )
        grants = grants if reliance is None else reliance
        ends = [to_micros(one.grants[0].row.until) for one in consents]
        ends += [to_micros(relation.until)] if relation is not None and relation.until is not None else []
        on_consent = "consent-once" if any(grant.spend for grant in grants) else "consent"
        permit = Permit(
            basis or (str(relation.kind) if relation is not None else on_consent), grants,
            None if relation is None else relation.id, frozenset(sections), ("p", 1), frozenset(obligations),
            good_until or (min(ends) if ends else None), "policy",
        )  # fmt: skip
        request = replace(request or self.request(), action=action)
        self._register(request)
        event = new_id()
        draft = evidence.disclosure(
            event, request, client, document.category,
            [ReleasedDocument(document, permit, "0" * 64, 9, fetched_as(document))],
            Epochs(1, 1, 1), "policy", self.directory, "0" * 64, 9,
        )  # fmt: skip
        spends = [
            evidence.spent(new_id(), request, client, document, grant, event)
            for grant in grants if grant.spend and spent
        ]  # fmt: skip
        self.tell(draft, *spends)

    def _register(self, request: DisclosureRequest) -> None:
        """Register the partner system that asks, where nothing was told of one of that id."""
        system = request.requester.system
        told = {
            draft.body["partner"] for _, group in self.acts for draft in group if draft.index.kind == "partner.added"
        }
        if system not in told:
            self.partner("partner.added", system, services=[request.requester.service])

    def deny(
        self, reason: str = "no-consent", client: ClientId = CLIENT, document: DocumentFacts | None = None,
        action: Action = Action.READ, outcome: str = "deny",
    ) -> None:  # fmt: skip
        """Refuse a request."""
        self.tell(
            evidence.refusal(
                new_id(), replace(self.request(), action=action), client, PLAN, document, reason, Epochs(1, 1, 1),
                "policy", self.directory, outcome=outcome,
            )
        )  # fmt: skip

    def end(self, following: str) -> None:
        """End the log."""
        self.tell(Draft(new_id(), IndexRow("log.end", "na"), {"next": following}))

    # Telling it.

    def entries(self) -> list[Opened]:
        """Return the history as opened entries of one log."""
        drafts = [(at, draft) for at, group in self.acts for draft in group]
        return [opened(draft, self.origin, index, to_micros(at)) for index, (at, draft) in enumerate(drafts)]

    def write(self, log: Log[object], skip: int = 1) -> None:
        """Write the history through a real log, which makes its own first entries."""
        for _, drafts in self.acts[skip:]:
            log.commit([Item(drafts)])


def fetched_as(document: DocumentFacts, digest: str | None = None) -> Fetched | None:
    """Return how a document came from outside, None for one that lies with us."""
    if document.source is None:
        return None
    content = digest or f"{document.version:064x}"
    return Fetched(document, b"", Origin(document.source, document.resource, "x", "1", content), document.version)


@dataclass
class Item:
    """An act as an item of the log."""

    drafts: list[Draft]

    def apply(self, tx: object, at: int) -> tuple[None, list[Draft]]:
        return None, self.drafts


def opened(draft: Draft, origin: str, index: int, t: int) -> Opened:
    """Return a draft as an entry that was written at *t* and opened."""
    row = draft.index
    added = {"event_id": draft.event_id, "t": t, "k": row.kind, "o": row.outcome}
    s, a, b = (orjson.loads(section_bytes(one)) for one in (draft.subject, draft.actor, {**draft.body, **added}))
    return Opened(origin, index, draft.event_id, t, row.kind, row.outcome, s, a, b)


GUARDIAN = Giver(GiverKind.GUARDIAN, "register-1", None)
