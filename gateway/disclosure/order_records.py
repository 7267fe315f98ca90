"""What stands at a place in the log, as far as its entries tell: grants, relations, prohibitions, documents, the rest.

Pure bookkeeping for the order law; what may change it is in `order_events`, what relies on it in `order_release`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.consent.mandate_reference import is_over, mandate_of
from gateway.directory.instants import from_micros
from gateway.directory.model import Directory
from gateway.disclosure.order_partners import Registration
from gateway.disclosure.section_fields import (
    Fields,
    flag,
    number,
    optional_number,
    optional_text,
    text,
    texts,
    within,
)


@dataclass(slots=True)
class GrantRecord:
    """A grant with every dimension and what has happened to it. `by_client` is None where the log does not tell."""

    client: str
    consent: str
    version: int
    id: str
    custodian: str
    recipient: str
    category: str
    purpose: str
    valid_from: int
    until: int
    sensitivities: frozenset[str]
    single_use: bool
    document: str | None
    dated_from: int | None
    dated_until: int | None
    confirmed: bool
    by_client: bool | None
    replaced: bool = False
    withdrawn: bool = False
    spent: bool = False
    ended: bool = False
    mandate: str | None = None
    """By which reference a representative gave it, as the register was asked by; None where the log does not tell."""

    def state_fault(self, at: int) -> str | None:
        """Return what keeps the grant from being relied on at *at*, None where it is in force. The end is exclusive."""
        checks = (
            (self.replaced, "a version that was changed before"),
            (self.withdrawn, "a consent that was withdrawn before"),
            (not self.confirmed, "a grant that was not confirmed before"),
            (self.spent, "a single-use grant that was spent before"),
            (self.ended, "a grant whose mandate ended before"),
            (at >= self.until, "a grant that had expired"),
            (at < self.valid_from, "a grant that was not yet in force"),
        )
        return next((what for wrong, what in checks if wrong), None)

    def stands(self, at: int) -> bool:
        """Return whether something could be relied on it at *at* or later."""
        return at < self.until and not (self.replaced or self.withdrawn or self.spent or self.ended)

    def covers(self, other: GrantRecord) -> bool:
        """Return whether it opened everything that another does, for as long and as often."""
        ours = (self.client, self.custodian, self.recipient, self.category, self.purpose)
        theirs = (other.client, other.custodian, other.recipient, other.category, other.purpose)
        since, before = self.dated_from, self.dated_until
        return (
            ours == theirs
            and self.valid_from <= other.valid_from
            and other.until <= self.until
            and other.sensitivities <= self.sensitivities
            and (other.single_use or not self.single_use)
            and self.document in (None, other.document)
            and (since is None or (other.dated_from is not None and since <= other.dated_from))
            and (before is None or (other.dated_until is not None and other.dated_until <= before))
        )


@dataclass(slots=True)
class RelationRecord:
    """A relation. It runs from its custodian to each of the recipients."""

    client: str
    id: str
    kind: str
    custodian: str
    recipients: tuple[str, ...]
    valid_from: int
    until: int | None
    recorded_by: str
    ended: bool = False
    section: str | None = None


@dataclass(frozen=True, slots=True)
class ProhibitionRecord:
    """A prohibition; None means any."""

    client: str
    id: str
    recipient: str | None
    category: str | None
    in_person: bool | None = None
    """Whether the client said it themselves; None where the log does not tell."""

    def covers(self, recipient: str, category: str) -> bool:
        """Return whether it says no to this."""
        return self.recipient in (None, recipient) and self.category in (None, category)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """The current version of a document: whose, of which day, and which sensitivities its deposit added."""

    client: str
    id: str
    version: int
    custodian: str
    category: str
    dated: int
    labels: frozenset[str]
    sections: dict[str, frozenset[str]]
    source: str | None = None
    """The server of a custodian outside that it was fetched from; None where it was deposited."""
    digest: str | None = None
    """Of one that was fetched: the SHA-256 of its content."""


@dataclass(slots=True)
class ConsentRecord:
    """The current version of a consent."""

    client: str
    version: int
    withdrawn: bool = False
    grants: list[str] = field(default_factory=list)
    """The ids of the grants of all its versions."""


@dataclass(slots=True)
class Records:
    """Everything that stands. `directory` says who is of which organisation and which registers may record."""

    directory: Directory | None = None
    consents: dict[str, ConsentRecord] = field(default_factory=dict)
    grants: dict[str, GrantRecord] = field(default_factory=dict)
    relations: dict[str, RelationRecord] = field(default_factory=dict)
    prohibitions: dict[str, dict[str, ProhibitionRecord]] = field(default_factory=dict)
    """By client, then by id."""
    ended_mandates: dict[tuple[str, str], int] = field(default_factory=dict)
    """By client and the mandate's name: when its end was recorded last."""
    documents: dict[str, DocumentRecord] = field(default_factory=dict)
    refusals: set[tuple[str, str, str]] = field(default_factory=set)
    """(client, recipient, category) that the client in person said no to."""
    suspended_clients: set[str] = field(default_factory=set)
    hidden_clients: set[str] = field(default_factory=set)
    """Clients under a non-disclosure marking."""
    suspended_partners: set[str] = field(default_factory=set)
    revoked_tokens: set[str] = field(default_factory=set)
    partners: dict[str, Registration] = field(default_factory=dict)
    """What was said last of each partner system."""
    partners_known: bool = True
    """Whether every entry about partner systems is here and could be read: erasing a client touches none of them."""
    client_records: dict[str, int] = field(default_factory=dict)
    """How often each client's own sealed record was changed, as was said last."""
    whole: bool = True
    """Whether every log is here from its beginning, whatever of it can be read."""
    all_heard: bool = True
    """Whether everything in the logs that are here, of what stands about clients, could be read."""
    complete: bool = True
    """Whether all that was ever recorded is here: false once an earlier log or a section is missing."""
    releases_known: bool = True
    """Whether every release is readable: documents outside are told by releases alone."""
    open_known: bool = True
    """Whether every grant, relation and prohibition that is still open is here: a carry-over tells them."""
    unjudged: bool = False
    """Whether something was said of which only a directory could tell whether its sayer may."""
    restored: set[str] = field(default_factory=set)
    """Logs that began with a restore: they repeat what the lost one had said."""
    _by_client: dict[str, list[GrantRecord]] = field(default_factory=dict)

    def add_grant(self, grant: GrantRecord) -> None:
        """Add a grant to those of its client and consent, whose current version becomes the grant's."""
        self.grants[grant.id] = grant
        self._by_client.setdefault(grant.client, []).append(grant)
        consent = self.consents.setdefault(grant.consent, ConsentRecord(grant.client, grant.version))
        consent.grants.append(grant.id)

    def grants_of(self, client: str) -> list[GrantRecord]:
        """Return every grant of a client, of any state."""
        return self._by_client.get(client, [])

    def is_over(self, client: str, reference: str) -> bool:
        """Return whether the end of the mandate that a reference leads to was recorded after it was chosen."""
        ended = self.ended_mandates.get((client, mandate_of(reference)))
        return ended is not None and is_over(reference, from_micros(ended))

    def add_prohibition(self, row: ProhibitionRecord) -> None:
        """Add a prohibition."""
        self.prohibitions.setdefault(row.client, {})[row.id] = row

    def is_prohibited(self, client: str, recipient: str, category: str) -> bool:
        """Return whether a prohibition that stands covers this."""
        return any(row.covers(recipient, category) for row in self.prohibitions.get(client, {}).values())


