"""Tables of a service's desk: whom it looked up, what is talked over there and what was answered."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


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
    ends: int = Field(sa_column=micros(index=True))


class DeskDraftRow(SQLModel, table=True):
    """A consent that is being talked over at a desk: gone after a day, or once it was answered."""

    __tablename__ = "desk_draft"
    id: str = Field(primary_key=True)
    service: str = Field(index=True)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    scan: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """The scanned paper, sealed too, until a second person has compared it."""
    ends: int = Field(sa_column=micros(index=True))


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
    at: int = Field(sa_column=micros())
    not_before: int = Field(sa_column=micros(index=True))
