"""Tables of documents: their facts, where those outside lie, the accepted bytes, and where a search goes on."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


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
    dated: int = Field(sa_column=micros())
    labels: str = ""
    sections: str = Field(sa_column=Column(Text, nullable=False))
    """JSON: section present -> its sensitivities."""
    referrer: str | None = None
    updated: int = Field(sa_column=micros())
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
    created: int = Field(sa_column=micros())


class SearchCursorRow(SQLModel, table=True):
    """Where a search's next page begins: random, server-held, bound to the partner and the question."""

    __tablename__ = "search_cursor"
    id: str = Field(primary_key=True)
    partner: str
    question: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """JSON: the search as it was asked (its client as a keyed hash), and the position."""
    expires: int = Field(sa_column=micros(index=True))
