"""What the store says of a client, a partner and the world at one instant: rows as values, with their epochs.

A `Snapshot` is read in one database snapshot. Its epochs travel with the decision and are compared at release, so
that a write in between forces a new judgement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

UNMET = "unmet"
"""Stands for the id of a document outside that we have not met; an id of ours is 32 hexadecimal digits."""

UNFETCHED = 0
"""The version of a document outside before it is fetched. No document has it, so that nothing is released under it."""


@dataclass(frozen=True, slots=True)
class Epochs:
    """The three counters that make the re-check at release complete and cheap."""

    client: int
    partner: int
    world: int


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """The client asked about. `id` is the decoy's where no such client is known, so that the work is the same."""

    id: str
    known: bool
    suspended: bool
    non_disclosure: bool
    told_of_all: bool = False
    """The client chose to be told of each release, on consent too. No fact for the policy: it opens nothing."""


@dataclass(frozen=True, slots=True)
class PartnerStanding:
    """The partner system as it is registered now, not as its token says."""

    system: str
    organisation: str
    services: tuple[str, ...]
    suspended: bool


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document without its content. `dated` in microseconds; `sections` maps each section present to its added
    labels."""

    id: str
    version: int
    custodian: str
    category: str
    resource: str
    dated: int
    labels: tuple[str, ...]
    sections: Mapping[str, tuple[str, ...]]
    client: str = ""
    source: str | None = None
    """The server of a custodian outside where it lies; the facts are then those of its last release. None: with us."""


class GrantFacts(NamedTuple):
    """A candidate grant for this recipient, of any state but replaced. Instants in microseconds.

    A tuple, since each read makes several: a frozen dataclass of so many fields takes six times as long to make.
    """

    id: str
    consent: str
    version: int
    custodian: str
    recipient: str
    category: str
    purpose: str
    valid_from: int
    until: int
    sensitivities: tuple[str, ...]
    single_use: bool
    document: str | None
    dated_from: int | None
    dated_until: int | None
    withdrawn: bool
    confirmed: bool
    spent: bool
    ended: bool
    seq: int
    by_client: bool


@dataclass(frozen=True, slots=True)
class ProhibitionFacts:
    """A prohibition in force; None means any."""

    id: str
    recipient: str | None
    category: str | None
    by_client: bool


@dataclass(frozen=True, slots=True)
class RelationFacts:
    """A relation of this client that was not ended, contested or not. Instants in microseconds."""

    id: str
    kind: str
    custodian: str
    recipients: tuple[str, ...]
    valid_from: int
    until: int | None
    ended: bool
    section: str | None


@dataclass(frozen=True, slots=True)
class RefusalFacts:
    """A row that stands refused."""

    recipient: str
    category: str
    by_client: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of it, true at one instant. `named` holds (recipient, category) of every grant that is not replaced."""

    epochs: Epochs
    client: ClientStanding
    partner: PartnerStanding
    documents: tuple[DocumentFacts, ...]
    grants: tuple[GrantFacts, ...]
    prohibitions: tuple[ProhibitionFacts, ...]
    relations: tuple[RelationFacts, ...]
    refusals: tuple[RefusalFacts, ...]
    named: frozenset[tuple[str, str]]


class FactReader(Protocol):
    """Reads facts. Unknown clients and documents cost the same statements as known ones, by way of the decoy.

    Beside *token*, the id of one that was revoked, the partner stands as suspended.
    """

    async def for_document(
        self, system: str, recipient: str, document: str, resource: str, token: str = ""
    ) -> Snapshot:
        """Read what is known of one document (none where it is unknown or of another type) and its client."""
        ...

    async def for_client(
        self, system: str, recipient: str, lookup: bytes, categories: tuple[str, ...], token: str = ""
    ) -> Snapshot:
        """Read what is known of the client that *lookup* leads to, with its documents of *categories*."""
        ...

    async def for_nobody(self, system: str, token: str = "") -> Snapshot:
        """Read the partner's standing and the decoy's facts: for a request that names codes nobody knows."""
        ...
