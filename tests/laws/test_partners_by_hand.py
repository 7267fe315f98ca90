"""A partner system that was put into the register by hand, or whose rows were changed there, is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.demo.verification import verify_gateway
from gateway.disclosure.release import Released, ReleasedOwn
from tests.laws.by_hand import edit
from tests.laws.gateway_world import Laws, installed, open_world


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """A gateway on SQLite."""
    async with open_world(installed(tmp_path)) as made:
        yield made


def told(laws: Laws) -> list[str]:
    """What verifying finds, without the places."""
    found = verify_gateway(laws.gateway)
    faults = [] if found.order is None else found.order.faults
    return [one.what for one in found.tree.findings] + [one.what for one in faults]


def copied(laws: Laws, system: str, service: str) -> None:
    """Put a system into the register that no entry tells of, with what another one has."""
    database = laws.gateway.database
    edit(
        database,
        "INSERT INTO partner (id, organisation, jwks, scope, suspended, added) "
        "SELECT 'rogue', organisation, jwks, scope, suspended, added FROM partner WHERE id = :system",
        system=system,
    )
    edit(database, "INSERT INTO partner_service (partner, service) VALUES ('rogue', :service)", service=service)


async def test_release_to_a_system_that_no_entry_registered_is_told(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    copied(laws, "kuntakokeilu-system", "kuntakokeilu")
    who = replace(laws.requester(), system="rogue")
    assert isinstance(await laws.ask(laws.read_of(document, who)), Released)
    assert "a partner system that was not registered before" in told(laws)


async def test_own_read_of_a_system_that_no_entry_registered_is_told(laws: Laws) -> None:
    document = await laws.deposit()
    copied(laws, "sote-keskus-system", "sote-keskus")
    who = replace(laws.requester("sote-keskus", "laakari", "care"), system="rogue")
    assert isinstance(await laws.ask(laws.read_of(document, who)), ReleasedOwn)
    assert "a partner system that was not registered before" in told(laws)
