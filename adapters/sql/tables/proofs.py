"""Tables of what proves a giving: one-time codes, receipts, nonces and papers that two people compared."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


class ConfirmationCodeRow(SQLModel, table=True):
    """A one-time code sent to the client's own channel; only its keyed hash is kept."""

    __tablename__ = "confirmation_code"
    handle: str = Field(primary_key=True)
    client: str = Field(index=True)
    consent: str | None = Field(default=None, index=True)
    offer: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Digest of rows and words that were offered on the client's own phone; NULL for a confirmation."""
    code: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    expires: int = Field(sa_column=micros())
    attempts: int = 0
    used_at: int | None = Field(default=None, sa_column=micros(nullable=True))
    used: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Keyed hash of that use; without it nothing was used."""


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
    at: int = Field(sa_column=micros())


class NonceRow(SQLModel, table=True):
    """A nonce used in a partner import or paper second-person check, so that it counts once."""

    __tablename__ = "import_nonce"
    issuer: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    at: int = Field(sa_column=micros())


class PaperCheckRow(SQLModel, table=True):
    """A second person, signed in with us, compared a scan with rows and words; it counts once."""

    __tablename__ = "paper_check"
    reference: str = Field(primary_key=True)
    client: str = Field(index=True)
    scan: str
    offer: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    person: str
    """Keyed hash of the person."""
    at: int = Field(sa_column=micros())
    seal: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Keyed hash of the whole row; without it the row counts for nothing."""
