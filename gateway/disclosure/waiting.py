"""Custodians outside, as somebody who waits for a page asks them: no longer than a person waits."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace

from gateway.disclosure.decision import Permit
from gateway.disclosure.held import Fetched, Holdings, Place
from gateway.disclosure.release import Parts
from gateway.errors import CustodianUnavailable

PATIENCE = 10.0
"""Seconds: a little more than a server is given by itself, so that its own breaker learns of a slow one first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The same holdings, of which each answer is waited for *patience* seconds, whatever its server is allowed."""

    holdings: Holdings
    patience: float = PATIENCE

    def places(self, categories: Collection[str]) -> tuple[Place, ...]:
        """Return where documents of these categories lie outside."""
        return self.holdings.places(categories)

    async def fetch(self, permit: Permit, client: str, place: Place, document: str | None) -> tuple[Fetched, ...]:
        """Fetch; raises CustodianUnavailable where it takes too long, as for every other failure of a custodian."""
        try:
            async with asyncio.timeout(self.patience):
                return await self.holdings.fetch(permit, client, place, document)
        except TimeoutError:
            raise CustodianUnavailable("The custodian keeps a person waiting for too long.") from None

    def keep(self, connection: object, fetched: Fetched, at: int, *, shown: bool) -> bool:
        """Note our id and version of a document; see `Holdings.keep`."""
        return self.holdings.keep(connection, fetched, at, shown=shown)


def waiting(parts: Parts) -> Parts:
    """Return the same parts for a page: custodians outside are asked as a person waits for them."""
    return replace(parts, holdings=Waiting(parts.holdings))
