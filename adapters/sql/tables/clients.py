"""Tables of clients: who they are, sealed, how they are found, and what may be judged about them."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, LargeBinary, text
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros

DECOY_CLIENT = "0" * 32
"""The client that no identifier leads to: an unknown client's request does the same work on this one."""


class ClientRow(SQLModel, table=True):
    """A client: a random id of ours, and the name sealed under the client's own data key."""

    __tablename__ = "client"
    id: str = Field(primary_key=True)
    created: int = Field(sa_column=micros())
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
    epoch: int = Field(default=0, sa_column=micros())
    suspended: bool = False
    non_disclosure: bool = False
    told_of_all: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, default=False, server_default=text("false"))
    )
    """The client chose to be told of each release, on consent too. It opens nothing, so no epoch moves with it."""
