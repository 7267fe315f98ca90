"""Signing in, in process: a gateway with its pages, the demo's providers beside it, and browsers that meet both."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx

from adapters.sql.session_store import SqlSessionStore
from gateway.app import create_app
from gateway.demo.provider.installing import CLIENTS, IDENTIFICATION, DemoProviders, install_providers
from gateway.site import open_site
from gateway.web.sign_in.pace import Pace
from gateway.web.sign_in.sessions import KeptSessions
from tests.laws.gateway_world import BASE, Laws, open_world

COOKIE, ATTEMPT = "__Host-saattaen-session", "__Host-saattaen-sign-in"
Meddler = Callable[[httpx.Request, httpx.Response], httpx.Response]


def untouched(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
    """Let an answer pass."""
    return answer


@dataclass
class Roads(httpx.AsyncBaseTransport):
    """Leads each request to the app at its port. *meddle* is whoever sits on the gateway's road to a provider."""

    apps: dict[int | None, httpx.ASGITransport] = field(default_factory=dict)
    meddle: Meddler = untouched
    asked: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Lead one request."""
        self.asked.append(request)
        answer = await self.apps[request.url.port].handle_async_request(request)
        await answer.aread()
        return self.meddle(request, answer)


@dataclass
class Browser:
    """A browser without scripts that follows redirects only when told."""

    web: httpx.AsyncClient

    async def asks(self, provider: str = CLIENTS, next: str = "", again: bool = False) -> httpx.URL:
        """Begin to sign in; return where the browser is sent."""
        query = {"next": next} if next else {}
        answer = await self.web.get(
            f"{BASE}/sign-in/{provider}/start", params=query | ({"again": "1"} if again else {})
        )
        assert answer.status_code == 303, answer.text
        return httpx.URL(answer.headers["location"])

    async def identifies(self, place: httpx.URL, person: str) -> httpx.URL:
        """Choose who one is at the provider; return the callback's address with its answer."""
        page = await self.web.get(place)
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)">\n', page.text))
        action = re.search(r'action="([^"]+)"', page.text)
        assert action is not None, page.text
        form = {name: unescape(value) for name, value in fields.items()}
        answer = await self.web.post(action[1], data=form | ({"person": person} if person else {}))
        assert answer.status_code == 303, answer.text
        return httpx.URL(answer.headers["location"])

    async def signs_in(
        self, person: str, provider: str = CLIENTS, next: str = "", again: bool = False
    ) -> httpx.Response:
        """Go all the way; return the callback's answer."""
        return await self.web.get(await self.identifies(await self.asks(provider, next, again), person))

    @property
    def cookie(self) -> str | None:
        """The session's cookie."""
        return self.web.cookies.get(COOKIE)

    async def is_in(self) -> bool:
        """Whether somebody is signed in."""
        return 'action="/sign-out"' in (await self.web.get(f"{BASE}/help")).text

    async def csrf(self) -> str:
        """The token of the page's forms."""
        found = re.search(r'name="csrf" value="([^"]+)"', (await self.web.get(f"{BASE}/help")).text)
        assert found is not None
        return found[1]


@dataclass
class SignInWorld:
    """The gateway and its providers."""

    laws: Laws
    providers: DemoProviders
    to_providers: Roads
    waited: list[float]
    transport: Roads
    sessions: KeptSessions

    def browser(self) -> Browser:
        """Return a new browser."""
        return Browser(httpx.AsyncClient(transport=self.transport, headers={"accept-language": "en"}))


@asynccontextmanager
async def open_sign_in(folder: Path) -> AsyncIterator[SignInWorld]:
    """Open a gateway with its pages and its providers on an installation in *folder*."""
    async with open_world(folder, web=False) as laws:
        roads, to_providers, waited = Roads(), Roads(), list[float]()
        providers = install_providers(
            folder, laws.world, BASE, laws.clock.now, lambda: httpx.AsyncClient(transport=roads)
        )
        settings = laws.gateway.settings.model_copy(update={"identification": folder / IDENTIFICATION})
        gateway = replace(laws.gateway, settings=settings)

        async def wait(seconds: float) -> None:
            waited.append(seconds)

        site = open_site(gateway, to_providers, Pace(wait=wait))
        clients, staff = (httpx.ASGITransport(app) for app in providers.apps())
        to_providers.apps |= {444: clients, 445: staff}
        roads.apps |= {444: clients, 445: staff, None: httpx.ASGITransport(create_app(gateway, site=site))}
        store = SqlSessionStore(gateway.database, gateway.keyring.session_key)
        sessions = KeptSessions(store, laws.clock.now)
        yield SignInWorld(replace(laws, gateway=gateway), providers, to_providers, waited, roads, sessions)


def changed(address: httpx.URL, changes: Mapping[str, str | None]) -> str:
    """Return an address with some parameters changed, or taken away."""
    query = {**dict(parse_qsl(urlsplit(str(address)).query)), **changes}
    return str(address.copy_with(params={name: value for name, value in query.items() if value is not None}))
