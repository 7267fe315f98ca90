"""Signing in at an OpenID provider that nobody here wrote: panva's oidc-provider."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from joserfc.jwk import ECKey

from adapters.sql.session_store import SqlSessionStore
from gateway.app import create_app
from gateway.demo.provider.people import CLIENT_CLAIMS, SUBSTANTIAL
from gateway.site import open_site
from gateway.web.session import Session
from gateway.web.sign_in.pace import Pace
from gateway.web.sign_in.sessions import KeptSessions
from tests.laws.gateway_world import BASE, open_world
from tests.parts.oidc_provider import foreign_provider
from tests.parts.ports import free_ports
from tests.web.sign_in_world import Browser, changed

pytestmark = pytest.mark.needs_node


class _Quiet(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        return None


@asynccontextmanager
async def reachable(app: object, port: int) -> AsyncIterator[None]:
    """Serve an app at a port of this machine too: a provider tells it of what ended."""
    server = _Quiet(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))  # type: ignore[arg-type]
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


class Net(httpx.AsyncBaseTransport):
    """The gateway by its name, everything else by the network."""

    def __init__(self, app: object) -> None:
        self._gateway, self._other = httpx.ASGITransport(app), httpx.AsyncHTTPTransport()  # type: ignore[arg-type]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        to = self._gateway if request.url.host == "gateway.example" else self._other
        return await to.handle_async_request(request)


class World:
    """The gateway, the provider's address, and who is signed in."""

    def __init__(self, app: object, sessions: KeptSessions, issuer: str) -> None:
        self._app, self._sessions, self.issuer = app, sessions, issuer

    def browser(self) -> Browser:
        return Browser(httpx.AsyncClient(transport=Net(self._app), headers={"accept-language": "en"}, timeout=60))

    async def session(self, browser: Browser) -> Session | None:
        return await self._sessions.find(browser.cookie or "")

    async def answer(self, browser: Browser, *, again: bool = False) -> str:
        """Go to the provider and let it lead on until it leads back; return that address."""
        place = str(await browser.asks("panva", again=again))
        for _ in range(10):
            answer = await browser.web.get(place)
            assert answer.status_code in (302, 303), answer.text
            place = str(httpx.URL(place).join(answer.headers["location"]))
            if place.startswith(BASE):
                return place
        raise AssertionError("the provider leads nowhere")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    key = ECKey.generate_key("P-256", {"kid": "ours"})
    (tmp_path / "panva.jwk.json").write_text(json.dumps(key.as_dict(private=True)))
    (tmp_path / "panva.jwk.json").chmod(0o600)
    first = free_ports(2)
    ports = first, first + 1
    async with open_world(tmp_path, web=False) as laws:
        suvi = laws.world.clients["suvi"]
        claims = {CLIENT_CLAIMS["identity_code"]: suvi.code.reveal(), CLIENT_CLAIMS["name"]: suvi.name}
        settings = {
            "client": {
                "client_id": "saattaen", "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "ES256", "id_token_signed_response_alg": "ES256",
                "jwks": {"keys": [key.as_dict(private=False)]}, "response_types": ["code"],
                "grant_types": ["authorization_code"], "redirect_uris": [f"{BASE}/sign-in/panva/callback"],
                "post_logout_redirect_uris": [f"{BASE}/sign-out/done"],
                "backchannel_logout_uri": f"http://127.0.0.1:{ports[1]}/sign-in/panva/backchannel-logout",
                "backchannel_logout_session_required": True,
            },
            "account": {"sub": "account-1", "acr": SUBSTANTIAL, "claims": claims},
            "claims": list(claims),
        }  # fmt: skip
        with foreign_provider(ports[0], settings) as issuer:
            row = {
                "kind": "client", "name": {"fi": "p", "sv": "p", "en": "p"}, "issuer": issuer, "client_id": "saattaen",
                "key": "panva.jwk.json", "least": "substantial", "assurance": {SUBSTANTIAL: "substantial"},
                "claims": dict(CLIENT_CLAIMS),
            }  # fmt: skip
            file = tmp_path / "providers.yaml"
            file.write_text(json.dumps({"providers": {"panva": row}}))
            laws.clock.set(datetime.now(UTC))
            changes = laws.gateway.settings.model_copy(update={"identification": file})
            gateway = replace(laws.gateway, settings=changes)
            app = create_app(gateway, site=open_site(gateway, pace=Pace(step=0.01)))
            sessions = KeptSessions(SqlSessionStore(gateway.database, gateway.keyring.session_key), gateway.clock.now)
            async with reachable(app, ports[1]):
                yield World(app, sessions, issuer)


async def test_a_client_signs_in_and_the_provider_has_said_what_we_need(world: World) -> None:
    browser = world.browser()
    place = httpx.URL(await world.answer(browser))
    assert place.params["iss"] == world.issuer
    assert (await browser.web.get(place)).headers["location"] == "/portal"
    session = await world.session(browser)
    assert session is not None
    assert (session.signed_in.name, session.signed_in.assurance) == ("Suvi Esimerkki", "substantial")
    assert session.provider_session


async def test_identifying_once_more_is_asked_of_the_provider(world: World) -> None:
    browser = world.browser()
    await browser.web.get(await world.answer(browser))
    first = await world.session(browser)
    answer = await browser.web.get(await world.answer(browser, again=True))
    second = await world.session(browser)
    assert answer.status_code == 303, answer.text
    assert first is not None
    assert second is not None
    assert second.signed_in.authenticated_at >= first.signed_in.authenticated_at


@pytest.mark.parametrize("changes", [{"iss": "https://evil.example"}, {"state": "x"}, {"code": "guessed"}])
async def test_what_the_provider_did_not_say_signs_nobody_in(world: World, changes: dict[str, str | None]) -> None:
    browser = world.browser()
    answer = await browser.web.get(changed(httpx.URL(await world.answer(browser)), changes))
    assert answer.status_code == 400
    assert await world.session(browser) is None


async def test_the_provider_tells_the_end_of_its_session_and_ours_ends(world: World) -> None:
    browser = world.browser()
    await browser.web.get(await world.answer(browser))
    session = await world.session(browser)
    assert session is not None
    # Signed out at the provider itself: it asks, is told yes, and tells us on a way of its own.
    page = await browser.web.get(f"{world.issuer}/session/end", params={"client_id": "saattaen"})
    token = page.text.split('name="xsrf" value="')[1].split('"')[0]
    form = {"xsrf": token, "logout": "yes"}
    ended = await browser.web.post(f"{world.issuer}/session/end/confirm", data=form)
    assert ended.status_code in (200, 302, 303)
    assert await world.session(browser) is None
