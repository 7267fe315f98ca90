"""How many decisions a second each policy engine makes, by the number of consents that it must look through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.server import ServerEngine
from adapters.opa.shipped import read_bundle
from gateway.demo.local_opa import local_opa
from gateway.demo.population import system_of
from gateway.demo.world import load_world
from gateway.directory.instants import to_micros
from gateway.disclosure.decision import Permit
from gateway.disclosure.facts import Facts, make_facts
from gateway.disclosure.ports import PolicyEngine
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.snapshot import (
    ClientStanding,
    DocumentFacts,
    Epochs,
    GrantFacts,
    PartnerStanding,
    Snapshot,
)
from tests.bench.machine import SERVER, on_cores
from tests.bench.population import CATEGORY, CUSTODIAN, PURPOSE, RECIPIENT, RESOURCE, ROLE
from tests.bench.results import Figure
from tests.bench.sizes import Sizes

CONSENTS = (1, 20, 200)
_DAY = 24 * 3600 * 1_000_000


def measure_engines(sizes: Sizes) -> Iterator[Figure]:
    """Yield microseconds a decision, and decisions a second, of each engine on one core; one question at a time."""
    with on_cores(SERVER):
        yield from asyncio.run(_measure("embedded", EmbeddedEngine(), sizes.seconds))
        with local_opa() as address:
            yield from asyncio.run(_measure_server(address, sizes.seconds))


async def _measure_server(address: str, seconds: int) -> list[Figure]:
    async with ServerEngine(address, read_bundle().revision) as engine:
        return await _measure("OPA server", engine, seconds)


async def _measure(told: str, engine: PolicyEngine, seconds: int) -> list[Figure]:
    figures: list[Figure] = []
    for consents in CONSENTS:
        facts = [question(consents)]
        await _ask(engine, facts, seconds / 8)
        took = await _ask(engine, facts, seconds / 2)
        took.sort()
        figures.append(
            Figure(
                f"decide-{told.partition(' ')[0].lower()}-{consents}",
                f"a decision, {told}, {consents} consents" if consents > 1 else f"a decision, {told}, 1 consent",
                1e6 * took[len(took) // 2], "us", f"{len(took) / sum(took):,.0f} decisions/s",
            )
        )  # fmt: skip
    return figures


async def _ask(engine: PolicyEngine, facts: list[Facts], seconds: float) -> list[float]:
    took: list[float] = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        (decision,) = await engine.decide_many(facts)
        took.append(time.perf_counter() - began)
        if not isinstance(decision, Permit):
            raise TypeError(f"the policy refuses what it should permit: {decision}")
    return took


def question(consents: int) -> Facts:
    """Return the facts of a read that the oldest of so many grants opens; the others are of another category."""
    directory, now = load_world().directory, datetime.now(UTC)
    at = to_micros(now)
    organisation = directory.services[RECIPIENT].organisation
    system = system_of(RECIPIENT)
    requester = Requester(system, organisation, RECIPIENT, ROLE, PURPOSE, "substantial", "1", "Olli Esimerkki", "0")
    request = DisclosureRequest(Action.READ, requester, RESOURCE, ROLE, PURPOSE, "0", document="0")
    sections = dict.fromkeys(directory.categories[CATEGORY].sections, ())
    document = DocumentFacts("0", 1, CUSTODIAN, CATEGORY, RESOURCE, at - _DAY, (), sections, "0")
    grants = tuple(
        GrantFacts(
            id=f"{number:032x}", consent=f"{number:032x}", version=1, custodian=CUSTODIAN, recipient=RECIPIENT,
            category=CATEGORY if number == 0 else "self-assessment", purpose=PURPOSE, valid_from=at - _DAY,
            until=at + _DAY, sensitivities=(), single_use=False, document=None, dated_from=None, dated_until=None,
            withdrawn=False, confirmed=True, spent=False, ended=False, seq=number, by_client=True,
        )
        for number in reversed(range(consents))
    )  # fmt: skip
    snapshot = Snapshot(
        Epochs(1, 1, 1), ClientStanding("0", known=True, suspended=False, non_disclosure=False),
        PartnerStanding(system, organisation, (RECIPIENT,), suspended=False), (document,), grants, (), (), (),
        frozenset((grant.recipient, grant.category) for grant in grants),
    )  # fmt: skip
    return make_facts(request, CATEGORY, document, snapshot, directory, now)
