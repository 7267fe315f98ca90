"""A whole gateway in process: its own folder, a clock that a test moves, the demo world's people and partner
systems; on SQLite, or on PostgreSQL where the folder names its databases."""

from __future__ import annotations

import asyncio
import atexit
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from typing import Literal

import httpx
import orjson
from sqlalchemy.engine import make_url

from adapters.clocks import SteeredClock
from adapters.fhir.samples import make_sample
from adapters.sql.engine import Database, open_database
from adapters.tokens.acting import Acting
from adapters.tokens.simulator import SimulatedPartner
from audit.verify import verify_rows
from gateway.app import create_app
from gateway.composition import opened
from gateway.consent.model import Actor, Capture, CaptureMethod, ClientId, Consent, GrantRow, RelationKind, Shown
from gateway.demo.partner import PartnerSystem, worker
from gateway.demo.population import load_systems, populate, system_of
from gateway.demo.world import World, load_world
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.model import Directory
from gateway.disclosure.disclose import disclose
from gateway.disclosure.observing import Observer
from gateway.disclosure.opened import Opened, Opener
from gateway.disclosure.order_law import check_order
from gateway.disclosure.ports import PolicyEngine
from gateway.disclosure.release import Parts, Refused, Released, ReleasedOwn
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.installation import prepare
from gateway.open_gateway import Gateway
from gateway.settings import Settings
from tests.parts.postgres import private_postgres

BASE = "https://gateway.example"
STORES = "databases"
"""The file that names an installation's databases where they are PostgreSQL's, one URL a line."""
Store = Literal["sqlite", "postgresql"]
PLAN, FEEDBACK, STATEMENT = "work-ability-plan", "health-check-feedback", "medical-statement-b"
READ = "system/*.rs"
DEPOSIT = "saattaen/deposits"
UNKNOWN_ID = "f" * 32
STRANGER = "150390-999J"
"""A well-formed artificial code that belongs to nobody of the demo world."""


@cache
def demo_world() -> World:
    """The demo world, read once."""
    return load_world()


def settings_in(folder: Path, patience: float = 20.0) -> Settings:
    """The settings of an installation in *folder*."""
    named = folder / STORES
    database, keys = (
        named.read_text().split() if named.exists()
        else (f"sqlite:///{folder}/gateway.db", f"sqlite:///{folder}/keys.db")
    )  # fmt: skip
    return Settings(
        database=database, key_database=keys, keys=folder / "keys", base_url=BASE, directory=folder / "directory.yaml",
        outbox=folder / "outbox", demo=True, patience=patience,
    )  # fmt: skip


