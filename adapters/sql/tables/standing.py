"""Tables of what stands beside consents: refusals, prohibitions and pauses, relations, and requests for a consent."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


class RefusalRow(SQLModel, table=True):
    """A row that the client, or a representative, refused."""

    __tablename__ = "refusal"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    recipient: str
    category: str
    by_client: bool = True
    at: int = Field(sa_column=micros())
    not_before: int | None = Field(default=None, sa_column=micros(nullable=True))
    lifted_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    """A later giving by the client in person for the same row lifts it."""


class EndedMandateRow(SQLModel, table=True):
    """A mandate whose end was recorded: by its name, and when that was last."""

    __tablename__ = "ended_mandate"
    client: str = Field(primary_key=True)
    mandate: str = Field(primary_key=True)
    at: int = Field(sa_column=micros())


class ProhibitionRow(SQLModel, table=True):
    """Never to this recipient, never this category; NULL means any."""

    __tablename__ = "prohibition"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    recipient: str | None = None
    category: str | None = None
    by_client: bool = True
    given_at: int = Field(sa_column=micros())
    lifted_at: int | None = Field(default=None, sa_column=micros(nullable=True))


class PauseRow(SQLModel, table=True):
    """A pause: it holds by its prohibition, and stands for as long as that does."""

    __tablename__ = "pause"
    prohibition: str = Field(primary_key=True)
    client: str = Field(index=True)
    since: int = Field(sa_column=micros())
    until: int = Field(sa_column=micros())
    reminded_at: int | None = Field(default=None, sa_column=micros(nullable=True))


class RelationRow(SQLModel, table=True):
    """A recorded fact that a basis other than consent rests on."""

    __tablename__ = "relation"
    id: str = Field(primary_key=True)
    client: str = Field(index=True)
    kind: str
    custodian: str
    recipients: str
    """Service codes separated by one space."""
    valid_from: int = Field(sa_column=micros())
    until: int | None = Field(default=None, sa_column=micros(nullable=True))
    section: str | None = None
    evidence: str | None = None
    recorded_by: str
    recorded_at: int = Field(sa_column=micros(index=True))
    ended_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    contested_at: int | None = Field(default=None, sa_column=micros(nullable=True))


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
    at: int = Field(sa_column=micros())
    not_before: int | None = Field(default=None, sa_column=micros(nullable=True))
