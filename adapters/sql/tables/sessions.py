"""Tables of people who sign in with a browser; what they read is kept nowhere."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


class WebSessionRow(SQLModel, table=True):
    """A person's session in a browser: found by a hash of its cookie, sealed under what the cookie alone can make."""

    __tablename__ = "web_session"
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    begun: int = Field(sa_column=micros())
    seen: int = Field(sa_column=micros())
    ends: int = Field(sa_column=micros(index=True))
    provider_session: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True, index=True))
    """Keyed hash of provider and `sid`."""
    provider_subject: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True, index=True))
    """Keyed hash of provider and `sub`."""


class SignInAttemptRow(SQLModel, table=True):
    """A question that was put to an identity provider and waits for its one answer, sealed as a session is."""

    __tablename__ = "sign_in_attempt"
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    ends: int = Field(sa_column=micros(index=True))
