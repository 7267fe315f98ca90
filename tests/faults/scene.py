"""The gateway with a hand on each part that may fail, and what a fault's row asks of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy.engine import make_url

from adapters.custodian.fhir_server.simulator import SimulatedServer, simulated_server
from adapters.observing.metrics import Metrics
from adapters.opa.server import ServerEngine
from adapters.opa.shipped import read_bundle
from adapters.sql.engine import Database
from audit.entry import Draft
from gateway.cli.doctor import examine
from gateway.cli.finding import Finding
from gateway.demo.custodian import held_sample, put_client, put_document, write_custodians
from gateway.demo.documents import Sample
from gateway.demo.local_opa import local_opa
from gateway.demo.world import WORLD
from gateway.disclosure.opened import Opened
from gateway.errors import GatewayError
from tests.faults.hinge import Hinge
from tests.laws.gateway_world import PLAN, STORES, Laws, Store, demo_world, open_world, settings_in
from tests.parts.custodians import waiting
from tests.parts.proxy import Proxies, Proxy

CONSENTS = "saattaen/consents"
RECOVERY_SECONDS = 60.0
READINESS_SECONDS = 10.0
LIMITS = "{answer_bytes: 300000, failures: 2, pause: 200}"
"""How often the gateway tries a custodian's server."""


@dataclass
class Scene:
    """An open gateway, one document that may be read, and a hand on each part."""

    laws: Laws
    store: Store
    main: Hinge
    keys: Hinge
    document: str
    wire: Proxy | None = None
    """Before PostgreSQL, the main database's connections."""
    recipients: Iterator[str] = field(default_factory=lambda: iter(demo_world().directory.services))
    opa: Proxy | None = None
    """Before the OPA server, where there is one."""
    custodian: SimulatedServer | None = None
    """Where the document lies, where it does not lie with the gateway."""
    seen: CollectorRegistry = field(default_factory=CollectorRegistry)
    """What the gateway's metrics show."""

    def counted(self) -> Counter[str]:
        """Return what the metrics count: answers by status, failures by part, decisions by outcome and reason."""
        found: Counter[str] = Counter()
        for metric in self.seen.collect():
            for sample in metric.samples:
                if sample.name in _COUNTED:
                    name = sample.name.removeprefix("saattaen_").removesuffix("_total")
                    found[" ".join([name, *_told_by(sample.labels)])] += int(sample.value)
        return found

    async def doctor(self) -> list[Finding]:
        """Return what `saattaen doctor` finds that is not well; it looks from a process of its own, as it were."""
        gateway = self.laws.gateway
        changed: dict[str, object] = {"directory": WORLD}
        if self.opa is not None:
            changed |= {"engine": "opa", "opa_url": f"http://127.0.0.1:{self.opa.port}"}
        settings = gateway.settings.model_copy(update=changed)
        findings = await asyncio.to_thread(lambda: list(examine(lambda: settings)))
        return [one for one in findings if one.state == "wrong"]

    async def read(self) -> httpx.Response:
        """Ask for the document: judged, logged, released."""
        return await self.laws.read(self.document)

    async def write(self) -> httpx.Response:
        """Record something by the JSON API: a refusal, which changes nothing for the document."""
        token = await self.laws.token(self.laws.acting("sote-keskus", "laakari", "care"), CONSENTS)
        identifier = {"system": "urn:oid:1.2.246.21", "value": self.laws.code("sirpa")}
        # Another one each time, or nothing would be written.
        recipient = next(self.recipients)
        body = {"client": identifier, "refused": [{"recipient": recipient, "category": PLAN}]}
        headers = {"authorization": f"Bearer {token}"}
        return await self.laws.web.post("/api/v1/refusals", json=body, headers=headers)

    async def ready(self) -> dict[str, bool]:
        """Ask what readiness rests on."""
        return dict((await self.laws.web.get("/health/ready")).json()["parts"])

    async def settled(self) -> None:
        """Return once everything that the log was handed has been written or has failed."""
        await self.laws.gateway.log.submit(_Nothing(), urgent=True)

    async def entries(self) -> list[Opened]:
        """Return every entry, as soon as the store can be read again."""
        return await _once_it_works(self.laws.entries)

    async def recovered(self) -> httpx.Response:
        """Ask for the document until it is released; nothing was started again in between."""
        for _ in range(int(RECOVERY_SECONDS / 0.2)):
            answer = await self.read()
            if answer.status_code == 200:
                return answer
            await asyncio.sleep(0.2)
        return answer


