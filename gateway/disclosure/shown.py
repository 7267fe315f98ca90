"""The write of a look at documents: nobody is shown anything but what still stands when the look's entry does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audit.entry import Draft
from audit.log import Committed, Rejected
from audit.writing import Writing
from gateway.disclosure.held import Fetched
from gateway.disclosure.release import Parts, Unfit
from gateway.disclosure.snapshot import UNFETCHED, DocumentFacts, PartnerStanding, Snapshot
from gateway.disclosure.whole import Whole

_NOBODY = PartnerStanding("", "", (), suspended=False)
"""No partner system takes part in a look at one's own data."""


async def show(
    draft: Draft, whole: Whole, documents: Sequence[DocumentFacts], parts: Parts, met: Sequence[Fetched] = ()
) -> bool:
    """Write the entry of a look at documents; False where client, world or documents changed since they were read.

    *met* came from outside: each keeps the id that it is shown by. Its version stays, for a version is what was
    released, and a look at one's own releases nothing.
    """
    asked = tuple(replace(one.document, version=one.known or UNFETCHED) for one in met)
    judged = (*documents, *asked)
    snapshot = whole.snapshot(_NOBODY, "", judged)
    item = _Shown(draft, snapshot, judged, tuple(met), parts)
    return isinstance(await parts.log.submit(item), Committed)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was read must still be what stands."""

    draft: Draft
    snapshot: Snapshot
    documents: tuple[DocumentFacts, ...]
    met: tuple[Fetched, ...]
    parts: Parts

    def apply(self, tx: Writing[object], at: int) -> tuple[None, Sequence[Draft]]:
        """Return the entry; raises Rejected when anything changed since it was read."""
        if not all(self.parts.holdings.keep(tx.connection, one, at, shown=False) for one in self.met):
            raise Rejected(Unfit.STALE)
        judged = [(self.snapshot, self.documents)]
        if not self.parts.releaser.current(tx.connection, judged).bears_out(self.snapshot, self.documents):
            raise Rejected(Unfit.STALE)
        return None, [self.draft]
