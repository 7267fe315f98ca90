"""A case: what happens, in order, and what is expected of it. Names are those of the demo world and the case itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from isodate import Duration

from gateway.directory.source import Plain

NOT_AVAILABLE = "not_available"
"""The one outward answer to a refusal."""

REQUEST_INVALID = "request-invalid"
"""The one refusal that has an answer of its own."""


@dataclass(frozen=True, slots=True)
class AskedGrant:
    """One row of a consent as the case says it."""

    custodian: str
    recipient: str
    category: str
    purpose: str
    until: datetime
    valid_from: datetime | None = None
    sensitivities: tuple[str, ...] = ()
    once: bool = False
    dated_from: datetime | None = None
    dated_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Representative:
    """Who gives in the client's stead. With *registered* false, the register of mandates knows nothing of it."""

    kind: str
    until: datetime | None = None
    registered: bool = True


@dataclass(frozen=True, slots=True)
class Deposit:
    """A custodian makes a document available."""

    name: str
    by: str
    client: str
    category: str
    labels: tuple[str, ...] = ()
    sections: Mapping[str, tuple[str, ...]] | None = None
    referrer: str | None = None
    dated: datetime | None = None
    content: Mapping[str, Plain] | None = None


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """The client gives consent, on their own page or through the capturing service *by*."""

    name: str
    client: str
    grants: tuple[AskedGrant, ...]
    capture: str = "self-service"
    by: str | None = None
    evidence: bool = True
    giver: Representative | None = None
    language: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """The client says no."""

    client: str
    recipient: str
    category: str
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Prohibit:
    """The client prohibits; None means any."""

    name: str
    client: str
    recipient: str | None = None
    category: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Unprohibit:
    """The client lifts a prohibition of theirs."""

    name: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """What was recorded is confirmed by the client (*by* is None) or by a service."""

    consent: str
    by: str | None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The client gives a new version."""

    consent: str
    grants: tuple[AskedGrant, ...]
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The client withdraws, on their own page or by telling a service."""

    consent: str
    told: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Relate:
    """A fact that another basis rests on is recorded by *by*; the first party is the custodian."""

    kind: str
    client: str
    parties: tuple[str, ...]
    by: str
    valid_from: datetime | None = None
    until: datetime | None = None
    section: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """What a permitted request must show; None is not compared."""

    basis: str | None = None
    consent: str | None = None
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """What the officer must see of a refused request; None is not compared."""

    reasons: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A partner asks for one document."""

    by: str
    system: str
    role: str
    client: str
    document: str
    purpose: str
    assurance: str
    basis: str | None
    expect: Permitted | Refused


@dataclass(frozen=True, slots=True)
class Search:
    """A partner searches one client's documents, of one category or of all."""

    by: str
    role: str
    client: str
    category: str | None
    purpose: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suspend:
    """A partner system is suspended."""

    system: str


@dataclass(frozen=True, slots=True)
class Advance:
    """The clock moves on."""

    by: timedelta | Duration


@dataclass(frozen=True, slots=True)
class MoveTo:
    """The clock is set."""

    at: datetime


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """One line of what a person sees of the log; None is not compared."""

    kind: str | None = None
    by: str | None = None
    outcome: str | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class See:
    """The client, or the operator's officer, looks at what the log tells of the client; newest first."""

    by: str
    client: str
    entries: tuple[SeenEntry, ...]


@dataclass(frozen=True, slots=True)
class Notified:
    """The messages sent to a client or a service so far, by kind and in order."""

    client: str | None
    service: str | None
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verify:
    """The log proves itself."""


Act: TypeAlias = (
    Deposit | GiveConsent | Refuse | Prohibit | Unprohibit | Confirm | Change | Withdraw | Relate | Request | Search
    | Suspend | Advance | MoveTo | See | Notified | Verify
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step, by its number in the case (the first is 1) and the word that it begins with."""

    number: int
    word: str
    act: Act


@dataclass(frozen=True, slots=True)
class Case:
    """One rehearsal."""

    id: str
    title: str
    source: str
    at: datetime
    steps: tuple[Step, ...]
    file: str
