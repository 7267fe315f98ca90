"""Which of a client's grants, relations and prohibitions the policy is told of, where they have become many.

Whoever records them decides how many there are and of how many kinds. So what is told is counted by what the policy
asks of each in this one question: how many that can be does not depend on what anybody recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.disclosure.snapshot import DocumentFacts, GrantFacts, ProhibitionFacts, RelationFacts

FEW = 20
"""So many are told as they are."""

MOST = 100
"""So many that are in force and match are each told: more are not given to one recipient (`gateway.consent.bounds`)."""

State = tuple[bool, bool, bool, bool, bool]
"""Withdrawn, unconfirmed, spent, expired, not yet in force."""

IN_FORCE: State = (False, False, False, False, False)
"""None of them is true."""


def told(
    grants: Sequence[GrantFacts], recipient: str, purpose: str, document: DocumentFacts | None, at: int
) -> Sequence[GrantFacts]:
    """Return the grants that the decision about *document* at the instant *at* (microseconds) can depend on, in order.

    Up to FEW that is all of them. Of more, those in force that match are told. The others can give a refusal its
    reason alone: one that does not match by where it falls away, one that matches by its state if it is the latest.
    So of those for once, and of those that stand, one is told for each place to fall away, and for each state the
    latest.
    """
    if len(grants) <= FEW:
        return grants
    usable: list[GrantFacts] = []
    latest: dict[tuple[bool, int | State], GrantFacts] = {}
    for grant in grants:
        why = _falls_away(grant, recipient, purpose, document) or state_of(grant, at)
        if why == IN_FORCE:
            usable.append(grant)
        else:
            sort = grant.single_use, why
            if sort not in latest or grant.seq > latest[sort].seq:
                latest[sort] = grant
    kept = {grant.id for grant in latest.values()}
    kept.update(grant.id for grant in (usable if len(usable) <= MOST else _permitting_the_same(usable)))
    return [grant for grant in grants if grant.id in kept]


def told_relations(
    relations: Sequence[RelationFacts], recipient: str, document: DocumentFacts | None, section: str | None, at: int
) -> Sequence[RelationFacts]:
    """Return the relations that the decision about *document* can depend on; *section* is what its flow cites.

    Up to FEW that is all of them. Of more, those in force that run from the document's custodian to the recipient can
    carry it alone, and of those of a kind that cite alike the policy relies on the first by id.
    """
    if len(relations) <= FEW:
        return relations
    first: dict[tuple[str, bool, bool], RelationFacts] = {}
    for row in relations:
        runs = document is not None and row.custodian == document.custodian and recipient in row.recipients
        if runs and not row.ended and row.valid_from <= at and (row.until is None or at < row.until):
            sort = row.kind, row.section is None, row.section == section
            if sort not in first or row.id < first[sort].id:
                first[sort] = row
    return list(first.values())


def told_prohibitions(
    prohibitions: Sequence[ProhibitionFacts], recipient: str, category: str
) -> Sequence[ProhibitionFacts]:
    """Return the prohibitions that a decision about this recipient and category can depend on.

    Up to FEW that is all of them; of more, one of each that forbid it alike.
    """
    if len(prohibitions) <= FEW:
        return prohibitions
    forbidding = (
        row for row in prohibitions if row.recipient in (None, recipient) and row.category in (None, category)
    )
    return list({(row.recipient, row.category, row.by_client): row for row in forbidding}.values())


def state_of(grant: GrantFacts, at: int) -> State:
    """Return what keeps *grant* from being in force at the instant *at*."""
    over = grant.ended or at >= grant.until
    return grant.withdrawn, not grant.confirmed, grant.spent, over, at < grant.valid_from


def _falls_away(grant: GrantFacts, recipient: str, purpose: str, document: DocumentFacts | None) -> int:
    """Return the first dimension, in the policy's order, at which *grant* does not match; 0 where it does on all."""
    if grant.recipient != recipient:
        return 1
    if document is None or grant.category != document.category:
        return 2
    if grant.custodian != document.custodian:
        return 3
    if grant.purpose != purpose:
        return 4
    covers = (
        grant.document in (None, document.id)
        and (grant.dated_from is None or grant.dated_from <= document.dated)
        and (grant.dated_until is None or document.dated < grant.dated_until)
    )
    return 0 if covers else 5


def _permitting_the_same(usable: Iterable[GrantFacts]) -> Iterable[GrantFacts]:
    """Return some of more grants than are ever given, on which the policy permits just what it does on all.

    For each tick, and for none: of those that stand the one that ends first, since all of them are relied on and the
    permit ends with it; of those for once the latest, since it is the one that is spent. What the client gave and what
    a representative did are kept apart: the client's refusal in person takes the latter away.
    """
    kept: dict[tuple[bool, bool, str | None], GrantFacts] = {}
    for grant in sorted(usable, key=lambda one: (one.seq, one.id) if one.single_use else (-one.until, one.id)):
        for tick in (None, *grant.sensitivities):
            kept[grant.single_use, grant.by_client, tick] = grant
    return kept.values()