@cache
def _template(store: Store) -> Path:
    """An installation with its people and partners, made once for each store: each test works on a copy."""
    folder = Path(mkdtemp(prefix="saattaen-laws-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if store == "postgresql":
        server = private_postgres()
        (folder / STORES).write_text("\n".join(server.new_database() for _ in range(2)))
    world = demo_world()
    settings = settings_in(folder)
    prepare(settings, world.now)

    async def fill() -> None:
        async with opened(settings, world.directory, clock=SteeredClock(world.now)) as gateway:
            await populate(gateway, world, load_systems(folder / "systems", world))

    # A test's own event loop may be running in this thread.
    thread = Thread(target=lambda: asyncio.run(fill()))
    thread.start()
    thread.join()
    if not (folder / "systems").exists():
        raise RuntimeError("the demo world was not populated")
    return folder


def installed(folder: Path, store: Store = "sqlite") -> Path:
    """Return *folder* with an installation of its own in it, its world populated; `removed` takes it away again."""
    template = _template(store)
    shutil.copytree(template, folder, dirs_exist_ok=True)
    if store == "postgresql":
        server = private_postgres()
        names = (make_url(url).database for url in (template / STORES).read_text().split())
        (folder / STORES).write_text("\n".join(server.new_database(str(name)) for name in names))
    return folder


def removed(folder: Path) -> None:
    """Drop the databases that *folder* names; the folder itself is its owner's."""
    if (folder / STORES).exists():
        for url in (folder / STORES).read_text().split():
            private_postgres().drop(url)


@dataclass
class Laws:
    """An open gateway and everything that a law does with it."""

    gateway: Gateway
    world: World
    clock: SteeredClock
    systems: Mapping[str, SimulatedPartner]
    web: httpx.AsyncClient
    folder: Path
    _tokens: dict[tuple[str, str, str, str, str, datetime], str] = field(default_factory=dict)

    def changed(self, change: Callable[[Gateway], Gateway], readiness: float = 20.0) -> Laws:
        """The same gateway with some part of it exchanged, behind an app of its own."""
        gateway = change(self.gateway)
        transport = httpx.ASGITransport(create_app(gateway, readiness=readiness))
        web = httpx.AsyncClient(transport=transport, base_url=BASE)
        return replace(self, gateway=gateway, web=web)

    # Who asks.

    def acting(
        self, service: str = "kuntakokeilu", role: str = "omavalmentaja", purpose: str = "employment-support",
        person: str = "1",
    ) -> Acting:  # fmt: skip
        """The claims of a worker."""
        return worker(self.world.directory, service, role, purpose, person=person)

    async def token(self, acting: Acting | None = None, scope: str = READ, system: str | None = None) -> str:
        """An access token for that worker, kept for as long as the clock stands."""
        one = acting or self.acting()
        by = system or system_of(one.service)
        key = (by, one.service, one.role, one.purpose + one.person, scope, self.clock.now())
        if key not in self._tokens:
            partner = PartnerSystem(self.systems[by], self.web, BASE, self.clock.now)
            self._tokens[key] = await partner.token(one, scope)
        return self._tokens[key]

    def requester(
        self, service: str = "kuntakokeilu", role: str = "omavalmentaja", purpose: str = "employment-support"
    ) -> Requester:
        """What a verified token says of that worker."""
        organisation = self.world.directory.services[service].organisation
        return Requester(
            system_of(service), organisation, service, role, purpose, "substantial", "worker-1", "Olli", "token-1",
            frozenset({"system/*.rs"}),
        )  # fmt: skip

    # What is asked, without HTTP.

    def read_of(
        self, document: str, requester: Requester | None = None, resource: str = "CarePlan"
    ) -> DisclosureRequest:
        """A read of one document."""
        who = requester or self.requester()
        return DisclosureRequest(Action.READ, who, resource, who.role, who.purpose, "request-1", document=document)

    def search_of(
        self, code: str, requester: Requester | None = None, category: str | None = PLAN
    ) -> DisclosureRequest:
        """A search for a person's documents."""
        who = requester or self.requester()
        lookup = self.gateway.register.lookup(Identifier.personal(PersonalIdentityCode.parse(code)))
        return DisclosureRequest(
            Action.SEARCH, who, "CarePlan", who.role, who.purpose, "request-1", identifier=lookup, category=category
        )

    async def ask(self, request: DisclosureRequest, parts: Parts | None = None) -> Released | ReleasedOwn | Refused:
        """Disclose, with other *parts* where a law wants one of them to misbehave."""
        return await disclose(request, parts or self.gateway.parts)

    # On the wire.

    async def read(
        self, document: str, acting: Acting | None = None, *, resource: str = "CarePlan", **headers: str
    ) -> httpx.Response:
        """GET one document."""
        sent = {"authorization": f"Bearer {await self.token(acting)}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.web.get(f"/fhir/{resource}/{document}", headers=sent)

    async def search(
        self, code: str, acting: Acting | None = None, *, resource: str = "CarePlan", category: str | None = PLAN,
        **form: str,
    ) -> httpx.Response:  # fmt: skip
        """POST a search for a person's documents."""
        asked = {"patient.identifier": f"urn:oid:1.2.246.21|{code}"} | ({"category": category} if category else {})
        sent = {"authorization": f"Bearer {await self.token(acting)}"}
        return await self.web.post(f"/fhir/{resource}/_search", data=asked | form, headers=sent)

    # What stands.

    def code(self, client: str) -> str:
        """A person's identity code."""
        return self.world.clients[client].code.reveal()

    async def client(self, client: str) -> ClientId:
        """Our id of a person."""
        found = await self.gateway.desk.find(Identifier.personal(self.world.clients[client].code))
        assert found is not None
        return found

    def sample(self, client: str, category: str = PLAN, **more: object) -> bytes:
        """A document's bytes as a custodian sends them."""
        identifier = Identifier.personal(self.world.clients[client].code)
        dated = self.world.now - timedelta(days=1)
        return orjson.dumps(make_sample(category, self.world.directory, identifier, dated, **more))  # type: ignore[arg-type]

    async def deposit(
        self, client: str = "suvi", custodian: str = "sote-keskus", category: str = PLAN, **more: object
    ) -> str:
        """Put a document at disposal and return its id."""
        row = self.world.directory.categories[category]
        body = self.sample(client, category, custodian=custodian, **more)
        accepted = await self.gateway.acceptance.accept(
            "Bundle" if row.resource == "Composition" else row.resource, body
        )
        stored = await self.gateway.deposits.create(accepted, self.requester(custodian, "laakari", "care"))
        return stored.id

    async def replace(self, document: str, version: int, client: str = "suvi", custodian: str = "sote-keskus") -> int:
        """Store the next version of a plan and return it."""
        accepted = await self.gateway.acceptance.accept("CarePlan", self.sample(client, custodian=custodian))
        by = self.requester(custodian, "laakari", "care")
        return (await self.gateway.deposits.replace(accepted, by, document, version)).version

    def row(self, **changed: object) -> GrantRow:
        """A row: the health centre's plan to the employment service, for three months from now."""
        now = self.clock.now()
        row = GrantRow(
            "sote-keskus", "kuntakokeilu", PLAN, "employment-support", now - timedelta(days=1), now + timedelta(days=90)
        )
        return replace(row, **changed)  # type: ignore[arg-type]

    async def give(self, client: str = "suvi", *rows: GrantRow) -> Consent:
        """Let the client give a consent on the own page."""
        wording = self.gateway.wordings.current()
        told = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
        capture = Capture(CaptureMethod.SELF_SERVICE)
        given = await self.gateway.recording.give(await self.client(client), rows or (self.row(),), capture, told)
        return given.consent

    async def relate(self, client: str = "suvi", kind: str = "joint-service", **more: object) -> str:
        """Record a relation of the health centre to the employment service."""
        relation = await self.gateway.recording.record_relation(
            await self.client(client), RelationKind(kind), "sote-keskus", ("kuntakokeilu",),
            by=Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1"), evidence="decision 7", **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return relation.id

    # What the log says.

    def entries(self) -> list[Opened]:
        """Every entry, opened."""
        with self.gateway.log_store.read() as reader:
            return list(Opener(self.gateway.keys).read_all(reader))

    def size(self) -> int:
        """How many entries there are."""
        with self.gateway.log_store.read() as reader:
            return sum(head.size for head in reader.heads())

    def verify(self) -> list[str]:
        """What is wrong with the log: its tree, its sealed sections and its order; empty when it is sound."""
        return verify(self.gateway) + [str(fault) for fault in check_order(self.entries(), self.world.directory).faults]


def verify(gateway: Gateway) -> list[str]:
    """Return what is wrong with the log of *gateway*, its sealed sections included."""
    with gateway.log_store.read() as reader:
        verifiers = [gateway.log.verifier(head.origin) for head in reader.heads()]
        report = verify_rows(reader, verifiers, gateway.keys)
    return [str(finding) for finding in report.findings]


@asynccontextmanager
async def open_world(
    folder: Path, change: Callable[[Gateway], Gateway] = lambda gateway: gateway, *, web: bool = True,
    open_store: Callable[[str, float], Database] = open_database, engine: PolicyEngine | None = None,
    patience: float = 20.0, custodians: Path | None = None, base_url: str = BASE, observer: Observer | None = None,
    readiness: float = 20.0, directory: Directory | None = None,
) -> AsyncIterator[Laws]:  # fmt: skip
    """Open a gateway on the installation in *folder* (made where there is none); without *web* nobody serves HTTP.

    *custodians* names which documents lie on custodians' own servers. In *readiness* seconds a part that only hangs is
    said not to be ready: patient by default, or a busy machine would be the fault. *directory* takes the place of the
    demo world's.
    """
    if not (folder / "keys").exists():
        installed(folder)
    world = demo_world() if directory is None else replace(demo_world(), directory=directory)
    clock = SteeredClock(world.now)
    settings = settings_in(folder, patience).model_copy(update={"custodians": custodians, "base_url": base_url})
    async with opened(settings, world.directory, clock=clock, open_store=open_store, engine=engine) as gateway:
        changed = change(gateway)
        transport = httpx.ASGITransport(create_app(changed, observer, readiness=readiness)) if web else None
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            yield Laws(changed, world, clock, load_systems(folder / "systems", world), client, folder)
