"""The tables of the main database, save the log's own (`log_tables`). Rows stop at `adapters.sql`.

Instants are integer microseconds since the epoch. A column that the facts are read from belongs to a table in
`FACT_TABLES`: a trigger bumps the epoch of the client, partner or world it tells of, so that a write between
judgement and release forces a new judgement (`migrations`, and the law's test over SQLite's authorizer).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

DECOY_CLIENT = "0" * 32
"""The client that no identifier leads to: an unknown client's request does the same work on this one."""


def _micros(*, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable, index=index)


class ClientRow(SQLModel, table=True):
    """A client: a random id of ours, and the name sealed under the client's own data key."""

    __tablename__ = "client"
    id: str = Field(primary_key=True)
    created: int = Field(sa_column=_micros())
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """AES-GCM: nonce || ciphertext of JSON {identifiers, name, channels, language, register}."""
    born: str | None = None
    """ISO date of birth, sealed too when a deployment asks for it; a guardian's grant ends at 18."""


class ClientIdentifierRow(SQLModel, table=True):
    """A keyed hash of (authority, value[, issuer]) that leads to a client."""

    __tablename__ = "client_identifier"
    lookup: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    client: str = Field(index=True)
    retired: bool = False


class ClientStateRow(SQLModel, table=True):
    """What may be judged about a client, and the epoch that every event about it bumps."""

    __tablename__ = "client_state"
    client: str = Field(primary_key=True)
    epoch: int = Field(default=0, sa_column=_micros())
    suspended: bool = False
    non_disclosure: bool = False
    told_of_all: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, default=False, server_default=text("false"))
    )
    """The client chose to be told of each release, on consent too. It opens nothing, so no epoch moves with it."""


class PartnerRow(SQLModel, table=True):
    """A partner system: an OAuth client of an organisation, with its registered public keys (JWKS by value)."""

    __tablename__ = "partner"
    id: str = Field(primary_key=True)
    organisation: str
    jwks: str = Field(sa_column=Column(Text, nullable=False))
    scope: str = ""
    suspended: bool = False
    added: int = Field(sa_column=_micros())


class PartnerServiceRow(SQLModel, table=True):
    """A service that a partner system acts for."""

    __tablename__ = "partner_service"
    partner: str = Field(primary_key=True)
    service: str = Field(primary_key=True)


class PartnerStateRow(SQLModel, table=True):
    """The epoch that each change of a partner's keys, rights, revocations or suspension bumps."""

    __tablename__ = "partner_state"
    partner: str = Field(primary_key=True)
    epoch: int = Field(default=0, sa_column=_micros())


class ReplayRow(SQLModel, table=True):
    """A (iss, jti) seen in a client assertion, kept until it ends: insert or fail."""

    __tablename__ = "replay"
    iss: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    expires: int = Field(sa_column=_micros(index=True))


class RevokedTokenRow(SQLModel, table=True):
    """An access token revoked before its end."""

    __tablename__ = "revoked_token"
    jti: str = Field(primary_key=True)
    partner: str = Field(index=True)
    expires: int = Field(sa_column=_micros())


class WorldStateRow(SQLModel, table=True):
    """The one row of directory digest and policy revision in use, and the epoch that a change of either bumps."""

    __tablename__ = "world_state"
    id: int = Field(default=1, primary_key=True)
    epoch: int = Field(default=0, sa_column=_micros())
    directory: str = ""
    policy: str = ""


class ConsentRow(SQLModel, table=True):
    """A consent's standing: its current version and whether it was withdrawn."""

    __tablename__ = "consent"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    version: int
    state: str
    withdrawn_at: int | None = Field(default=None, sa_column=_micros(nullable=True))
    withdrawn_told: str | None = None


