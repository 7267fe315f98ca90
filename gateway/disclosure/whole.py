"""Everything that may be judged about one client, for whichever recipient, at one instant.

A `Snapshot` holds what one request is judged by; a `Whole` holds what any request about the client would be. It tells
nothing to a recipient: client and officer alone look at it, and a worker's own part is taken from its snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.directory.model import Directory
from gateway.disclosure.snapshot import (
    ClientStanding,
    DocumentFacts,
    Epochs,
    GrantFacts,
    PartnerStanding,
    ProhibitionFacts,
    RefusalFacts,
    RelationFacts,
    Snapshot,
)


@dataclass(frozen=True, slots=True)
class Whole:
    """What stands about one client: `grants` of any state but replaced, `relations` ended or not.

    `asked` are (recipient, category) of requests that wait. `systems` are the partner systems that act for a service.
    `caveats` are codes of what could not be known, of a past instant alone.
    """

    epochs: Epochs
    client: ClientStanding
    documents: tuple[DocumentFacts, ...]
    grants: tuple[GrantFacts, ...]
    prohibitions: tuple[ProhibitionFacts, ...]
    relations: tuple[RelationFacts, ...]
    refusals: tuple[RefusalFacts, ...]
    asked: frozenset[tuple[str, str]] = frozenset()
    systems: Mapping[str, tuple[PartnerStanding, ...]] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    since: int | None = None
    """When the client became one, in microseconds."""

    def snapshot(self, partner: PartnerStanding, recipient: str, documents: tuple[DocumentFacts, ...]) -> Snapshot:
        """Return what a request of this partner system for this recipient would be judged by."""
        return Snapshot(
            epochs=self.epochs, client=self.client, partner=partner, documents=documents,
            grants=tuple(row for row in self.grants if row.recipient == recipient),
            prohibitions=self.prohibitions,
            relations=tuple(row for row in self.relations if recipient in row.recipients),
            refusals=self.refusals,
            named=frozenset((row.recipient, row.category) for row in self.grants),
        )  # fmt: skip

    def partner_for(self, service: str, directory: Directory) -> PartnerStanding:
        """Return the system by which a service would ask: one that may act, else one that may not.

        A service without any is taken as if it had one: a system may be registered any day, and what the client's
        consents and the law open does not hang on it.
        """
        of_service = self.systems.get(service, ())
        if of_service:
            return min(of_service, key=lambda one: (one.suspended, one.system))
        row = directory.service(service)
        return PartnerStanding(f"{service}-any", "" if row is None else row.organisation, (service,), suspended=False)

    def adding(self, grants: tuple[GrantFacts, ...]) -> Whole:
        """Return the same with more grants, as if the client said yes in person: refusals of these rows are lifted."""
        rows = {(grant.recipient, grant.category) for grant in grants if grant.by_client}
        left = tuple(row for row in self.refusals if (row.recipient, row.category) not in rows)
        return replace(self, grants=(*grants, *self.grants), refusals=left)


class WholeReader(Protocol):
    """Reads it."""

    async def whole(self, client: str) -> Whole | None:
        """Return what stands now, in one snapshot; None for a client who was never known.

        The decoy is found, and `known` is false of it: an unknown client costs what a known one does.
        """
        ...
