"""A custodian's own FHIR server with one client's plan, to be read there or through the gateway."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx

from gateway.demo.custodian import custodian_server, held_sample, put_client, put_document, write_custodians
from gateway.demo.documents import Sample
from gateway.demo.world import load_world
from gateway.directory.identity_code import PersonalIdentityCode
from tests.bench.load import LoadFailed, Sent
from tests.bench.machine import children_of, on_cores
from tests.bench.population import CATEGORY, CUSTODIAN, RESOURCE, person_of

_CLIENT, _PLAN = "client", "plan"
_OWNER = 1
"""The number of the client whose plan it is: one with a single document in the gateway's own store."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The server: its base address and its process."""

    base: str
    process: int

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return urlsplit(self.base).port or 80

    def written(self, folder: Path) -> Path:
        """Return the file that tells the gateway of it."""
        return write_custodians(folder / "custodians.yaml", self.base)


@contextmanager
def custodian_outside(cores: frozenset[int]) -> Iterator[Outside]:
    """Start the server on *cores* with the plan on it, and stop it afterwards."""
    before = set(children_of(os.getpid()))
    with on_cores(cores), custodian_server("simulator", apart=True) as base:
        (process,) = set(children_of(os.getpid())) - before
        _put_plan(base)
        yield Outside(base, process)


def _put_plan(base: str) -> None:
    world = load_world()
    code = person_of(_OWNER).value
    if not isinstance(code, PersonalIdentityCode):
        raise TypeError("the bench's clients have identity codes")
    owner = replace(next(iter(world.clients.values())), code=code)
    peopled = replace(world, clients=MappingProxyType({_CLIENT: owner}))
    plan = held_sample(peopled, Sample(_PLAN, CUSTODIAN, _CLIENT, CATEGORY), datetime.now(UTC))
    with httpx.Client(timeout=60, trust_env=False) as web:
        put_client(web, base, _CLIENT, owner)
        put_document(web, base, _PLAN, plan)


def read_there() -> Sent:
    """Return the read of the plan from the server itself, by its id there: the cheapest that there is."""
    return Sent(f"/fhir/{RESOURCE}/{_PLAN}")


def met_through(base_url: str, search: Sent, own: str) -> str:
    """Search once through the gateway and return our id of the plan; *own* is the client's document with the gateway.

    Raises LoadFailed where the plan is not found.
    """
    headers = {"Authorization": f"Bearer {search.token}", "Content-Type": search.kind}
    answer = httpx.post(f"{base_url}{search.path}", content=search.body, headers=headers, timeout=60, trust_env=False)
    entries = answer.json().get("entry", []) if answer.status_code == 200 else []
    found = {str(entry["resource"].get("id")) for entry in entries if entry["resource"]["resourceType"] == RESOURCE}
    if len(found - {own}) != 1:
        raise LoadFailed(f"a search finds {len(found)} plans, not the one outside ({answer.status_code})")
    (met,) = found - {own}
    return met
