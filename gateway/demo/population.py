"""The demo world in an open gateway: its people enrolled, a partner system registered for every service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from adapters.tokens.simulator import SimulatedPartner
from audit.log import Dropped
from gateway.consent.model import Actor, ClientId
from gateway.consent.person import Person
from gateway.demo.partner import SCOPES
from gateway.demo.world import DemoClient, World
from gateway.desks import register_desks
from gateway.directory.identity_code import Identifier
from gateway.errors import SettingsError
from gateway.open_gateway import Gateway

_GATEWAY = Actor(system="gateway")


def system_of(service: str) -> str:
    """Return the id of a service's partner system."""
    return f"{service}-system"


def make_systems(world: World) -> dict[str, SimulatedPartner]:
    """Return a partner system with a new key for every service, by its id."""
    ids = map(system_of, world.directory.services)
    return {one: SimulatedPartner.create(one) for one in ids}


def load_systems(folder: Path, world: World) -> dict[str, SimulatedPartner]:
    """Return the partner systems whose keys lie in *folder*, one file each (0600); what is missing is made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    systems: dict[str, SimulatedPartner] = {}
    for one in map(system_of, world.directory.services):
        file = folder / f"{one}.jwk.json"
        if file.exists():
            try:
                systems[one] = SimulatedPartner.from_private_jwk(one, file.read_text("ascii"))
            except (ValueError, OSError):
                raise SettingsError(f"The demo's key {file.name} cannot be read; start afresh with RESET=1.") from None
        else:
            systems[one] = SimulatedPartner.create(one)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as written:
                written.write(systems[one].private_jwk())
    return systems


async def populate(gateway: Gateway, world: World, systems: Mapping[str, SimulatedPartner]) -> dict[str, ClientId]:
    """Enrol the world's people and register its partner systems; what is there stays. Return our ids of the people."""
    there = {partner.id for partner in gateway.partners.list()}
    for service, row in world.directory.services.items():
        system = systems[system_of(service)]
        if system.id in there:
            continue
        item = gateway.partners.adding(
            system.id, organisation=row.organisation, services=[service], scope=SCOPES, jwks=system.public_jwks(),
            by="demo",
        )  # fmt: skip
        if isinstance(await gateway.log.submit(item), Dropped):
            raise SettingsError(f"The partner system {system.id} cannot be registered.")
    await register_desks(gateway, "demo")
    return {key: await _enrol(gateway, client) for key, client in world.clients.items()}


def identifier_of(client: DemoClient) -> dict[str, str]:
    """Return a client's identifier as it travels in a body."""
    identifier = Identifier.personal(client.code)
    return {"system": identifier.authority, "value": client.code.reveal()}


async def _enrol(gateway: Gateway, client: DemoClient) -> ClientId:
    channels = {"phone": client.phone} | ({"email": client.email} if client.email else {})
    person = Person((Identifier.personal(client.code),), client.name, client.language, client.register, channels)
    id_ = await gateway.clients.enrol(person, _GATEWAY)
    if client.non_disclosure:
        with gateway.database.read() as connection:
            standing = gateway.register.standing(connection, id_)
        if standing is None or not standing.non_disclosure:
            await gateway.clients.mark(id_, non_disclosure=True, by=_GATEWAY)
    return id_


def written(identifier: Mapping[str, str]) -> str:
    """Return an identifier as a FHIR search says it."""
    return f"{identifier['system']}|{identifier['value']}"