class ConsentVersionRow(SQLModel, table=True):
    """One version as it was given: who, how, which words. Never changed."""

    __tablename__ = "consent_version"
    __table_args__ = (Index("ix_version_capture", "capture_service", "seq"),)
    consent: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    client: str = Field(index=True)
    given_at: int = Field(sa_column=_micros())
    seq: int = Field(sa_column=_micros())
    """The order of givings and changes in the log (its running number over all logs)."""
    giver_kind: str
    giver_reference: str | None = None
    giver_until: int | None = Field(default=None, sa_column=_micros(nullable=True))
    giver_scope: str | None = None
    capture_method: str
    capture_service: str | None = None
    capture_system: str | None = None
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Worker and evidence, sealed under the client's data key."""
    wording: str
    wording_version: int
    language: str
    register_: str = Field(sa_column=Column("register", String, nullable=False))
    sha256: str


class GrantTableRow(SQLModel, table=True):
    """A grant of some version of a consent, with its state. `replaced` rows belong to an older version."""

    __tablename__ = "consent_grant"
    __table_args__ = (
        Index("ix_grant_candidates", "client", "recipient", "seq"),
        # A service's own clients, and its worklist.
        Index("ix_grant_recipient_seq", "recipient", "seq"),
        Index("ix_grant_custodian_seq", "custodian", "seq"),
        Index("ix_grant_recipient_until", "recipient", "until"),
        Index("ix_grant_custodian_until", "custodian", "until"),
        *(
            Index(
                f"ix_grant_{side}_withdrawn", side, "withdrawn_at", sqlite_where=text("withdrawn_at IS NOT NULL"),
                postgresql_where=text("withdrawn_at IS NOT NULL"),
            )
            for side in ("recipient", "custodian")
        ),
        Index(
            "ix_grant_unconfirmed", "custodian", "until", sqlite_where=text("confirmed_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL"),
        ),
        # What ends soon, and what has ended, is looked for by the sweep.
        Index(
            "ix_grant_until", "until", sqlite_where=text("expired_logged IS 0"),
            postgresql_where=text("expired_logged IS false"),
        ),
    )  # fmt: skip
    id: str = Field(primary_key=True)
    consent: str = Field(index=True)
    version: int
    client: str
    custodian: str
    recipient: str
    category: str
    purpose: str
    valid_from: int = Field(sa_column=_micros())
    until: int = Field(sa_column=_micros())
    sensitivities: str = ""
    """Codes separated by one space, sorted."""
    single_use: bool = False
    once: bool = False
    """The client marked this row as once; `single_use` is what follows from that, the method and the category."""
    place: int = 0
    """The row's place in its version."""
    document: str | None = None
    dated_from: int | None = Field(default=None, sa_column=_micros(nullable=True))
    dated_until: int | None = Field(default=None, sa_column=_micros(nullable=True))
    confirmed_at: int | None = Field(default=None, sa_column=_micros(nullable=True))
    confirmed_by: str | None = None
    withdrawn: bool = False
    withdrawn_at: int | None = Field(default=None, sa_column=_micros(nullable=True))
    """The consent's, on each of its rows: a service's worklist reads its own withdrawals along an index."""
    spent_by: str | None = None
    """The event id of the disclosure that spent it."""
    ended_at: int | None = Field(default=None, sa_column=_micros(nullable=True))
    """The mandate it rested on has ended."""
    by_client: bool = True
    seq: int = Field(sa_column=_micros())
    replaced: bool = False
    told_at: int | None = Field(default=None, sa_column=_micros(nullable=True))
    """When its recipient was told of it (it came into force)."""
    expired_logged: bool = False


class RefusalRow(SQLModel, table=True):
    """A row that the client, or a representative, refused."""

    __tablename__ = "refusal"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    recipient: str
    category: str
    by_client: bool = True
    at: int = Field(sa_column=_micros())
    not_before: int | None = Field(default=None, sa_column=_micros(nullable=True))
    lifted_at: int | None = Field(default=None, sa_column=_micros(nullable=True))
    """A later giving by the client in person for the same row lifts it."""


class ProhibitionRow(SQLModel, table=True):
    """Never to this recipient, never this category; NULL means any."""

    __tablename__ = "prohibition"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    recipient: str | None = None
    category: str | None = None
    by_client: bool = True
    given_at: int = Field(sa_column=_micros())
    lifted_at: int | None = Field(default=None, sa_column=_micros(nullable=True))


