"""Tables of partner systems: keys and services, used up tokens and assertions, and answers kept for who asks again."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Text
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


class PartnerRow(SQLModel, table=True):
    """A partner system: an OAuth client of an organisation, with its registered public keys (JWKS by value)."""

    __tablename__ = "partner"
    id: str = Field(primary_key=True)
    organisation: str
    jwks: str = Field(sa_column=Column(Text, nullable=False))
    scope: str = ""
    suspended: bool = False
    added: int = Field(sa_column=micros())


class PartnerServiceRow(SQLModel, table=True):
    """A service that a partner system acts for."""

    __tablename__ = "partner_service"
    partner: str = Field(primary_key=True)
    service: str = Field(primary_key=True)


class PartnerStateRow(SQLModel, table=True):
    """The epoch that each change of a partner's keys, rights, revocations or suspension bumps."""

    __tablename__ = "partner_state"
    partner: str = Field(primary_key=True)
    epoch: int = Field(default=0, sa_column=micros())


class ReplayRow(SQLModel, table=True):
    """A (iss, jti) seen in a client assertion, kept until it ends: insert or fail."""

    __tablename__ = "replay"
    iss: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    expires: int = Field(sa_column=micros(index=True))


class RevokedTokenRow(SQLModel, table=True):
    """An access token revoked before its end."""

    __tablename__ = "revoked_token"
    jti: str = Field(primary_key=True)
    partner: str = Field(index=True)
    expires: int = Field(sa_column=micros())


class KeptAnswerRow(SQLModel, table=True):
    """An act that a partner may send once more by its key: what was sent and answered, sealed under that key."""

    __tablename__ = "kept_answer"
    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    held: int = Field(sa_column=micros())
    """Until when one request has the key to itself; 0 when none has."""
    ends: int = Field(sa_column=micros(index=True))
