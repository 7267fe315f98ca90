"""The gateway with a hand on each part that may fail, and what a fault's row asks of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
from sqlalchemy.engine import make_url

from adapters.opa.server import ServerEngine
from adapters.opa.shipped import read_bundle
from adapters.sql.engine import Database
from audit.entry import Draft
from gateway.demo.local_opa import local_opa
from gateway.disclosure.opened import Opened
from gateway.errors import GatewayError
from tests.faults.hinge import Hinge
from tests.laws.gateway_world import PLAN, STORES, Laws, Store, demo_world, open_world, settings_in
from tests.parts.proxy import Proxies, Proxy

CONSENTS = "saattaen/consents"
RECOVERY_SECONDS = 20.0


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
    place: Path, store: Store, *, with_opa: bool = False, patience: float = 20.0
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
            engine = ServerEngine(f"http://127.0.0.1:{opa.port}", read_bundle().revision)
            await closing.enter_async_context(engine)
        settings = settings_in(place)
        hinge, keys = Hinge(), Hinge()

        def open_store(url: str, patience: float) -> Database:
            return (hinge if url == settings.database else keys).open(url, patience)

        laws = await closing.enter_async_context(
            open_world(place, open_store=open_store, engine=engine, patience=patience)
        )
        document = await laws.deposit()
        await laws.give()
        yield Scene(laws, store, hinge, keys, document, wire=wire, opa=opa)


def _before_postgres(place: Path, proxies: Proxies) -> Proxy:
    main, keys = (place / STORES).read_text().split()
    url = make_url(main)
    proxy, folder = proxies.before_unix(Path(str(url.query["host"])) / ".s.PGSQL.5432")
    through = url.set(query={"host": str(folder)}).render_as_string(False)
    (place / STORES).write_text(f"{through}\n{keys}")
    return proxy
