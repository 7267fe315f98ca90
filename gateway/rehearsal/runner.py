"""Playing a case: one fresh gateway, one steered clock, step after step until one does not go as told."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from adapters.clocks import SteeredClock
from gateway.app import create_app
from gateway.demo.partner import TokenRefused
from gateway.demo.population import make_systems, populate
from gateway.demo.world import World, load_world
from gateway.errors import GatewayError
from gateway.rehearsal import case, consent_steps, document_steps, log_steps
from gateway.rehearsal.case import Case, Step
from gateway.rehearsal.stage import MakeGateway, Stage, Unexpected


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case went. `failure` is None where every step went as told, else the step and what came instead."""

    case: Case
    failure: str | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Return whether every step went as told."""
        return self.failure is None


# Each step's value is of the type that it stands under: a type checker cannot follow that.
_PLAY: Mapping[type, Callable[[Stage, Any], Awaitable[None]]] = {
    case.Deposit: document_steps.deposit,
    case.Request: document_steps.request,
    case.Search: document_steps.search,
    case.GiveConsent: consent_steps.give,
    case.Refuse: consent_steps.refuse,
    case.Prohibit: consent_steps.prohibit,
    case.Unprohibit: consent_steps.unprohibit,
    case.Confirm: consent_steps.confirm,
    case.Change: consent_steps.change,
    case.Withdraw: consent_steps.withdraw,
    case.Relate: consent_steps.relate,
    case.Suspend: log_steps.suspend,
    case.Advance: log_steps.advance,
    case.MoveTo: log_steps.move_to,
    case.See: log_steps.see,
    case.Notified: log_steps.notified,
    case.Verify: log_steps.verify,
}


Watch = Callable[[httpx.Response], Awaitable[None]]
"""Is shown every answer that the gateway gives while a case is played."""


async def play(one: Case, make_gateway: MakeGateway, world: World | None = None, watch: Watch | None = None) -> Outcome:
    """Play a case on a gateway of its own, until the first step that does not go as told."""
    world, clock, began = world or load_world(), SteeredClock(one.at), time.perf_counter()
    async with make_gateway(clock) as gateway:
        systems = make_systems(world)
        clients = await populate(gateway, world, systems)
        transport = httpx.ASGITransport(create_app(gateway))
        hooks = {"response": [watch]} if watch is not None else {}
        async with httpx.AsyncClient(transport=transport, base_url=gateway.settings.base_url, event_hooks=hooks) as web:
            stage = Stage(gateway, world, clock, web, systems, clients)
            failure = await _play_steps(stage, one)
    return Outcome(one, failure, time.perf_counter() - began)


async def _play_steps(stage: Stage, one: Case) -> str | None:
    for step in one.steps:
        try:
            await _PLAY[type(step.act)](stage, step.act)
        except Unexpected as unexpected:
            return _where(step, str(unexpected))
        except (GatewayError, TokenRefused, httpx.HTTPError) as error:
            return _where(step, f"{type(error).__name__}: {error}")
    return None


def _where(step: Step, says: str) -> str:
    return f"step {step.number} ({step.word}): {says}"
