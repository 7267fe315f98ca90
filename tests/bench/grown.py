"""What a long history costs: the officer's search, and a full `verify`, on the store itself and without HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from adapters.sql.log_search import SqlSearchStore
from gateway.composition import opened
from gateway.demo.population import system_of
from gateway.demo.world import load_world
from gateway.disclosure.log_query import Officer, Query, Scope
from gateway.disclosure.log_search import LogSearch
from gateway.open_gateway import Gateway
from gateway.verification import has_doubts, verify_gateway
from tests.bench.load import LoadFailed
from tests.bench.machine import SERVER, on_cores
from tests.bench.population import CATEGORY, RECIPIENT, ROLE, ROWS, person_of
from tests.bench.results import Figure
from tests.bench.stores import Store

_SEARCHES = 40
_CLIENTS_ASKED = 40
_WHOLE = Officer("bench")
_STRANGE = Scope(frozenset({"nobody"}), frozenset({"nobody-system"}))
_ABSENT = [
    Query(recipient="nothing"), Query(custodian="nothing"), Query(category="nothing"), Query(basis="nothing"),
    Query(requester="nothing"),
]  # fmt: skip
_APART = [
    Query(recipient=ROWS[-1][1], outcome="permit"), Query(custodian="sosiaalityo", kinds=("disclosure", "decision")),
    Query(category="self-assessment", outcome="deny"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Search:
    """One question that officers ask; of several queries each is asked in turn."""

    name: str
    tells: str
    queries: Sequence[Query]
    officer: Officer = _WHOLE


def measure_grown(store: Store) -> Iterator[Figure]:
    """Yield the figures of a grown store. Raises LoadFailed where its log does not prove itself."""
    with on_cores(SERVER):
        yield from asyncio.run(_measure(store))


async def _measure(store: Store) -> list[Figure]:
    directory = load_world().directory
    async with opened(store.settings, directory) as gateway:
        figures = [figure for search in await _searches(gateway) for figure in await _search(gateway, store, search)]
        return [*figures, *await _verify(gateway, store)]


async def _searches(gateway: Gateway) -> list[Search]:
    clients = [await gateway.recording.client_of(person_of(number)) for number in range(_CLIENTS_ASKED)]
    organisation = gateway.directory.services[RECIPIENT].organisation
    services = {code for code, row in gateway.directory.services.items() if row.organisation == organisation}
    scope = Scope(frozenset(services), frozenset(f"{one}-system" for one in services))
    return [
        Search("newest", "the newest page", [Query()]),
        Search("client", "of one client", [Query(client=client) for client in clients]),
        Search("person", "of one worker", [Query(person=f"{RECIPIENT}.{ROLE}.1")]),
        Search("refused", "refusals of one category", [Query(category=CATEGORY, outcome="deny")]),
        Search("rare", "of a kind that there is none of", [Query(kinds=("consent.withdrawn",))]),
        Search("scope", "within one organisation", [Query(recipient=RECIPIENT)], Officer("bench", scope=scope)),
        Search("strange", "within an organisation that did nothing", [Query()], Officer("bench", scope=_STRANGE)),
        Search("absent", "of a recipient, custodian, category, basis or system that is in no entry", _ABSENT),
        Search("old", "of a recipient that is in old entries alone", [Query(recipient=ROWS[-1][1])]),
        Search("apart", "of values that are never in one entry", _APART),
        Search("usual", "of an outcome that new entries do not have", [Query(outcome="na", category=CATEGORY)]),
        Search("requester", "of one system, in a category that it never asked for", [
            Query(requester=system_of(RECIPIENT), category="nothing")
        ]),
    ]  # fmt: skip


async def _search(gateway: Gateway, store: Store, search: Search) -> list[Figure]:
    searching = LogSearch(
        SqlSearchStore(gateway.database), gateway.keys, gateway.log, gateway.log, gateway.parts.new_event_id
    )
    took: list[float] = []
    found = 0
    for number in range(_SEARCHES):
        query = search.queries[number % len(search.queries)]
        began = time.perf_counter()
        page = await searching.search(query, search.officer)
        took.append(1000 * (time.perf_counter() - began))
        found += len(page.entries)
    took.sort()
    tells, beside = f"log search on {store.kind}: {search.tells}", f"{found / _SEARCHES:.0f} entries a page"
    return [
        Figure(f"search-{store.kind}-{search.name}-{name}", f"{tells}, {name}", took[int(at * len(took))], "ms", beside)
        for name, at in (("p50", 0.5), ("p95", 0.95))
    ]


async def _verify(gateway: Gateway, store: Store) -> list[Figure]:
    began = time.perf_counter()
    found = await asyncio.to_thread(verify_gateway, gateway)
    seconds = time.perf_counter() - began
    if has_doubts(found):
        raise LoadFailed(f"the grown log does not prove itself: {'; '.join(islice(found.sentences(), 5))}")
    entries = found.tree.entries
    return [
        Figure(f"verify-{store.kind}", f"full verify on {store.kind}", seconds, "s", f"{entries:,} entries"),
        Figure(f"verify-{store.kind}-rate", "    entries verified", entries / seconds, "1/s"),
    ]