def grant_record(client: str, consent: str, version: int, row: Fields, by_client: bool | None) -> GrantRecord:
    """Read a grant as `gateway.consent.events.grant_body` wrote it; raises Malformed."""
    return GrantRecord(
        client, consent, version, text(row, "id"), text(row, "custodian"), text(row, "recipient"),
        text(row, "category"), text(row, "purpose"), number(row, "from"), number(row, "until"),
        frozenset(texts(row, "sensitivities")), flag(row, "single_use"), optional_text(row, "document"),
        optional_number(row, "dated_from"), optional_number(row, "dated_until"), flag(row, "confirmed"), by_client,
    )  # fmt: skip


def relation_record(client: str, row: Fields) -> RelationRecord:
    """Read a relation as its event or a carry-over tells it; raises Malformed."""
    return RelationRecord(
        client, text(row, "relation"), text(row, "kind"), text(row, "custodian"), texts(row, "recipients"),
        number(row, "from"), optional_number(row, "until"), text(row, "recorded_by"),
        section=optional_text(row, "section"),
    )  # fmt: skip


def prohibition_record(client: str, row: Fields) -> ProhibitionRecord:
    """Read a prohibition; raises Malformed."""
    return ProhibitionRecord(
        client, text(row, "prohibition"), optional_text(row, "recipient"), optional_text(row, "category"),
        flag(row, "in_person") if "in_person" in row else None,
    )  # fmt: skip


def document_record(client: str, body: Fields) -> DocumentRecord:
    """Read a deposit; raises Malformed."""
    row = within(body, "document")
    sections = within(row, "sections")
    return DocumentRecord(
        client, text(row, "id"), number(row, "version"), text(body, "custodian"), text(body, "category"),
        number(row, "dated"), frozenset(texts(row, "labels")),
        {section: frozenset(texts(sections, section)) for section in sections},
    )  # fmt: skip
