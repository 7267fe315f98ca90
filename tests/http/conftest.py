"""The machine edge's harness: the partner routes alone, over a database of its own and a clock that a test moves."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi import Depends, FastAPI

from adapters.keyring.ring import KeyRing
from adapters.sql.database import ReadingThreads
from adapters.sql.engine import Database, open_database
from adapters.sql.partner_register import PartnerItem, PartnerRegister
from adapters.sql.tables.partners import PartnerRow
from adapters.sql.token_store import TokenStore
from adapters.tokens.access_token import AccessTokens, AccessTokenVerifier
from adapters.tokens.authorization_server import PartnerAuthorizationServer
from adapters.tokens.keys import ASSERTION_ALGORITHMS, TokenKeys, check_public_keys
from audit.writing import Writing
from gateway.directory.instants import to_micros
from gateway.disclosure.event_id import new_event_id
from gateway.disclosure.request import Requester
from gateway.disclosure.scopes import OWN_SCOPES, covers, parse_scopes
from gateway.http.authentication import Authenticator, challenge
from gateway.http.bodies import Bodies
from gateway.http.limits import Limits
from gateway.http.metadata_routes import RESOURCE_METADATA_PATH, metadata_router
from gateway.http.problems import EdgeError, install_problems
from gateway.http.token_routes import TokenRevocation, token_router
from tests.parts.partner import BASE, TOKEN_ENDPOINT, PartnerSystem, SteeredClock

ORGANISATIONS = {"urn:oid:1.2.246.10.99000026": "tyollisyysalue"}


@dataclass
class TokenDesk:
    """Everything between a partner system and its Requester, wired as the app wires it."""

    clock: SteeredClock
    database: Database
    keys: KeyRing
    register: PartnerRegister = field(init=False)
    tokens: AccessTokens = field(init=False)
    app: FastAPI = field(init=False)
    client: httpx.AsyncClient = field(init=False)
    refused: int = 0

    def __post_init__(self) -> None:
        self.register = PartnerRegister(
            self.database, check_keys=check_public_keys, check_scope=parse_scopes,
            new_event_id=lambda: new_event_id(self.clock.now()),
        )  # fmt: skip
        store = TokenStore(self.database)
        self.tokens = AccessTokens(
            issuer=BASE, audience=BASE + "/fhir", clock=self.clock,
            keys=TokenKeys(self.keys.tokens.current, self.keys.tokens.private),
        )  # fmt: skip
        server = PartnerAuthorizationServer(
            issuer=BASE, token_endpoint=TOKEN_ENDPOINT, partners=self.register, replay=store, tokens=self.tokens,
            clock=self.clock,
        )  # fmt: skip
        authenticator = Authenticator(AccessTokenVerifier(self.tokens, store, ORGANISATIONS.get), self._count)
        self.app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        install_problems(self.app, challenge=challenge(BASE + RESOURCE_METADATA_PATH))
        self.app.include_router(token_router(server, self._record, ReadingThreads(4, 64)))
        self.app.include_router(
            metadata_router(
                base=BASE, scopes=sorted(OWN_SCOPES), assertion_algorithms=list(ASSERTION_ALGORITHMS),
                token_keys=self.tokens.keys.jwks, receipt_keys=self.keys.receipts.public_jwks,
            )
        )  # fmt: skip

        @self.app.get("/tasks")
        async def tasks(requester: Requester = Depends(authenticator)) -> str:
            if not covers(requester.scope, "system/Task.s"):
                raise EdgeError("insufficient-scope")
            return "here they are"

        @self.app.get("/fhir/me/{part}")
        @self.app.post("/me/{part}")
        async def me(requester: Requester = Depends(authenticator)) -> dict[str, str | None]:
            return {
                name: getattr(requester, name)
                for name in (
                    "system",
                    "organisation",
                    "service",
                    "role",
                    "purpose",
                    "assurance",
                    "person",
                    "person_name",
                )
            } | {"scope": " ".join(sorted(requester.scope)), "token_id": requester.token_id}

        self.app.add_middleware(
            Limits, new_request_id=lambda: new_event_id(self.clock.now()), demo=True, bodies=Bodies(most=100_000)
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE)

    def _count(self) -> None:
        self.refused += 1

    async def _record(self, revocation: TokenRevocation) -> None:
        self.apply(self.register.revoking(revocation.partner, revocation.token_id, to_micros(revocation.expires)))

    def apply(self, item: PartnerItem) -> None:
        """Do what the log's writer would do with the item, without the log."""
        with self.database.write() as connection:
            item.apply(Writing(connection, "test", 0, 0), to_micros(self.clock.now()))
            connection.commit()

    def enrol(
        self, system: PartnerSystem, scope: str = "system/CarePlan.rs system/Task.cruds saattaen/consents"
    ) -> None:
        """Register a partner system of the employment area."""
        self.apply(
            self.register.adding(
                system.id, organisation="tyollisyysalue", services=["kuntakokeilu"], scope=scope, jwks=system.jwks(),
                by="test",
            )
        )  # fmt: skip

    async def ask(self, form: dict[str, str]) -> httpx.Response:
        """Post a token request."""
        return await self.client.post("/oauth/token", data=form)

    async def token(self, system: PartnerSystem) -> str:
        """Return a new access token."""
        answer = await self.ask(system.form())
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def me(self, token: str) -> httpx.Response:
        """Use a token."""
        return await self.client.get("/fhir/me/x", headers={"authorization": f"Bearer {token}"})


@pytest.fixture(scope="session")
def key_ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    """A demo's keys."""
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "ring", demo=True, at=SteeredClock().now())


@pytest.fixture
def clock() -> SteeredClock:
    """A clock that a test moves."""
    return SteeredClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database with its tables, without triggers."""
    opened = open_database(f"sqlite:///{tmp_path}/gateway.db")
    with opened.write() as connection:
        PartnerRow.metadata.create_all(connection)
        connection.commit()
    yield opened
    opened.close()


@pytest.fixture
async def desk(clock: SteeredClock, database: Database, key_ring: KeyRing) -> AsyncIterator[TokenDesk]:
    """The partner routes over that database."""
    logging.getLogger("authlib").setLevel(logging.DEBUG)  # Whatever it logs is to be harmless.
    made = TokenDesk(clock, database, key_ring)
    yield made
    await made.client.aclose()


@pytest.fixture
def system(desk: TokenDesk, clock: SteeredClock) -> PartnerSystem:
    """A partner system that is registered."""
    made = PartnerSystem(clock)
    desk.enrol(made)
    return made
