"""Tables of messages, and of how and when a client wants to be told and reminded."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, text
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


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
    created: int = Field(sa_column=micros())
    seq: int = Field(default=0, sa_column=micros())
    """The log's order of the step that it tells of."""
    delivered: int | None = Field(default=None, sa_column=micros(nullable=True))
    acknowledged: int | None = Field(default=None, sa_column=micros(nullable=True))
    due: int | None = Field(default=0, sa_column=Column(BigInteger, nullable=True, default=0, server_default=text("0")))
    """From when on it may be delivered; NULL: it never will, and `fault` says why."""
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, default=0, server_default=text("0")))
    fault: str | None = None


class NoticeChoiceRow(SQLModel, table=True):
    """How a client wants to be told."""

    __tablename__ = "notice_choice"
    client: str = Field(primary_key=True)
    rhythm: str
    channel: str | None = None
    shared: bool = False
    at: int = Field(sa_column=micros())


class ReminderRow(SQLModel, table=True):
    """The client was reminded of a grant's end, so many days before it."""

    __tablename__ = "reminder"
    grant: str = Field(sa_column=Column("grant_id", String, primary_key=True))
    days: int = Field(primary_key=True)
    at: int = Field(sa_column=micros())


class WalkThroughRow(SQLModel, table=True):
    """When a client last went through all that stands, or was reminded to."""

    __tablename__ = "walk_through"
    client: str = Field(primary_key=True)
    at: int = Field(sa_column=micros())
