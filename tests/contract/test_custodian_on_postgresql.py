"""A document outside on PostgreSQL: met, read, changed, refused, and the log proves it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from adapters.clocks import SteeredClock
from adapters.custodian.fhir_server.simulated_faults import Fault
from adapters.custodian.fhir_server.simulator import simulated_server
from gateway.app import create_app
from gateway.composition import opened
from gateway.demo.custodian import put_samples, write_custodians
from gateway.demo.population import load_systems, populate
from gateway.installation import prepare
from tests.laws.gateway_world import BASE, Laws, demo_world, settings_in
from tests.parts.custodians import waiting
from tests.parts.postgres import own_database


@pytest.mark.needs_postgres
async def test_a_document_outside_is_met_read_changed_and_refused(tmp_path: Path) -> None:
    world = demo_world()
    with own_database() as url, simulated_server() as server:
        put_samples(server.base, world, world.now)
        custodians = write_custodians(tmp_path / "custodians.yaml", server.base, waiting())
        settings = settings_in(tmp_path).model_copy(update={"database": url, "custodians": custodians})
        prepare(settings, world.now)
        clock = SteeredClock(world.now)
        async with opened(settings, world.directory, clock=clock) as gateway:
            systems = load_systems(tmp_path / "systems", world)
            await populate(gateway, world, systems)
            transport = httpx.ASGITransport(create_app(gateway))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as web:
                laws = Laws(gateway, world, clock, systems, web, tmp_path)
                assert "entry" not in (await laws.search(laws.code("suvi"))).json()
                consent = await laws.give()
                (entry,) = (await laws.search(laws.code("suvi"))).json()["entry"]
                document = entry["resource"]["id"]
                assert (await laws.read(document)).json() == entry["resource"]
                server.fault = Fault.CHANGES
                assert "Changed" in (await laws.read(document)).json()["title"]
                await gateway.recording.withdraw(consent.id)
                assert (await laws.read(document)).status_code == 404
                assert laws.verify() == []