class RelationRow(SQLModel, table=True):
    """A recorded fact that a basis other than consent rests on."""

    __tablename__ = "relation"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    kind: str
    custodian: str
    recipients: str
    """Service codes separated by one space."""
    valid_from: int = Field(sa_column=_micros())
    until: int | None = Field(default=None, sa_column=_micros(nullable=True))
    section: str | None = None
    evidence: str | None = None
    recorded_by: str
    recorded_at: int = Field(sa_column=_micros(index=True))
    ended_at: int | None = Field(default=None, sa_column=_micros(nullable=True))
    contested_at: int | None = Field(default=None, sa_column=_micros(nullable=True))


class ConsentRequestRow(SQLModel, table=True):
    """A recipient's request that the client consider a consent."""

    __tablename__ = "consent_request"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    recipient: str
    custodian: str
    category: str
    purpose: str
    state: str
    """requested | deferred | given | refused"""
    at: int = Field(sa_column=_micros())
    not_before: int | None = Field(default=None, sa_column=_micros(nullable=True))


class ConfirmationCodeRow(SQLModel, table=True):
    """A one-time code sent to the client's own channel; only its keyed hash is kept."""

    __tablename__ = "confirmation_code"
    handle: str = Field(primary_key=True)
    client: str = Field(index=True)
    consent: str | None = Field(default=None, index=True)
    offer: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Digest of rows and words that were offered on the client's own phone; NULL for a confirmation."""
    code: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    expires: int = Field(sa_column=_micros())
    attempts: int = 0
    used_at: int | None = Field(default=None, sa_column=_micros(nullable=True))


class OutboxRow(SQLModel, table=True):
    """A message written in the same transaction as what it tells of; delivered later, acknowledged by its reader."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due", "due", sqlite_where=text("delivered IS NULL"), postgresql_where=text("delivered IS NULL")
        ),
    )
    id: str = Field(primary_key=True)
    kind: str
    party: str = Field(index=True)
    """A service code, or `client`."""
    client: str = Field(index=True)
    consent: str | None = Field(default=None, index=True)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Sealed under the client's data key; a party's message tells of its own rows alone."""
    created: int = Field(sa_column=_micros())
    seq: int = Field(default=0, sa_column=_micros())
    """The log's order of the step that it tells of."""
    delivered: int | None = Field(default=None, sa_column=_micros(nullable=True))
    acknowledged: int | None = Field(default=None, sa_column=_micros(nullable=True))
    due: int | None = Field(default=0, sa_column=Column(BigInteger, nullable=True, default=0, server_default=text("0")))
    """From when on it may be delivered; NULL: it never will, and `fault` says why."""
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, default=0, server_default=text("0")))
    fault: str | None = None


class ReceiptRow(SQLModel, table=True):
    """A signed receipt of one step in a consent's life, as its compact JWS sealed under the client's data key."""

    __tablename__ = "receipt"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    consent: str = Field(index=True)
    version: int
    party: str | None = None
    """The service whose own rows it covers; NULL is the client's, which covers all."""
    kind: str
    jws: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: int = Field(sa_column=_micros())


class NonceRow(SQLModel, table=True):
    """A nonce used in a partner import or paper second-person check, so that it counts once."""

    __tablename__ = "import_nonce"
    issuer: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    at: int = Field(sa_column=_micros())


class PaperCheckRow(SQLModel, table=True):
    """A second person, signed in with us, compared a scan with rows and words; it counts once."""

    __tablename__ = "paper_check"
    reference: str = Field(primary_key=True)
    client: str = Field(index=True)
    scan: str
    offer: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    person: str
    """Keyed hash of the person."""
    at: int = Field(sa_column=_micros())


class NoticeChoiceRow(SQLModel, table=True):
    """How a client wants to be told."""

    __tablename__ = "notice_choice"
    client: str = Field(primary_key=True)
    rhythm: str
    channel: str | None = None
    shared: bool = False
    at: int = Field(sa_column=_micros())


