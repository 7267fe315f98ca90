"""Each partner's share of the token endpoint: a flood of good assertions is its own partner's, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import Receive, Scope, Send

from adapters.sql.database import ReadingThreads
from adapters.sql.engine import Database, open_database
from adapters.sql.tables.partners import PartnerRow
from adapters.sql.token_store import TokenStore
from adapters.tokens.allowance import Pace
from adapters.tokens.authorization_server import PartnerAuthorizationServer
from gateway.http.admission import Admission, AdmissionLayer, Bounds
from gateway.http.limits import Limits
from gateway.http.problems import install_problems
from gateway.http.token_routes import REVOCATION_PATH, TOKEN_PATH, token_router
from gateway.http.turning_away import PACED
from tests.contract.databases import database_url
from tests.http.conftest import TokenDesk
from tests.parts.partner import BASE, TOKEN_ENDPOINT, PartnerSystem, SteeredClock
from tests.parts.postgres import ON_BOTH

AT_ONCE = 3
LONG = 30.0


@pytest.fixture(params=ON_BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of either kind with its tables, without triggers."""
    with database_url(request.param, tmp_path) as url:
        opened = open_database(str(url))
        with opened.write() as connection:
            PartnerRow.metadata.create_all(connection)
            connection.commit()
        yield opened
        opened.close()


@dataclass
class Paced:
    """The token endpoint with few places and a small share, on seconds that pass when told."""

    desk: TokenDesk
    web: httpx.AsyncClient
    paced: list[object]
    seconds: float = 0.0

    async def ask(self, system: PartnerSystem, **changed: str | None) -> httpx.Response:
        """Ask for a token."""
        return await self.web.post(TOKEN_PATH, data=system.form(**changed))

    async def revoke(self, system: PartnerSystem, token: str) -> httpx.Response:
        """Take a token back."""
        form = system.form(grant_type=None, scope=None) | {"token": token}
        return await self.web.post(REVOCATION_PATH, data=form)

    def kept(self) -> int:
        """How many used assertions the store remembers."""
        with self.desk.database.read() as connection:
            return int(connection.execute(text("SELECT count(*) FROM replay")).scalar_one())


@asynccontextmanager
async def serving(desk: TokenDesk, held_back: float) -> AsyncIterator[Paced]:
    """Serve within the lanes; who has had its share is kept for *held_back* seconds."""
    server = PartnerAuthorizationServer(
        issuer=BASE, token_endpoint=TOKEN_ENDPOINT, partners=desk.register, replay=TokenStore(desk.database),
        tokens=desk.tokens, clock=desk.clock, pace=Pace(AT_ONCE, 1.0, lambda: made.seconds),
    )  # fmt: skip
    admission, app = Admission(Bounds(strangers=1, rest=0.0, patience=LONG, held_back=held_back)), FastAPI()
    install_problems(app, challenge="Bearer")
    app.include_router(token_router(server, desk._record, ReadingThreads(4, 64), admission.hold_back))
    layered, paced = AdmissionLayer(app, admission=admission), list[object]()

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        await layered(scope, receive, send)
        paced.append(scope.get(PACED))

    whole = Limits(noting, new_request_id=lambda: "made-here-1")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(whole), base_url=BASE) as web:
        made = Paced(desk, web, paced)
        yield made


@pytest.fixture
async def paced(desk: TokenDesk) -> AsyncIterator[Paced]:
    """The endpoint where nobody who has had its share is held back long."""
    async with serving(desk, 0.0) as made:
        yield made


@pytest.fixture
def other(desk: TokenDesk, clock: SteeredClock) -> PartnerSystem:
    """Another partner system that is registered."""
    made = PartnerSystem(clock, id="other-system")
    desk.enrol(made)
    return made


async def test_a_partner_that_floods_has_its_share_and_keeps_nobody_else_from_a_token(
    paced: Paced, system: PartnerSystem, other: PartnerSystem
) -> None:
    answers = [await paced.ask(system) for _ in range(AT_ONCE + 5)]
    assert [one.status_code for one in answers] == [200] * AT_ONCE + [503] * 5
    refused = answers[-1]
    assert refused.json()["code"] == "too-busy" and int(refused.headers["retry-after"]) >= 1
    assert "access_token" not in refused.text
    # Of what was refused nothing is kept, and whoever holds the connection reads it in turn.
    assert paced.kept() == AT_ONCE and paced.paced == [None] * AT_ONCE + [1] * 5
    assert (await paced.ask(other)).status_code == 200


async def test_a_share_grows_again_with_time_and_never_beyond_what_it_was(paced: Paced, system: PartnerSystem) -> None:
    for _ in range(AT_ONCE):
        await paced.ask(system)
    paced.seconds = 1.0
    assert [(await paced.ask(system)).status_code for _ in range(2)] == [200, 503]
    paced.seconds = 10_000.0
    answers = [(await paced.ask(system)).status_code for _ in range(AT_ONCE + 1)]
    assert answers == [200] * AT_ONCE + [503]


async def test_nobody_but_the_partner_itself_uses_up_its_share(
    paced: Paced, system: PartnerSystem, other: PartnerSystem
) -> None:
    caught = system.form()
    assert (await paced.web.post(TOKEN_PATH, data=caught)).status_code == 200
    forger = replace(other, id=system.id)
    for _ in range(2 * AT_ONCE):
        ended = system.assertion(system.claims(iat=1, exp=2))
        # What somebody else caught, what another's key signed, a name that anyone can write, and what has ended.
        for form in (
            caught, forger.form(), system.form(client_assertion=None, client_id=system.id), system.form(ended),
        ):  # fmt: skip
            assert (await paced.web.post(TOKEN_PATH, data=form)).json()["error"] == "invalid_client"
    rest = [(await paced.ask(system)).status_code for _ in range(AT_ONCE)]
    assert rest == [200] * (AT_ONCE - 1) + [503]


async def test_who_asked_for_too_many_tokens_can_still_take_them_back_and_not_without_end(
    paced: Paced, system: PartnerSystem
) -> None:
    tokens = [(await paced.ask(system)).json()["access_token"] for _ in range(AT_ONCE)]
    assert (await paced.ask(system)).status_code == 503
    assert [(await paced.revoke(system, one)).status_code for one in tokens] == [200] * AT_ONCE
    assert (await paced.revoke(system, tokens[0])).status_code == 503


async def test_many_at_once_get_no_more_than_the_share(paced: Paced, system: PartnerSystem) -> None:
    answers = await asyncio.gather(*(paced.ask(system) for _ in range(20)))
    assert sorted(one.status_code for one in answers) == [200] * AT_ONCE + [503] * (20 - AT_ONCE)


async def test_who_has_had_its_share_is_held_back_without_a_place_that_another_needs(
    desk: TokenDesk, system: PartnerSystem, other: PartnerSystem
) -> None:
    async with serving(desk, LONG) as paced:
        for _ in range(AT_ONCE):
            assert (await paced.ask(system)).status_code == 200
        # There is one place for those whom nobody knows, and each of these would hold it for as long as the test.
        flood = [asyncio.create_task(paced.ask(system)) for _ in range(10)]
        for _ in range(AT_ONCE):
            assert (await asyncio.wait_for(paced.ask(other), LONG)).status_code == 200
        assert not any(task.done() for task in flood)
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
