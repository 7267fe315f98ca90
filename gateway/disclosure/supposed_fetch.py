"""What custodians outside keep, fetched for a preview: against permits of the policy's on what the client supposes.

It is what `disclose` does once the client has said yes: documents such as could lie at a place are judged as if the
rows were given; a permit opens the fetch, and nothing else does. Nothing goes to a recipient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.consent.model import GrantRow
from gateway.disclosure.decision import Permit
from gateway.disclosure.held import Fetched, Place, dates_that_matter, gather, opened_alone, place_of
from gateway.disclosure.insights import NotShown
from gateway.disclosure.looking import Looker
from gateway.disclosure.own_outside import open_ones, places_open
from gateway.disclosure.release import Parts
from gateway.disclosure.snapshot import UNFETCHED, UNMET, DocumentFacts
from gateway.disclosure.supposing import Supposing, answer
from gateway.disclosure.whole import Whole


@dataclass(frozen=True, slots=True)
class SupposedFetch:
    """What came, the places that failed, and those that were not asked, with the first reason why."""

    fetched: tuple[Fetched, ...] = ()
    failed: tuple[Place, ...] = ()
    refused: dict[Place, str] = field(default_factory=dict)

    def not_shown(self) -> tuple[NotShown, ...]:
        """Return what is not shown, as a preview tells it."""
        failed = [(place, "custodian-unavailable") for place in self.failed]
        return tuple(NotShown(place.custodian, place.category, why) for place, why in (*failed, *self.refused.items()))


async def fetch_supposed(
    rows: Sequence[GrantRow], supposed: Whole, parts: Parts, at: int, looker: Looker
) -> SupposedFetch:  # fmt: skip
    """Fetch what the rows would open of what lies outside; *supposed* is what stands with the rows as grants.

    A representative needs a permit of their own beside the recipient's, before the fetch and on what came: of what they
    may not be shown no custodian is asked, and nothing is told. A custodian that fails takes nothing from the others.
    Raises EngineUnavailable.
    """
    supposing = Supposing(supposed, parts.directory, at)
    places = parts.holdings.places({row.category for row in rows})
    if not looker.is_client:
        open_to = await places_open(places, looker, supposed, parts)
        places = tuple(place for place in places if place in open_to)
    asked = dict.fromkeys(
        (row.recipient, row.purpose, place)
        for row in rows
        for place in places
        if (row.custodian, row.category) == (place.custodian, place.category) and row.custodian != row.recipient
    )
    questions = [
        question
        for recipient, purpose, place in asked
        for question in supposing.asked_by(
            recipient, list(_such_as_could_lie(place, recipient, supposed, parts, at)), {purpose}
        )
    ]
    answers = await answer(questions, parts.directory, at, parts.engine)
    permits: list[tuple[DocumentFacts, Permit]] = []
    refused: dict[Place, str] = {}
    for question, answered in zip(questions, answers, strict=True):
        if isinstance(answered, Permit):
            permits.append((question.document, answered))
        else:
            refused.setdefault(place_of(question.document), answered)
    opened = {place_of(document) for document, _ in permits}
    gathered = await gather(permits, supposed.client.id, parts.holdings)
    fetched = gathered.fetched
    if not looker.is_client:
        fetched = await open_ones(fetched, looker, supposed, parts)
    return SupposedFetch(
        fetched,
        tuple(dict.fromkeys(place_of(document) for document in gathered.failed)),
        {place: why for place, why in refused.items() if place not in opened},
    )


def _such_as_could_lie(place: Place, recipient: str, supposed: Whole, parts: Parts, at: int) -> Iterator[DocumentFacts]:
    """Yield documents such as could lie at the place, and those that a grant names, for the first judgement."""
    category = parts.directory.categories[place.category]
    grants = [grant for grant in supposed.grants if grant.recipient == recipient]
    known = [row.id for row in supposed.documents if row.source is not None and place_of(row) == place]
    for document, speaking in ((UNMET, grants), *opened_alone(grants, known, at)):
        for dated in dates_that_matter(speaking, place, at):
            yield DocumentFacts(
                document, UNFETCHED, place.custodian, place.category, category.resource, dated, (),
                dict.fromkeys(category.sections, ()), supposed.client.id,
            )  # fmt: skip
