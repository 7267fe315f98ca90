"""What a client agreed to: consents, grants, refusals, prohibitions and relations as values.

A grant is exactly one of each: custodian, recipient, category, purpose, period and ticked sensitivities. Every period
is `[from, until)`. Nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

ClientId = NewType("ClientId", str)
ConsentId = NewType("ConsentId", str)
GrantId = NewType("GrantId", str)


class CaptureMethod(StrEnum):
    """How the client's will was recorded."""

    SELF_SERVICE = "self-service"
    OWN_PHONE = "own-phone"
    WITH_PROFESSIONAL = "with-professional"
    VERBAL = "verbal"
    PAPER_SCAN = "paper-scan"
    PARTNER_IMPORT = "partner-import"


class ConsentState(StrEnum):
    """Where a consent stands. `unconfirmed`, `spent` and `expired` are states of its grants, told by time and use."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class GiverKind(StrEnum):
    """Who gave: the client, or a representative of this kind."""

    CLIENT = "client"
    GUARDIAN = "guardian"
    """Who has the care of a minor."""
    MANDATE = "mandate"
    """Whom the client empowered."""
    TRUSTEE = "trustee"
    """A guardian whom an authority appointed for an adult (edunvalvoja)."""


@dataclass(frozen=True, slots=True)
class Giver:
    """Who gives. A representative's `register_reference` was verified at this act; `until` is the mandate's end, and
    `scope` what the register said that it covers."""

    kind: GiverKind = GiverKind.CLIENT
    register_reference: str | None = None
    until: datetime | None = None
    scope: str | None = None

    @property
    def is_client(self) -> bool:
        """Return whether the client acted in person."""
        return self.kind is GiverKind.CLIENT


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the client on their own page (`service` None), or a worker in a service by way of a partner system.

    `worker` and `worker_name` go to the log's actor section alone.
    """

    service: str | None = None
    system: str | None = None
    worker: str | None = None
    worker_name: str | None = None
    role: str | None = None
    request_id: str | None = None

    @property
    def is_client(self) -> bool:
        """Return whether the client acts, signed in on their own page."""
        return self.service is None and self.system is None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a capture method leaves behind, by its own keys (`capture.EVIDENCE_KEYS`); never the content itself."""

    items: tuple[tuple[str, str], ...] = ()

    def get(self, key: str) -> str | None:
        """Return the evidence named *key*, None where there is none."""
        return next((value for name, value in self.items if name == key), None)


@dataclass(frozen=True, slots=True)
class Capture:
    """How, where and by whom the will was recorded. `service` is None on the client's own page."""

    method: CaptureMethod
    service: str | None = None
    worker: str | None = None
    system: str | None = None
    evidence: Evidence = Evidence()


@dataclass(frozen=True, slots=True)
class Shown:
    """What exactly was shown: the wording's id and version, language, register and the hash of the rendered text."""

    wording: str
    version: int
    language: str
    register: str
    sha256: str


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One row as the client chose it, before it has an id."""

    custodian: str
    recipient: str
    category: str
    purpose: str
    valid_from: datetime
    until: datetime
    sensitivities: frozenset[str] = frozenset()
    once: bool = False
    document: str | None = None
    dated_from: datetime | None = None
    dated_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A row of a consent's version, with its state. `single_use` is true for spoken, once and by the category."""

    id: GrantId
    row: GrantRow
    single_use: bool
    confirmed: bool
    spent: bool = False
    ended: bool = False

    def in_force(self, at: datetime) -> bool:
        """Return whether this grant may be relied on at the instant *at*. The end is exclusive."""
        usable = self.confirmed and not self.spent and not self.ended
        return usable and self.row.valid_from <= at < self.row.until


@dataclass(frozen=True, slots=True)
class AskedRow:
    """What a recipient asks the client to consider."""

    custodian: str
    recipient: str
    category: str
    purpose: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that the client refused: recorded, without effect on the client's own consents."""

    recipient: str
    category: str
    not_before: datetime | None = None
    """Do not ask again before this instant."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One version of one client's consent. `seq` orders givings and changes as the log does."""

    id: ConsentId
    version: int
    client: ClientId
    giver: Giver
    capture: Capture
    shown: Shown
    grants: tuple[Grant, ...]
    refused: tuple[RefusedRow, ...]
    state: ConsentState
    given_at: datetime
    withdrawn_at: datetime | None = None
    seq: int = 0
    withdrawn_told: str | None = None
    """The service that the client told of the withdrawal; None on the own page."""

    @property
    def parties(self) -> frozenset[str]:
        """The services named in its rows, as custodian or recipient, and the one that captured it."""
        named = {code for grant in self.grants for code in (grant.row.custodian, grant.row.recipient)}
        return frozenset(named if self.capture.service is None else named | {self.capture.service})

    def in_force(self, at: datetime) -> bool:
        """Return whether any grant of this consent may be relied on at *at*."""
        return self.state is ConsentState.GIVEN and any(grant.in_force(at) for grant in self.grants)


@dataclass(frozen=True, slots=True)
class Prohibition:
    """Never to this recipient, never this category; None means any. It beats every consent."""

    id: str
    client: ClientId
    recipient: str | None
    category: str | None
    by_client: bool
    given_at: datetime
    lifted_at: datetime | None = None

    def covers(self, recipient: str, category: str) -> bool:
        """Return whether it forbids that recipient that category, as long as it stands."""
        return self.recipient in (None, recipient) and self.category in (None, category)


class RelationKind(StrEnum):
    """The fact about a client that a basis other than consent rests on."""

    JOINT_SERVICE = "joint-service"
    PROCESSOR = "processor"
    DISCLOSURE_PERMIT = "disclosure-permit"
    STATUTORY = "statutory"


@dataclass(frozen=True, slots=True)
class Relation:
    """A recorded fact about this client: it runs from the custodian to each recipient, not back."""

    id: str
    client: ClientId
    kind: RelationKind
    custodian: str
    recipients: tuple[str, ...]
    valid_from: datetime
    until: datetime | None
    section: str | None
    evidence: str | None
    recorded_by: str
    ended_at: datetime | None = None
    contested_at: datetime | None = None