_COUNTED = frozenset({"saattaen_requests_total", "saattaen_failures_total", "saattaen_decisions_total"})


def _told_by(labels: Mapping[str, str]) -> list[str]:
    return [labels[name] for name in ("status", "part", "outcome", "reason") if labels.get(name)]


class _Nothing:
    """An item that writes nothing; it comes after all that was there before it."""

    def apply(self, tx: object, at: int) -> tuple[None, list[Draft]]:
        return None, []


async def _once_it_works(read: Callable[[], list[Opened]]) -> list[Opened]:
    for _ in range(int(RECOVERY_SECONDS / 0.2)):
        try:
            return await asyncio.to_thread(read)
        except GatewayError:
            await asyncio.sleep(0.2)
    return await asyncio.to_thread(read)


@asynccontextmanager
async def scene_in(
    place: Path,
    store: Store,
    *,
    with_opa: bool = False,
    with_custodian: bool = False,
    patience: float = 20.0,
    waits: float = 30.0,
) -> AsyncIterator[Scene]:
    """Open the installation in *place* with a proxy before its PostgreSQL, and on request one before an OPA server."""
    async with AsyncExitStack() as closing:
        # The path of a socket has at most 107 letters, so it does not lie in the test's own folder.
        proxies = Proxies(Path(closing.enter_context(TemporaryDirectory(prefix="sa-px-"))))
        closing.callback(proxies.close)
        wire = _before_postgres(place, proxies) if store == "postgresql" else None
        opa, engine = None, None
        if with_opa:
            address = urlsplit(closing.enter_context(local_opa()))
            opa = proxies.before_port(str(address.hostname), int(address.port or 0))
            engine = ServerEngine(f"http://127.0.0.1:{opa.port}", read_bundle().revision, timeout=waits)
            await closing.enter_async_context(engine)
        settings, seen = settings_in(place), CollectorRegistry()
        custodian = closing.enter_context(_custodian()) if with_custodian else None
        custodians = None
        if custodian is not None:
            bounds = waiting(round(1000 * waits), LIMITS)
            custodians = write_custodians(place / "custodians.yaml", custodian.base, bounds)
        hinge, keys = Hinge(), Hinge()

        def open_store(url: str, patience: float) -> Database:
            return (hinge if url == settings.database else keys).open(url, patience)

        laws = await closing.enter_async_context(
            open_world(
                place, open_store=open_store, engine=engine, patience=patience, custodians=custodians,
                observer=Metrics(seen), readiness=READINESS_SECONDS,
            )
        )  # fmt: skip
        await laws.give()
        document = await laws.deposit() if custodian is None else await _met(laws)
        yield Scene(laws, store, hinge, keys, document, wire=wire, opa=opa, custodian=custodian, seen=seen)


@contextmanager
def _custodian() -> Iterator[SimulatedServer]:
    """Run a custodian's server with the document's like on it, and another client's."""
    world = demo_world()
    with simulated_server() as running, httpx.Client(trust_env=False) as web:
        for name in ("suvi", "maija"):
            put_client(web, running.base, name, world.clients[name])
        put_document(
            web, running.base, "p-1", held_sample(world, Sample("p-1", "sote-keskus", "suvi", PLAN), world.now)
        )
        yield running


async def _met(laws: Laws) -> str:
    """Return our id of the document that lies with the custodian: a search tells it."""
    # Again where the machine stood still for as long as an impatient gateway waits.
    async with asyncio.timeout(RECOVERY_SECONDS):
        while "entry" not in (found := await laws.search(laws.code("suvi"))).json():
            await asyncio.sleep(0.2)
    (entry,) = found.json()["entry"]
    return str(entry["resource"]["id"])


def _before_postgres(place: Path, proxies: Proxies) -> Proxy:
    main, keys = (place / STORES).read_text().split()
    url = make_url(main)
    proxy, folder = proxies.before_unix(Path(str(url.query["host"])) / ".s.PGSQL.5432")
    through = url.set(query={"host": str(folder)}).render_as_string(False)
    (place / STORES).write_text(f"{through}\n{keys}")
    return proxy
