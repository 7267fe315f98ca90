"""Consents over the wire: what a worker records with a client, and what a party may see of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.consent.capture import EVIDENCE_KEYS
from gateway.consent.model import (
    Capture,
    CaptureMethod,
    Evidence,
    Giver,
    GiverKind,
    Grant,
    GrantRow,
    RefusedRow,
    Shown,
)
from gateway.consent.view import ConsentView, ReceiptView
from gateway.directory.identity_trace import holds_identity_code
from gateway.disclosure.request import Requester
from gateway.http.schemas.base import Code, Id, Incoming, Instant, Outgoing, Sha256, ShortText, fault
from gateway.http.schemas.identifier import ClientIdentifier

MAX_ROWS = 64
"""More rows than this were not chosen one by one."""

_MAY = {CaptureMethod.VERBAL: ("spoken_at",), CaptureMethod.OWN_PHONE: ("code",)}
_WHEN = {"spoken_at": "if earlier", "code": "unless the client wrote it on their own device"}

Language = Literal["fi", "sv", "en"]
Register = Literal["plain", "easy"]
EvidenceKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", max_length=32)]
EvidenceText = Annotated[str, Field(min_length=1, max_length=8000)]


class GrantBody(Incoming):
    """One row that the client chose: each of custodian, recipient, category, purpose and period is exactly one."""

    custodian: Code = Field(description="The named service that gives.")
    recipient: Code = Field(description="The named service that receives.")
    category: Code
    purpose: Code
    valid_from: Instant | None = Field(default=None, description="From this instant; without it, from now.")
    until: Instant = Field(description="Exclusive; at most 12 months from now.")
    sensitivities: list[Code] = Field(
        default_factory=list, max_length=16, description="What the client ticked; nothing is ticked beforehand."
    )
    once: bool = Field(default=False, description="Opens one document, once.")
    document: Id | None = Field(default=None, description="Only this document.")
    dated_from: Instant | None = Field(default=None, description="Only documents dated at or after this.")
    dated_until: Instant | None = Field(default=None, description="Only documents dated before this.")

    def to_domain(self, now: datetime) -> GrantRow:
        """Return the row; without a beginning of its own it begins *now*."""
        return GrantRow(
            self.custodian, self.recipient, self.category, self.purpose, self.valid_from or now, self.until,
            frozenset(self.sensitivities), self.once, self.document, self.dated_from, self.dated_until,
        )  # fmt: skip


class RefusedBody(Incoming):
    """A row that the client refused. It has no effect on the client's own consents."""

    recipient: Code
    category: Code
    not_before: Instant | None = Field(
        default=None,
        description="Do not ask again before this instant, 12 months from now at the latest. A service sets it for its "
        "own questions alone; without it the same is not asked again for 90 days.",
    )

    def to_domain(self) -> RefusedRow:
        """Return the refused row."""
        return RefusedRow(self.recipient, self.category, self.not_before)


class CaptureBody(Incoming):
    """How the client's will was recorded, and the evidence of it. Service, system and worker are those of the token."""

    method: CaptureMethod = Field(strict=False)
    evidence: dict[EvidenceKey, EvidenceText] = Field(
        default_factory=dict,
        max_length=8,
        description="By method: "
        + "; ".join(
            f"`{method}`: {', '.join((*keys, *(f'{key} ({_WHEN[key]})' for key in _MAY.get(method, ()))))}"
            for method, keys in EVIDENCE_KEYS.items()
        ),
    )

    @model_validator(mode="after")
    def _only_its_own_evidence(self) -> Self:
        known = {*EVIDENCE_KEYS[self.method], *_MAY.get(self.method, ())}
        if not self.evidence.keys() <= known:
            raise fault(f"the evidence of {self.method} is {', '.join(sorted(known))}; leave anything else out")
        # What is signed elsewhere is kept as it was signed, and is looked into by whoever checks the signature.
        if any(holds_identity_code(text) for key, text in self.evidence.items() if key != "signed"):
            raise fault("evidence must hold no personal identity code: whom it is about stands in `client` alone")
        return self

    def to_domain(self, requester: Requester) -> Capture:
        """Return the capture by *requester*."""
        evidence = Evidence(tuple(sorted(self.evidence.items())))
        return Capture(self.method, requester.service, requester.person, requester.system, evidence)


class GiverBody(Incoming):
    """Who decides: the client, or a representative whose mandate the gateway verifies at this act."""

    kind: GiverKind = Field(default=GiverKind.CLIENT, strict=False)
    register_reference: ShortText | None = Field(default=None, max_length=200)
    until: Instant | None = None

    @model_validator(mode="after")
    def _client_has_no_mandate(self) -> Self:
        if self.kind is GiverKind.CLIENT and (self.register_reference or self.until):
            raise fault("the client needs no register_reference and no until; leave them out or name another kind")
        return self

    def to_domain(self) -> Giver:
        """Return the giver."""
        return Giver(self.kind, self.register_reference, self.until)


