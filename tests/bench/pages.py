"""What a page costs the server with a long history behind it: `make bench-pages`.

Each page that a client, a professional and an officer can come to by links is asked for again and again, in process
and without a network, on a grown store of either kind (KIND=postgresql). Machines differ: p95 is to stay under 200 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Collection, Mapping
from statistics import median
from urllib.parse import parse_qsl

import httpx

from gateway.app import create_app
from gateway.composition import opened
from gateway.demo.world import load_world
from gateway.desks import register_desks
from gateway.site import make_site
from gateway.web.session import Kind, SignedIn
from tests.bench.population import PURPOSE, RECIPIENT, ROLE, person_of
from tests.bench.sizes import Population, Sizes
from tests.bench.stores import Store, StoreKind, lent_store
from tests.simulators.sessions import SimulatedSessions
from tests.simulators.unpaced import unpaced
from tests.web.crawl import kind_of, pages_of
from tests.web.people import Visitor

TIMES, AT_MOST = 20, 10.0
"""How often a page is asked for; fewer times where that takes longer than so many seconds."""
MOST_MS = 200.0
KINDS: tuple[StoreKind, ...] = ("sqlite", "postgresql")
_SMALLER = {"SAATTAEN_BENCH_GROWN_CLIENTS": "2000", "SAATTAEN_BENCH_ENTRIES": "100000"}
"""What a PostgreSQL store is filled with unless the environment says otherwise: filling it takes longer."""


def size_of(kind: StoreKind, environment: Mapping[str, str]) -> Population:
    """Return what is in the store that the pages are measured on."""
    return Sizes.of(environment if kind == "sqlite" else {**_SMALLER, **environment}).grown


def row_of(template: str, address: str) -> str:
    """Return the row of a page: its address's template, and which parameters it was asked with. What is searched for
    and what is found are two pages at one address."""
    _, _, query = address.partition("#")[0].partition("?")
    names = sorted({name for name, _ in parse_qsl(query, keep_blank_values=True)})
    return f"{template}?{'&'.join(names)}" if names else template


async def measure(store: Store, rooms: Collection[str]) -> Mapping[str, tuple[float, float]]:
    """Return p50 and p95 in milliseconds of every page, by its address's template and the names of its query."""
    world = load_world()
    figures: dict[str, tuple[float, float]] = {}
    async with opened(store.settings, world.directory) as gateway:
        # A store that is kept may have been filled before there were desks.
        await register_desks(gateway, "bench")
        sessions = SimulatedSessions(gateway.clock.now)
        site = make_site(gateway, sessions)
        app = create_app(gateway, admission=unpaced(site), site=site)
        client = await gateway.recording.client_of(person_of(1))
        organisation, now = world.directory.services[RECIPIENT].organisation, gateway.clock.now()
        readers = {
            "/portal": SignedIn(Kind.CLIENT, str(client), "Asiakas", "substantial", now),
            "/desk": SignedIn(
                Kind.STAFF, f"{RECIPIENT}.{ROLE}.1", "Työntekijä", "substantial", now, organisation, (RECIPIENT,),
                (ROLE,),
            ),
            "/oversight": SignedIn(Kind.STAFF, "o-1", "Vastaava", "substantial", now, organisation, is_officer=True),
        }  # fmt: skip
        for start, signed_in in readers.items():
            if rooms and start.strip("/") not in rooms:
                continue
            cookie, session = await sessions.begin(signed_in)
            web = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url=store.settings.base_url, timeout=120,
                cookies={"saattaen-session": cookie, "saattaen-language": "fi"},
            )  # fmt: skip
            visitor = Visitor(web, session)
            starts = [start]
            if start == "/desk":
                await visitor.post("/desk/work", {"work": f"{RECIPIENT}.{ROLE}.{PURPOSE}"})
            if start == "/oversight":
                asked = await visitor.post("/oversight/search", {"reason": "a random check"})
                starts.append(asked.headers["location"])
            async for address, _ in pages_of(app, visitor, starts):
                if not address.startswith(start):
                    continue
                took: list[float] = []
                while len(took) < TIMES and sum(took) < 1000 * AT_MOST:
                    took.append(await _timed(web, address))
                took.sort()
                page = row_of(kind_of(app, address.split("?")[0]), address)
                figures[page] = (median(took), took[int(0.95 * len(took))])
                print(f"{figures[page][0]:8.1f} {figures[page][1]:8.1f} {page}", flush=True)
    return figures


async def _timed(web: httpx.AsyncClient, address: str) -> float:
    began = time.perf_counter()
    await web.get(address)
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Print the figures as they come, then slowest first."""
    parser = argparse.ArgumentParser("python -m tests.bench.pages", description="Measure what each page costs.")
    parser.add_argument("--kind", choices=KINDS, default="sqlite")
    parser.add_argument("rooms", nargs="*", help="portal, desk, oversight; all without any")
    given = parser.parse_args()
    with lent_store(given.kind, size_of(given.kind, os.environ)) as store:
        figures = asyncio.run(measure(store, given.rooms))
        print(
            f"{store.kind}: {store.populated.entries:,} entries, {store.populated.consents:,} consents;"
            " server time of a page in ms"
        )
    for page, (half, most) in sorted(figures.items(), key=lambda row: -row[1][1]):
        print(f"{half:8.1f} {most:8.1f} {'over the mark' if most > MOST_MS else '':14}{page}")


if __name__ == "__main__":
    main()
