"""Tables of consents: their standing, each version as it was given, and the grants in it."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, text
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


class ConsentRow(SQLModel, table=True):
    """A consent's standing: its current version and whether it was withdrawn."""

    __tablename__ = "consent"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    version: int
    state: str
    withdrawn_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    withdrawn_told: str | None = None


class ConsentVersionRow(SQLModel, table=True):
    """One version as it was given: who, how, which words. Never changed."""

    __tablename__ = "consent_version"
    __table_args__ = (Index("ix_version_capture", "capture_service", "seq"),)
    consent: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    client: str = Field(index=True)
    given_at: int = Field(sa_column=micros())
    seq: int = Field(sa_column=micros())
    """The order of givings and changes in the log (its running number over all logs)."""
    giver_kind: str
    giver_reference: str | None = None
    giver_until: int | None = Field(default=None, sa_column=micros(nullable=True))
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
    valid_from: int = Field(sa_column=micros())
    until: int = Field(sa_column=micros())
    sensitivities: str = ""
    """Codes separated by one space, sorted."""
    single_use: bool = False
    once: bool = False
    """The client marked this row as once; `single_use` is what follows from that, the method and the category."""
    place: int = 0
    """The row's place in its version."""
    document: str | None = None
    dated_from: int | None = Field(default=None, sa_column=micros(nullable=True))
    dated_until: int | None = Field(default=None, sa_column=micros(nullable=True))
    confirmed_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    confirmed_by: str | None = None
    withdrawn: bool = False
    withdrawn_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    """The consent's, on each of its rows: a service's worklist reads its own withdrawals along an index."""
    spent_by: str | None = None
    """The event id of the disclosure that spent it."""
    ended_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    """The mandate it rested on has ended."""
    by_client: bool = True
    seq: int = Field(sa_column=micros())
    replaced: bool = False
    told_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    """When its recipient was told of it (it came into force)."""
    expired_logged: bool = False
