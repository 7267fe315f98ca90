"""What an operator says about custodians' FHIR servers: where each is, how it knows us, which documents lie there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NoCredentials:
    """The server asks for none: one on this machine, or a demo's."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """SMART Backend Services: a token from *token_endpoint*, asked for with an assertion that *key* (a JWK) signs."""

    token_endpoint: str
    client_id: str
    key: Path
    scope: str


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Mutual TLS with a certificate of ours (PEM)."""

    certificate: Path
    key: Path


Credentials = NoCredentials | ClientCredentials | ClientCertificate


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for, in seconds: to connect, between two pieces, for a whole answer."""

    connect: float = 1.0
    read: float = 3.0
    whole: float = 8.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server may send in one answer and how many documents it may have of a client; how often it is asked
    at once; after how many failures in a row it is left alone, and for how many seconds."""

    answer_bytes: int = 4_000_000
    documents: int = 200
    connections: int = 16
    failures: int = 5
    pause: float = 2.0


@dataclass(frozen=True, slots=True)
class Server:
    """One FHIR server. *base* is the only address that it is ever asked at."""

    name: str
    base: str
    credentials: Credentials = field(default_factory=NoCredentials)
    authorities: Path | None = None
    """Certificates that may sign the server's own (PEM); None for those that this machine trusts."""
    patience: Patience = Patience()
    limits: Limits = Limits()
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(system, code) of the server's own security labels -> our sensitivity, empty for none."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The documents of one category that a custodian keeps on a server, and the search that finds a client's.

    *search* are the parameters of the search; `{client}` in them becomes `system|value` of the client's identifier and
    `{category}` our coding of the category.
    """

    custodian: str
    category: str
    server: str
    resource: str
    search: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Custodians:
    """All of it."""

    servers: Mapping[str, Server]
    shelves: tuple[Shelf, ...]