class PauseRow(SQLModel, table=True):
    """A pause: it holds by its prohibition, and stands for as long as that does."""

    __tablename__ = "pause"
    prohibition: str = Field(primary_key=True)
    client: str = Field(index=True)
    since: int = Field(sa_column=_micros())
    until: int = Field(sa_column=_micros())
    reminded_at: int | None = Field(default=None, sa_column=_micros(nullable=True))


class ReminderRow(SQLModel, table=True):
    """The client was reminded of a grant's end, so many days before it."""

    __tablename__ = "reminder"
    grant: str = Field(sa_column=Column("grant_id", String, primary_key=True))
    days: int = Field(primary_key=True)
    at: int = Field(sa_column=_micros())


class WalkThroughRow(SQLModel, table=True):
    """When a client last went through all that stands, or was reminded to."""

    __tablename__ = "walk_through"
    client: str = Field(primary_key=True)
    at: int = Field(sa_column=_micros())


class ConcernRow(SQLModel, table=True):
    """A client does not recognise an entry of their own log."""

    __tablename__ = "concern"
    __table_args__ = (UniqueConstraint("client", "event_id"),)
    id: str = Field(primary_key=True)
    client: str
    origin: str
    place: int = Field(sa_column=_micros())
    """The entry's index in that log."""
    event_id: str
    kind: str
    entry_at: int = Field(sa_column=_micros())
    raised_at: int = Field(sa_column=_micros())
    due_at: int = Field(sa_column=_micros())
    said: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Sealed under the client's data key, as an answer's text is."""


class ConcernCaseRow(SQLModel, table=True):
    """One organisation's part of a concern."""

    __tablename__ = "concern_case"
    concern: str = Field(primary_key=True)
    organisation: str = Field(primary_key=True, index=True)
    answer: str | None = None
    words: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    answered_at: int | None = Field(default=None, sa_column=_micros(nullable=True))
    late_told: int | None = Field(default=None, sa_column=_micros(nullable=True))
    """When the officer was told that the promised day has passed."""


class DocumentRow(SQLModel, table=True):
    """The current version's facts of a document; the bytes of a deposited one lie in `document_version`."""

    __tablename__ = "document"
    __table_args__ = (
        Index("ix_document_search", "client", "category"), Index("ix_document_custodian", "custodian", "updated"),
    )  # fmt: skip
    id: str = Field(primary_key=True)
    version: int
    client: str
    custodian: str
    category: str
    resource: str
    dated: int = Field(sa_column=_micros())
    labels: str = ""
    sections: str = Field(sa_column=Column(Text, nullable=False))
    """JSON: section present -> its sensitivities."""
    referrer: str | None = None
    updated: int = Field(sa_column=_micros())
    source: str | None = None
    """The server of a custodian outside where it lies (`document_origin`); NULL where it was deposited with us."""


class DocumentOriginRow(SQLModel, table=True):
    """Where a document outside lies: our id leads to the server's, and to what the server last showed."""

    __tablename__ = "document_origin"
    __table_args__ = (UniqueConstraint("source", "resource", "server_id"),)
    document: str = Field(primary_key=True)
    source: str
    resource: str
    server_id: str
    server_version: str
    digest: str
    """SHA-256 of the content, in hexadecimal."""


class DocumentVersionRow(SQLModel, table=True):
    """The accepted bytes of one version, AES-256-GCM under the client's data key."""

    __tablename__ = "document_version"
    document: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    client: str = Field(index=True)
    key: str
    nonce: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """SHA-256 of the accepted bytes."""
    created: int = Field(sa_column=_micros())


class SearchCursorRow(SQLModel, table=True):
    """Where a search's next page begins: random, server-held, bound to the partner and the question."""

    __tablename__ = "search_cursor"
    id: str = Field(primary_key=True)
    partner: str
    question: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """JSON: the search as it was asked (its client as a keyed hash), and the position."""
    expires: int = Field(sa_column=_micros(index=True))


