"""Where the demo's story plays: a gateway that serves over HTTP, the partner systems on the wire, the documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from gateway.composition import Gateway
from gateway.consent.model import ClientId
from gateway.demo.documents import SAMPLES, path_type
from gateway.demo.partner import PartnerSystem
from gateway.demo.telling import Teller
from gateway.demo.world import World
from gateway.disclosure.opened import Opener


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts of the story. *documents* are our ids of the samples, by name."""

    gateway: Gateway
    world: World
    web: httpx.AsyncClient
    systems: Mapping[str, PartnerSystem]
    clients: Mapping[str, ClientId]
    documents: Mapping[str, str]
    teller: Teller

    def address(self, name: str) -> str:
        """Return a sample's address below the base address."""
        category = next(one.category for one in SAMPLES if one.name == name)
        return f"/fhir/{path_type(self.world, category)}/{self.documents[name]}"

    def service(self, code: str) -> str:
        """Return a service's Finnish name."""
        return self.world.directory.services[code].name.fi

    def last_reason(self) -> str:
        """Return why the newest refused request was refused, as the officer reads it in the log; else its kind."""
        opener = Opener(self.gateway.keys)
        with self.gateway.log_store.read() as reader:
            head = reader.heads()[-1]
            for entry in reversed(opener.read(reader, head, max(0, head.size - 50), head.size)):
                if entry.kind in ("decision", "disclosure"):
                    reasons = (entry.b or {}).get("reasons")
                    return ", ".join(map(str, reasons)) if isinstance(reasons, list) else entry.kind
        return "no entry"