class ShownBody(Incoming):
    """Which words the client was shown, with the hash that `POST /wordings/render` answered with."""

    wording: Code
    version: int = Field(ge=1, le=9999)
    language: Language
    register_: Register = Field(default="plain", alias="register", description="`easy` is easy Finnish (selkokieli).")
    sha256: Sha256

    def to_domain(self) -> Shown:
        """Return what a consent keeps of it."""
        return Shown(self.wording, self.version, self.language, self.register_, self.sha256)


class GiveConsentBody(Incoming):
    """A consent as a worker records it with the client."""

    client: ClientIdentifier
    grants: list[GrantBody] = Field(min_length=1, max_length=MAX_ROWS)
    refused: list[RefusedBody] = Field(default_factory=list, max_length=MAX_ROWS)
    capture: CaptureBody
    giver: GiverBody = GiverBody()
    shown: ShownBody


class ClientBody(Incoming):
    """A question about one client."""

    client: ClientIdentifier


class WithdrawBody(Incoming):
    """A withdrawal that the client told this service. It costs no reason."""

    client: ClientIdentifier = Field(description="The client who withdraws; another's consent is not available.")
    giver: GiverBody = GiverBody()


class GrantAnswer(Outgoing):
    """A grant as it stands."""

    id: str
    custodian: str
    recipient: str
    category: str
    purpose: str
    valid_from: Instant
    until: Instant
    sensitivities: list[str]
    single_use: bool
    document: str | None
    dated_from: Instant | None
    dated_until: Instant | None
    confirmed: bool = Field(description="False: it opens nothing until the client or the custodian confirms it.")
    spent: bool
    ended: bool

    @classmethod
    def from_domain(cls, grant: Grant) -> Self:
        """Return how the grant looks from outside."""
        row = grant.row
        return cls(
            id=grant.id, custodian=row.custodian, recipient=row.recipient, category=row.category, purpose=row.purpose,
            valid_from=row.valid_from, until=row.until, sensitivities=sorted(row.sensitivities),
            single_use=grant.single_use, document=row.document, dated_from=row.dated_from, dated_until=row.dated_until,
            confirmed=grant.confirmed, spent=grant.spent, ended=grant.ended,
        )  # fmt: skip


class ConsentAnswer(Outgoing):
    """A consent as the calling service may see it: its own rows alone, and a version of these alone."""

    id: str
    version: int
    state: Literal["given", "withdrawn", "ended"]
    given_at: Instant
    withdrawn_at: Instant | None
    given_by: GiverKind
    method: CaptureMethod | None = Field(description="Null unless the calling service recorded the consent.")
    wording: str
    wording_version: int
    language: str
    register_: str = Field(alias="register")
    sha256: str
    grants: list[GrantAnswer]

    @classmethod
    def from_domain(cls, view: ConsentView) -> Self:
        """Return the answer to the party whose view it is."""
        shown = view.shown
        return cls(
            id=view.id, version=view.version, state=view.state, given_at=view.given_at, withdrawn_at=view.withdrawn_at,
            given_by=view.giver.kind, method=view.capture.method if view.capture else None, wording=shown.wording,
            wording_version=shown.version, language=shown.language, register=shown.register, sha256=shown.sha256,
            grants=[GrantAnswer.from_domain(grant) for grant in view.grants],
        )  # fmt: skip


class ConfirmationHandle(Outgoing):
    """Where the client confirms, with the code that went to the client's own channel."""

    handle: str
    path: str


class GivenAnswer(Outgoing):
    """A consent just recorded, and what the client must still do."""

    consent: ConsentAnswer
    confirmation: ConfirmationHandle | None = Field(
        description="Null where no grant needs the client's own confirmation, or no channel of the client's is known."
    )


class ConsentsAnswer(Outgoing):
    """The client's consents as the calling service may see them; empty for a client that is not known."""

    consents: list[ConsentAnswer]

    @classmethod
    def from_domain(cls, views: Iterable[ConsentView]) -> Self:
        """Return the answer to the party whose views they are."""
        return cls(consents=[ConsentAnswer.from_domain(view) for view in views])


class ReceiptAnswer(Outgoing):
    """A signed receipt of one step, the calling service's own sections."""

    id: str
    kind: str
    at: Instant
    jws: str


class ReceiptsAnswer(Outgoing):
    """The consent's receipts, oldest first."""

    receipts: list[ReceiptAnswer]

    @classmethod
    def from_domain(cls, receipts: Iterable[ReceiptView]) -> Self:
        """Return the answer to the party whose receipts they are."""
        return cls(receipts=[ReceiptAnswer(id=one.id, kind=one.kind, at=one.at, jws=one.jws) for one in receipts])
