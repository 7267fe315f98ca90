"""A client's own documents that lie with a custodian outside: judged before they are fetched, and on what came.

It is what `held` does for a recipient, for who looks at what is their own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.directory.instants import to_micros
from gateway.directory.model import Directory
from gateway.disclosure.decision import Permit
from gateway.disclosure.evidence import met_facts
from gateway.disclosure.held import Fetched, Place
from gateway.disclosure.looking import Looker
from gateway.disclosure.own_data import judge_own
from gateway.disclosure.release import Parts
from gateway.disclosure.representative import may_be_told
from gateway.disclosure.snapshot import UNFETCHED, UNMET, DocumentFacts
from gateway.disclosure.whole import Whole


async def look_outside(
    place: Place, document: str | None, looker: Looker, whole: Whole, parts: Parts
) -> list[tuple[Fetched, Permit | str]] | str:
    """Return what lies at *place* of the client's, or the one that we know as *document*, each with its permit or the
    reason of a refusal; where nothing may be asked for, the reason of that.

    Raises CustodianUnavailable where the custodian fails or sends what is not believed, EngineUnavailable.
    """
    directory, client = parts.directory, whole.client.id
    at = to_micros(parts.clock.now())
    such = _such_as_could_lie(place, document or UNMET, whole, directory, at)
    (may,) = await judge_own(looker, [such], whole, directory, parts.engine, at)
    if isinstance(may, str):
        return may
    came = await parts.holdings.fetch(may, client, place, document)
    judged = await judge_own(looker, [one.document for one in came], whole, directory, parts.engine, at)
    return list(zip(came, judged, strict=True))


async def places_open(
    places: Collection[Place], looker: Looker, whole: Whole, parts: Parts
) -> frozenset[Place]:  # fmt: skip
    """Return the places of which who looks might be shown something: a custodian is asked for nobody else.

    Raises EngineUnavailable.
    """
    at, directory = to_micros(parts.clock.now()), parts.directory
    asked = [one for one in places if may_be_told(looker, one.category, (one.custodian,), directory)]
    such = [_such_as_could_lie(place, UNMET, whole, directory, at) for place in asked]
    judged = await judge_own(looker, such, whole, directory, parts.engine, at)
    return frozenset(place for place, may in zip(asked, judged, strict=True) if isinstance(may, Permit))


async def open_ones(met: Sequence[Fetched], looker: Looker, whole: Whole, parts: Parts) -> tuple[Fetched, ...]:
    """Return which of what came who looks may be shown, judged on what came. Raises EngineUnavailable."""
    at = to_micros(parts.clock.now())
    judged = await judge_own(looker, [one.document for one in met], whole, parts.directory, parts.engine, at)
    return tuple(one for one, may in zip(met, judged, strict=True) if isinstance(may, Permit))


def told_met(met: Sequence[Fetched]) -> dict[str, object]:
    """Return what an entry's section s says of documents that came from outside, by our id: where each lay, what it
    was, and the digest of what was shown."""
    return {one.document.id: met_facts(one) for one in met}


def _such_as_could_lie(place: Place, document: str, whole: Whole, directory: Directory, at: int) -> DocumentFacts:
    """Return a document such as could lie at the place, with every section of its kind, for the first judgement."""
    category = directory.categories[place.category]
    sections: dict[str, tuple[str, ...]] = dict.fromkeys(category.sections, ())
    return DocumentFacts(
        document, UNFETCHED, place.custodian, place.category, category.resource, at, (), sections, whole.client.id
    )
