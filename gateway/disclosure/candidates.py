"""Which of a client's grants for one recipient the policy is told of, where they have become many over the years."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.disclosure.snapshot import DocumentFacts, GrantFacts

FEW = 20
"""So many are told as they are."""


def told(grants: Sequence[GrantFacts], document: DocumentFacts | None, at: int) -> Sequence[GrantFacts]:
    """Return the grants that a decision about *document* at the instant *at* (microseconds) can depend on, in order.

    Up to FEW that is all of them. Of more, every one in force is told; those that are not in force can give a refusal
    its reason alone, by where they match and by the state of the latest. So of those that match alike, the latest one
    is told, with what was given together with it.
    """
    if len(grants) <= FEW:
        return grants
    latest: dict[object, int] = {}
    for grant in grants:
        if not _is_in_force(grant, at):
            alike = _match(grant, document)
            latest[alike] = max(grant.seq, latest.get(alike, grant.seq))
    return [
        grant for grant in grants if _is_in_force(grant, at) or grant.seq == latest[_match(grant, document)]
    ]  # fmt: skip


def _is_in_force(grant: GrantFacts, at: int) -> bool:
    ended = grant.withdrawn or grant.spent or grant.ended
    return grant.confirmed and not ended and grant.valid_from <= at < grant.until


def _match(grant: GrantFacts, document: DocumentFacts | None) -> tuple[object, ...]:
    """Return all by which the policy tells whether a grant matches, as far as it is the same for grants alike."""
    covers = document is not None and (
        grant.document in (None, document.id)
        and (grant.dated_from is None or grant.dated_from <= document.dated)
        and (grant.dated_until is None or document.dated < grant.dated_until)
    )
    return grant.recipient, grant.category, grant.custodian, grant.purpose, grant.single_use, covers
