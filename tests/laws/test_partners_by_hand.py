"""A partner system that was put into the register by hand, or whose rows were changed there, is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from adapters.tokens.simulator import SimulatedPartner
from gateway.disclosure.order_partners import Registered, Registration, differing_partners, registration
from gateway.disclosure.release import Released, ReleasedOwn
from gateway.verification import verify_gateway
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


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("organisation = 'kela'", "organisation"),
        ("scope = 'system/*.rs saattaen/deposits'", "scope"),
        ("suspended = TRUE", "suspended"),
        ("jwks = '{}'", "keys, thumbprints of keys"),
    ],
)
async def test_register_that_says_otherwise_than_the_log_is_told(laws: Laws, change: str, what: str) -> None:
    assert told(laws) == []
    edit(laws.gateway.database, f"UPDATE partner SET {change} WHERE id = 'kuntakokeilu-system'")  # noqa: S608
    assert told(laws) == [f"the register says otherwise than the log: {what}"]


async def test_key_that_was_replaced_under_the_same_id_is_told(laws: Laws) -> None:
    real = laws.systems["kuntakokeilu-system"]
    forged = SimulatedPartner(real.id, ECKey.generate_key("P-256", {"kid": real.key.kid}))
    edit(laws.gateway.database, "UPDATE partner SET jwks = :keys WHERE id = :id", keys=forged.public_jwks(), id=real.id)
    assert told(laws) == ["the register says otherwise than the log: thumbprints of keys"]


async def test_services_and_systems_that_were_added_or_taken_by_hand_are_told(laws: Laws) -> None:
    copied(laws, "kuntakokeilu-system", "kuntakokeilu")
    edit(laws.gateway.database, "UPDATE partner_service SET service = 'kela' WHERE partner = 'kuntakokeilu-system'")
    edit(laws.gateway.database, "DELETE FROM partner WHERE id = 'kela-system'")
    assert told(laws) == [
        "the register says otherwise than the log: services", "no entry registered it",
        "the log registered it and the register lacks it",
    ]  # fmt: skip


async def test_registration_that_was_changed_by_its_own_command_is_in_order(laws: Laws) -> None:
    partners, real = laws.gateway.partners, laws.systems["kuntakokeilu-system"]
    other = SimulatedPartner(real.id, ECKey.generate_key("P-256", {"kid": "another"}))
    for item in (
        partners.adding_keys(real.id, other.public_jwks(), by="op"), partners.suspending("kela-system", by="op"),
        partners.changing("sote-keskus-system", by="op", scope="system/*.rs"),
    ):  # fmt: skip
        await laws.gateway.log.submit(item)
    assert told(laws) == []


def test_entries_of_before_that_tell_key_ids_alone_are_compared_by_these() -> None:
    said = registration(Registration(), "partner.added", {"organisation": "o", "services": ["s"], "keys": ["k"]})
    row = Registered("x", "o", frozenset({"s"}), "scope", ("k",), ("print",), suspended=False)
    assert list(differing_partners({"x": said}, [row], all_known=True)) == []
    other = replace(row, keys=("l",))
    assert list(differing_partners({"x": said}, [other], all_known=True)) == [
        ("x", "the register says otherwise than the log: keys")
    ]
    assert list(differing_partners({}, [row], all_known=False)) == []
