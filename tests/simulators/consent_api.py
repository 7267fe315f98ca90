"""The JSON API in process, over the consent room in memory. A token is the name of a service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request

from gateway.consent.model import Actor, ClientId
from gateway.consent.person import Person
from gateway.consent.recording import Recording
from gateway.consent.wording import Wordings
from gateway.consent.wording_files import load_wordings
from gateway.directory.identity_code import Identifier
from gateway.directory.load import load_directory
from gateway.directory.model import Directory
from gateway.disclosure.request import Requester
from gateway.errors import NotAvailable, TokenInvalid
from gateway.http.acting import CONSENTS, RELATIONS, Door
from gateway.http.choice_routes import choice_router
from gateway.http.confirmation_routes import confirmation_router
from gateway.http.consent_routes import consent_router
from gateway.http.limits import Limits
from gateway.http.message_routes import message_router
from gateway.http.once import Once
from gateway.http.openapi import install_openapi
from gateway.http.problems import install_problems
from gateway.http.proof_routes import proof_router
from gateway.http.receipt_routes import receipt_router
from gateway.http.reference import reference_router
from gateway.http.relation_routes import RelationReader, relation_router
from gateway.http.wording_routes import wording_router
from tests.simulators.consent_desk import ConsentDesk, Register, SteeredClock
from tests.simulators.kept_answers import SimulatedAnswers

WORLD = Path(__file__).parents[2] / "gateway" / "demo" / "world.yaml"
BASE = "https://gateway.example"
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@dataclass
class ConsentApi:
    """The app and the worlds behind it."""

    app: FastAPI
    desk: ConsentDesk
    register: Register
    clock: SteeredClock
    directory: Directory
    suspended: set[str]
    acts: list[str]


@cache
def _world() -> Directory:
    return load_directory(WORLD)


@cache
def _wordings() -> Wordings:
    return load_wordings()


def consent_api(*, demo: bool = True, kind: type[ConsentDesk] = ConsentDesk) -> ConsentApi:
    """Return a fresh API in the demo world, over a consent room of a *kind*."""
    directory = _world()
    clock, register, suspended = SteeredClock(NOW), Register(), set[str]()
    acts: list[str] = []
    desk = kind(directory, clock)
    app = api_over(desk, desk, register.find, register.enrol, clock, directory, suspended, acts, demo=demo)
    return ConsentApi(app, desk, register, clock, directory, suspended, acts)


def api_over(
    desk: Recording, relations: RelationReader, find: Callable[[Identifier], Awaitable[ClientId | None]],
    enrol: Callable[[Person, Actor], Awaitable[ClientId]], clock: SteeredClock, directory: Directory,
    suspended: set[str], acts: list[str], *, demo: bool,
) -> FastAPI:  # fmt: skip
    """Return the API over any consent room: this one in memory, or the real one."""

    async def authenticate(request: Request) -> Requester:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        service, _, scope = token.partition("+")
        organisation = directory.organisation_of(service)
        if kind != "Bearer" or organisation is None:
            raise TokenInvalid("no such token")
        return Requester(
            system=f"{service}-system", organisation=organisation.code, service=service, role="omavalmentaja",
            purpose="employment-support", assurance="substantial", person=f"{service}-worker", person_name="Worker",
            token_id="t", scope=frozenset({scope} if scope else {CONSENTS, RELATIONS}),
        )  # fmt: skip

    async def standing(requester: Requester, act: str) -> None:
        acts.append(act)
        if requester.system in suspended:
            raise NotAvailable("This cannot be done for this requester.")

    door = Door(authenticate, standing, find, enrol, clock, ClientId("nobody"), Once(SimulatedAnswers(), clock), demo)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(consent_router(desk, directory, door))
    app.include_router(proof_router(desk, directory, door))
    app.include_router(choice_router(desk, door))
    app.include_router(receipt_router(desk, door))
    app.include_router(message_router(desk, door))
    app.include_router(relation_router(desk, relations, door))
    app.include_router(confirmation_router(desk))
    app.include_router(wording_router(_wordings(), directory, door))
    install_openapi(app, base=BASE, demo=demo)
    app.include_router(reference_router(app.openapi, demo=demo))
    install_problems(app, challenge='Bearer realm="test"')
    numbers = count(1)
    app.add_middleware(Limits, new_request_id=lambda: f"request-{next(numbers):08}", demo=demo)
    return app