class WebSessionRow(SQLModel, table=True):
    """A person's session in a browser: found by a hash of its cookie, sealed under what the cookie alone can make."""

    __tablename__ = "web_session"
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    begun: int = Field(sa_column=_micros())
    seen: int = Field(sa_column=_micros())
    ends: int = Field(sa_column=_micros(index=True))
    provider_session: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True, index=True))
    """Keyed hash of provider and `sid`."""
    provider_subject: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True, index=True))
    """Keyed hash of provider and `sub`."""


class SignInAttemptRow(SQLModel, table=True):
    """A question that was put to an identity provider and waits for its one answer, sealed as a session is."""

    __tablename__ = "sign_in_attempt"
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    ends: int = Field(sa_column=_micros(index=True))


class DeskContactRow(SQLModel, table=True):
    """Somebody whom a service's worker looked up, known to us or not: what a page of theirs is reached by."""

    __tablename__ = "desk_contact"
    __table_args__ = (UniqueConstraint("service", "lookup"),)
    ref: str = Field(primary_key=True)
    service: str
    lookup: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Keyed hash of the identifier, so that the same person is met again under the same reference."""
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The identifier, under the key of the service's desk."""
    ends: int = Field(sa_column=_micros(index=True))


class DeskDraftRow(SQLModel, table=True):
    """A consent that is being talked over at a desk: gone after a day, or once it was answered."""

    __tablename__ = "desk_draft"
    id: str = Field(primary_key=True)
    service: str = Field(index=True)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    scan: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """The scanned paper, sealed too, until a second person has compared it."""
    ends: int = Field(sa_column=_micros(index=True))


class DeskAnswerRow(SQLModel, table=True):
    """What a service's desk asked or was answered, for its own worklist: no evidence, which is the log's."""

    __tablename__ = "desk_answer"
    id: str = Field(primary_key=True)
    service: str = Field(index=True)
    ref: str
    answer: str
    """asked | refused | later"""
    recipient: str
    category: str
    at: int = Field(sa_column=_micros())
    not_before: int = Field(sa_column=_micros(index=True))


class OfficerLookRow(SQLModel, table=True):
    """What an officer looks for and may not stand in an address, under the digest of a reference that passes."""

    __tablename__ = "officer_look"
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """AES-GCM under a key derived from the reference, bound to the officer."""
    expires: int = Field(sa_column=_micros(index=True))


class ClientReportRow(SQLModel, table=True):
    """A client's report at an organisation: made by one officer, checked by another, then handed out for a while."""

    __tablename__ = "client_report"
    id: str = Field(primary_key=True)
    organisation: str = Field(index=True)
    client: str = Field(index=True)
    state: str
    """waiting | released"""
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The report, and once released its files, under the client's data key."""
    made: int = Field(sa_column=_micros())
    expires: int = Field(sa_column=_micros(index=True))


class LogVerificationRow(SQLModel, table=True):
    """What a verification of the whole log found: figures alone."""

    __tablename__ = "log_verification"
    at: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    entries: int = Field(sa_column=_micros())
    sections: int = Field(sa_column=_micros())
    releases: int = Field(sa_column=_micros())
    wrong: int = Field(sa_column=_micros())
    unchecked: int = Field(sa_column=_micros())
    order_checked: bool


class KeptAnswerRow(SQLModel, table=True):
    """An act that a partner may send once more by its key: what was sent and answered, sealed under that key."""

    __tablename__ = "kept_answer"
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    held: int = Field(sa_column=_micros())
    """Until when one request has the key to itself; 0 when none has."""
    ends: int = Field(sa_column=_micros(index=True))


CLIENT_FACT_TABLES = ("client_identifier", "consent", "consent_grant", "refusal", "prohibition", "relation")
"""Tables with a `client` column whose every write bumps that client's epoch (client_state itself bumps too)."""

PARTNER_FACT_TABLES = ("partner", "partner_service", "revoked_token")
"""Tables whose every write bumps that partner's epoch."""
