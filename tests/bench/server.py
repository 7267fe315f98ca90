"""The server side of the bench: a bare route and the whole gateway in one process, with one document that is open."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response

from adapters.fhir.samples import make_sample
from adapters.tokens.simulator import SimulatedPartner
from gateway.app import create_app
from gateway.composition import Gateway, opened
from gateway.consent.model import Capture, CaptureMethod, Evidence, GrantRow
from gateway.consent.wording import render
from gateway.demo.partner import PartnerSystem, worker
from gateway.demo.play import demo_settings
from gateway.demo.population import load_systems, populate
from gateway.demo.world import World, load_world
from gateway.directory.identity_code import Identifier
from gateway.installation import prepare

CATEGORY, CUSTODIAN, RECIPIENT, PURPOSE = "work-ability-plan", "sote-keskus", "kuntakokeilu", "employment-support"


async def serve(folder: Path, port: int) -> None:
    """Serve on *port* and write `bench.json` (addresses and headers) into *folder* once it answers."""
    settings, world = demo_settings(folder, port=port), load_world()
    prepare(settings, datetime.now(UTC))
    async with opened(settings, world.directory) as gateway:
        systems = load_systems(folder / "partners", world)
        await populate(gateway, world, systems)
        app = create_app(gateway)
        documents, token = await _open_one(gateway, world, systems, app)
        body = await _read(app, settings.base_url, documents["open"], token)
        _add_bare_route(app, body)
        facts = {"token": token, "base": settings.base_url, **documents}
        config = uvicorn.Config(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.05)
        (folder / "bench.json").write_bytes(orjson.dumps(facts))
        await serving


async def _open_one(
    gateway: Gateway, world: World, systems: dict[str, SimulatedPartner], app: FastAPI
) -> tuple[dict[str, str], str]:
    directory, base, now = world.directory, gateway.settings.base_url, gateway.clock.now
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as web:
        custodian = PartnerSystem(systems[f"{CUSTODIAN}-system"], web, base, now)
        recipient = PartnerSystem(systems[f"{RECIPIENT}-system"], web, base, now)
        deposit = await custodian.token(worker(directory, CUSTODIAN, "laakari", "care"), "saattaen/deposits")
        documents = {}
        for name, client in (("open", "suvi"), ("closed", "sirpa")):
            sample = make_sample(
                CATEGORY, directory, Identifier.personal(world.clients[client].code), now(), custodian=CUSTODIAN
            )
            headers = {"authorization": f"Bearer {deposit}", "content-type": "application/fhir+json"}
            answer = await web.post("/fhir/CarePlan", headers=headers, content=orjson.dumps(sample))
            documents[name] = answer.headers["location"].removeprefix(base)
        client_id = await gateway.recording.client_of(Identifier.personal(world.clients["suvi"].code))
        if client_id is None:
            raise RuntimeError("the demo's client is not there")
        at = now()
        row = GrantRow(CUSTODIAN, RECIPIENT, CATEGORY, PURPOSE, at, at + timedelta(days=90))
        shown = render(gateway.wordings.current("consent"), "fi", "plain", [row], at=at, directory=directory).shown()
        capture = Capture(CaptureMethod.SELF_SERVICE, evidence=Evidence((("session", "bench"),)))
        await gateway.recording.give(client_id, [row], capture, shown)
        token = await recipient.token(worker(directory, RECIPIENT, "omavalmentaja", PURPOSE), "system/*.rs")
        return documents, token


async def _read(app: FastAPI, base: str, path: str, token: str) -> bytes:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base) as web:
        answer = await web.get(path, headers={"authorization": f"Bearer {token}"})
        answer.raise_for_status()
        return answer.content


def _add_bare_route(app: FastAPI, body: bytes) -> None:
    @app.get("/bare")
    async def bare() -> Response:
        return Response(body, media_type="application/fhir+json")


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
