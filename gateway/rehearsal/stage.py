"""Where a case is played: an open gateway, its partner systems, and what the case's names stand for so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx

from adapters.clocks import SteeredClock
from adapters.tokens.acting import Acting
from adapters.tokens.simulator import SimulatedPartner
from gateway.consent.model import ClientId, ConsentId
from gateway.demo.partner import PartnerSystem, any_worker
from gateway.demo.population import identifier_of, system_of
from gateway.demo.world import World
from gateway.open_gateway import Gateway

MakeGateway: TypeAlias = Callable[[SteeredClock], AbstractAsyncContextManager[Gateway]]
"""Opens a fresh, empty gateway on the clock that the case steers."""


class Unexpected(Exception):
    """A step did not go as the case says; the text says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A deposited document: our id of it and its category."""

    id: str
    category: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts that steps act on. What names stand for is added as the steps are played."""

    gateway: Gateway
    world: World
    clock: SteeredClock
    web: httpx.AsyncClient
    simulated: Mapping[str, SimulatedPartner]
    clients: Mapping[str, ClientId]
    documents: dict[str, StoredDocument] = field(default_factory=dict)
    consents: dict[str, ConsentId] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """Whose each consent is, by its name."""
    handles: dict[str, str] = field(default_factory=dict)
    """The handle of the code that confirms a consent, by its name, where one was sent."""
    prohibitions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Id and client of each prohibition, by its name."""

    def system(self, id_: str) -> PartnerSystem:
        """Return a partner system on the wire."""
        return PartnerSystem(self.simulated[id_], self.web, self.gateway.settings.base_url, self.clock.now)

    async def act(
        self, service: str, scope: str, path: str, body: object, *, acting: Acting | None = None
    ) -> httpx.Response:
        """Let a worker of *service* post to the JSON API by its own partner system."""
        who = acting or any_worker(self.world.directory, service)
        return await self.system(system_of(service)).ask(who, scope, "POST", path, body=body)

    def identifier(self, client: str) -> dict[str, str]:
        """Return a client's identifier as it travels in a body."""
        return identifier_of(self.world.clients[client])

    def name_of(self, document: str) -> str:
        """Return a document's name in the case."""
        names = (name for name, stored in self.documents.items() if stored.id == document)
        return next(names, "a document that is not of this case")

    def path_type(self, category: str) -> str:
        """Return the FHIR type at whose address documents of a category lie."""
        resource = self.world.directory.categories[category].resource
        return "Bundle" if resource == "Composition" else resource


def expect(what: str, expected: object, found: object) -> None:
    """Raise Unexpected unless both are the same."""
    if expected != found:
        raise Unexpected(f"{what}: expected {say(expected)}, came {say(found)}")


def say(value: object) -> str:
    """Return a value as a report says it."""
    match value:
        case None:
            return "none"
        case list() | tuple() | set() | frozenset():
            items = sorted(value) if isinstance(value, set | frozenset) else value
            return "[" + ", ".join(map(say, items)) + "]"
        case _:
            return str(value)
