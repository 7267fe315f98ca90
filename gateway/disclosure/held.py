"""What lies with a custodian outside: judged before it is fetched, and judged again on what came.

Before the fetch, the date, labels, sections and version of a document are not known. The first judgement is therefore
of documents such as could lie there: of that custodian and category, with every section and no label of its own, of
each date that could matter, and of version 0, which no document has. When the policy would open one of them, what lies
there may be *fetched*. Nothing is released on that: a release names a version, and is judged on what was fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.directory.model import Directory
from gateway.disclosure.candidates import IN_FORCE, state_of
from gateway.disclosure.decision import Permit
from gateway.disclosure.request import Action, DisclosureRequest
from gateway.disclosure.snapshot import UNFETCHED, UNMET, DocumentFacts, GrantFacts, Snapshot
from gateway.errors import CustodianUnavailable


@dataclass(frozen=True, slots=True)
class Place:
    """The documents of one category that a custodian keeps on a server of its own."""

    custodian: str
    category: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document came from: the server's name in our settings, and type, id and version as the server says them.

    `digest` is the SHA-256 of its content, in hexadecimal: a server that forgets to count versions is not believed.
    """

    source: str
    resource: str
    id: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Known:
    """A document outside that was met before: our id and version of it, whose it was and where, and as it was then."""

    document: str
    version: int
    client: str
    custodian: str
    category: str
    origin: Origin


@dataclass(frozen=True, slots=True, repr=False)
class Fetched:
    """A document as it came: its facts under our id and version, its bytes, and which version we knew.

    `known` is None where it was never met, and UNFETCHED where it has an id of ours but was never shown.
    """

    document: DocumentFacts
    content: bytes
    origin: Origin
    known: int | None


class Origins(Protocol):
    """Our table of what lies where. It is read only once a permit is there to fetch."""

    async def of_document(self, document: str) -> Known | None:
        """Return where a document of ours lies, None for one that lies with us or is unknown."""
        ...

    async def known(self, source: str, resource: str, ids: Collection[str]) -> Mapping[str, Known]:
        """Return those of a server's documents of one type that we have met, by the server's id."""
        ...

    def keep(self, connection: object, fetched: Fetched, at: int, *, shown: bool) -> bool:
        """Write our id and version; see `Holdings.keep`."""
        ...


class Holdings(Protocol):
    """The custodians outside."""

    def places(self, categories: Collection[str]) -> tuple[Place, ...]:
        """Return where documents of these categories lie outside, always in the same order; no call leaves here."""
        ...

    async def fetch(self, permit: Permit, client: str, place: Place, document: str | None) -> tuple[Fetched, ...]:
        """Fetch a client's documents at a place, or the one that we know as *document*; against a Permit alone.

        Each is whole, valid, of that client and of that category. Raises CustodianUnavailable where one is not, or
        where the custodian does not answer.
        """
        ...

    def keep(self, connection: object, fetched: Fetched, at: int, *, shown: bool) -> bool:
        """Note our id and version of a document, in the write transaction; False where another was faster.

        One that is not *shown* now, but on a later page, keeps its id alone: a version is what was shown.
        """
        ...


class NoHoldings:
    """Every document lies with the gateway."""

    def places(self, categories: Collection[str]) -> tuple[Place, ...]:
        """Return no place."""
        return ()

    async def fetch(self, permit: Permit, client: str, place: Place, document: str | None) -> tuple[Fetched, ...]:
        """Raise CustodianUnavailable: there is no custodian outside."""
        raise CustodianUnavailable("No custodian outside is connected.")

    def keep(self, connection: object, fetched: Fetched, at: int, *, shown: bool) -> bool:
        """Return False: nothing was fetched."""
        return False


def possible_documents(
    request: DisclosureRequest, snapshot: Snapshot, directory: Directory, places: Sequence[Place], now: int
) -> list[DocumentFacts]:
    """Return the documents such as could lie outside, for the first judgement; those that tell most of a refusal first.

    On a read it is the one asked for, where it lies at one of *places*; what was known of it may have changed.
    """
    found: list[DocumentFacts] = []
    for place, document, grants in _asked(request, snapshot, places, now):
        category = directory.categories[place.category]
        for dated in dates_that_matter(grants, place, now):
            found.append(
                DocumentFacts(
                    document,
                    UNFETCHED,
                    place.custodian,
                    place.category,
                    category.resource,
                    dated,
                    (),
                    dict.fromkeys(category.sections, ()),
                    snapshot.client.id,
                )
            )
    return found


