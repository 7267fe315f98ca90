"""Tables of doubts and of officers: concerns about entries, looks, clients' reports and verifications of the log."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


class ConcernRow(SQLModel, table=True):
    """A client does not recognise an entry of their own log."""

    __tablename__ = "concern"
    __table_args__ = (UniqueConstraint("client", "event_id"),)
    id: str = Field(primary_key=True)
    client: str
    origin: str
    place: int = Field(sa_column=micros())
    """The entry's index in that log."""
    event_id: str
    kind: str
    entry_at: int = Field(sa_column=micros())
    raised_at: int = Field(sa_column=micros())
    due_at: int = Field(sa_column=micros())
    said: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Sealed under the client's data key, as an answer's text is."""


class ConcernCaseRow(SQLModel, table=True):
    """One organisation's part of a concern."""

    __tablename__ = "concern_case"
    concern: str = Field(primary_key=True)
    organisation: str = Field(primary_key=True, index=True)
    answer: str | None = None
    words: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    answered_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    late_told: int | None = Field(default=None, sa_column=micros(nullable=True))
    """When the officer was told that the promised day has passed."""


class OfficerLookRow(SQLModel, table=True):
    """What an officer looks for and may not stand in an address, under the digest of a reference that passes."""

    __tablename__ = "officer_look"
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """AES-GCM under a key derived from the reference, bound to the officer."""
    expires: int = Field(sa_column=micros(index=True))


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
    made: int = Field(sa_column=micros())
    expires: int = Field(sa_column=micros(index=True))


class LogVerificationRow(SQLModel, table=True):
    """What a verification of the whole log found: figures alone."""

    __tablename__ = "log_verification"
    at: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    entries: int = Field(sa_column=micros())
    sections: int = Field(sa_column=micros())
    releases: int = Field(sa_column=micros())
    wrong: int = Field(sa_column=micros())
    unchecked: int = Field(sa_column=micros())
    order_checked: bool