def _asked(
    request: DisclosureRequest, snapshot: Snapshot, places: Sequence[Place], now: int
) -> Iterator[tuple[Place, str, Sequence[GrantFacts]]]:
    """Yield where a document could lie, as which we know it, and the grants that may speak of its date."""
    known = [document for document in snapshot.documents if document.source is not None]
    grants = snapshot.grants
    if request.action is Action.READ:
        yield from ((place, row.id, grants) for row in known if (place := place_of(row)) in places)
        return
    for place in places:
        yield place, UNMET, grants
        here = [document.id for document in known if place_of(document) == place]
        yield from ((place, document, speaking) for document, speaking in opened_alone(grants, here, now))


def opened_alone(
    grants: Sequence[GrantFacts], documents: Iterable[str], now: int
) -> Iterator[tuple[str, Sequence[GrantFacts]]]:
    """Yield those of *documents* that a grant in force names, with the grants that may speak of its date.

    Such a grant opens that one document alone, and only once we have met it.
    """
    named = {grant.document for grant in grants if grant.document is not None and state_of(grant, now) == IN_FORCE}
    for document in documents:
        if document in named:
            yield document, [grant for grant in grants if grant.document in (None, document)]


def dates_that_matter(grants: Sequence[GrantFacts], place: Place, now: int) -> list[int]:
    """Return one date inside each limit that a grant sets, the newest grant's first, and this instant.

    Of those not in force, which open nothing, the newest of each sort speaks for all: a refusal takes its reason from
    the first date, and how many dates there are does not grow with the years.
    """
    dates: dict[int, None] = {}
    spoken: set[object] = set()
    for grant in grants:
        if (grant.custodian, grant.category) != (place.custodian, place.category):
            continue
        if grant.dated_from is not None:
            inside = grant.dated_from
        elif grant.dated_until is not None:
            inside = grant.dated_until - 1
        else:
            continue
        state = state_of(grant, now)
        sort = grant.recipient, grant.purpose, grant.single_use, state
        if state == IN_FORCE or sort not in spoken:
            spoken.add(sort)
            dates[inside] = None
    return [*dates, now] if now not in dates else list(dates)


def place_of(document: DocumentFacts) -> Place:
    """Return where a document lies, if it lies outside."""
    return Place(document.custodian, document.category)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came from outside, and the documents that were asked for in vain, each as it was judged."""

    fetched: tuple[Fetched, ...] = ()
    failed: tuple[DocumentFacts, ...] = ()


async def gather(permits: Sequence[tuple[DocumentFacts, Permit]], client: str, holdings: Holdings) -> Gathered:
    """Fetch what the permits of a first judgement open, each place once (or the one document) and all at the same time.

    A custodian that fails takes nothing from the others: its documents stand in `failed`.
    """
    whole = {place_of(document) for document, _ in permits if document.id == UNMET}
    asked: dict[tuple[Place, str], tuple[DocumentFacts, Permit]] = {}
    for document, permit in permits:
        if document.id == UNMET or place_of(document) not in whole:
            asked.setdefault((place_of(document), document.id), (document, permit))

    async def fetch(document: DocumentFacts, permit: Permit) -> tuple[Fetched, ...] | None:
        one = None if document.id == UNMET else document.id
        try:
            return await holdings.fetch(permit, client, place_of(document), one)
        except CustodianUnavailable:
            return None

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [(row[0], group.create_task(fetch(*row))) for row in asked.values()]
    except BaseExceptionGroup as errors:
        # Nobody who asks knows of the group: the first that went wrong is what went wrong.
        raise errors.exceptions[0] from None
    came = [(document, task.result()) for document, task in tasks]
    return Gathered(
        tuple(one for _, found in came if found is not None for one in found),
        tuple(document for document, found in came if found is None),
    )
