"""Pages in process: a whole gateway, and browsers in which somebody of the demo world is signed in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import httpx
from fastapi import FastAPI

from adapters.sql.session_store import SqlSessionStore
from adapters.suomifi.valtuudet import MandateService, RegisterAccount
from adapters.suomifi.valtuudet_simulator import SimulatedValtuudet
from gateway.app import create_app
from gateway.consent.checks import MandateScope
from gateway.consent.model import ClientId
from gateway.demo.provider.people import load_mandates
from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.rooms.desk import desk_mandates
from gateway.site import make_site
from gateway.web.breaking import SOFT
from gateway.web.desk.mandates import DeskMandates
from gateway.web.session import ActingFor, Kind, Session, Sessions, SignedIn
from tests.laws.gateway_world import BASE, Laws, open_world
from tests.simulators.sessions import SimulatedSessions
from tests.simulators.unpaced import unpaced


@dataclass
class Visitor:
    """One browser without scripts: it keeps cookies, follows no redirect by itself, and fills forms of the page."""

    web: httpx.AsyncClient
    session: Session | None = None

    async def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return await self.web.get(path)

    async def post(self, path: str, fields: Mapping[str, str | list[str]] | None = None) -> httpx.Response:
        """Send a form with this session's token."""
        token = {} if self.session is None else {"csrf": self.session.csrf}
        return await self.web.post(path, data=token | dict(fields or {}))


@dataclass
class People:
    """A gateway with its pages."""

    laws: Laws
    sessions: Sessions
    app: FastAPI
    register: SimulatedValtuudet | None = None
    """The register of mandates that representatives and desks meet; None where there is none."""
    places: dict[str, list[str]] = field(default_factory=dict)
    """Addresses of a furnished world that only a form leads to, by reader."""

    async def visitor(self, signed_in: SignedIn | None = None, language: str = "en") -> Visitor:
        """Return a browser, in which *signed_in* is signed in."""
        base = self.laws.gateway.settings.base_url
        web = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base)
        web.cookies.set("saattaen-language", language)
        if signed_in is None:
            return Visitor(web)
        cookie, session = await self.sessions.begin(signed_in)
        web.cookies.set("__Host-saattaen-session" if base.startswith("https:") else "saattaen-session", cookie)
        return Visitor(web, session)

    async def client_id(self, name: str) -> ClientId:
        """Return our id of one of the demo world's people."""
        code = self.laws.world.clients[name].code
        found = await self.laws.gateway.recording.client_of(Identifier.personal(code))
        assert found is not None
        return found

    async def client(self, name: str, language: str = "en", acting_for: str | None = None) -> Visitor:
        """Return the browser of one of the demo world's people, who may act for another as a guardian."""
        other = None
        if acting_for is not None:
            shown = self.laws.world.clients[acting_for].name
            other = ActingFor(await self.client_id(acting_for), shown, "guardian", "register:1")
        person = SignedIn(
            Kind.CLIENT, await self.client_id(name), self.laws.world.clients[name].name, "substantial",
            self.laws.clock.now(), acting_for=other,
        )  # fmt: skip
        return await self.visitor(person, language)

    async def professional(self, service: str, role: str, language: str = "en", worker: str = "w-1") -> Visitor:
        """Return the browser of somebody who works in *service*."""
        organisation = self.laws.world.directory.services[service].organisation
        person = SignedIn(
            Kind.STAFF, worker, "Työntekijä Esimerkki", "substantial", self.laws.clock.now(), organisation=organisation,
            services=(service,), roles=(role,),
        )  # fmt: skip
        return await self.visitor(person, language)

    async def officer(self, organisation: str, language: str = "en") -> Visitor:
        """Return the browser of an organisation's data protection officer."""
        person = SignedIn(
            Kind.STAFF, "o-1", "Vastaava Esimerkki", "substantial", self.laws.clock.now(), organisation=organisation,
            is_officer=True,
        )  # fmt: skip
        return await self.visitor(person, language)


@asynccontextmanager
async def open_people(folder: Path, base_url: str = BASE, directory: Directory | None = None) -> AsyncIterator[People]:
    """Open a gateway with its pages on an installation in *folder*, which answers at *base_url*."""
    async with open_world(folder, web=False, base_url=base_url, directory=directory) as laws:
        sessions = SimulatedSessions(laws.clock.now)
        register, at_desk = _register(laws)
        site = make_site(laws.gateway, sessions, at_desk=at_desk)
        # Tests open pages faster than anybody clicks; how people are paced has tests of its own.
        app = create_app(laws.gateway, admission=unpaced(site), site=site)
        yield People(laws, sessions, app, register)


def _register(laws: Laws) -> tuple[SimulatedValtuudet, DeskMandates]:
    """Return a register of mandates that knows those of the demo world, and what desks ask it by."""
    account = RegisterAccount(
        "https://register.example", "saattaen", "k" * 16, "s" * 16,
        {MandateScope.MANAGE: ("hallinta",), MandateScope.SEE: ("katselu",)}, ("edunvalvonta",), "r" * 16,
    )  # fmt: skip
    register = SimulatedValtuudet(account, f"{BASE}/acting-for/callback", laws.clock.now)
    for representative, principal in load_mandates(laws.world):
        register.add(representative.code.reveal(), principal.code.reveal(), principal.name)
    service = MandateService(account, laws.clock.now, httpx.ASGITransport(register.app))
    gateway = laws.gateway
    kept = SqlSessionStore(gateway.database, gateway.keyring.session_key)
    return register, desk_mandates(gateway, service, kept)


def words(answer: httpx.Response) -> str:
    """Return what a page says, without its markup, and without what says where a line may break."""
    body = re.sub(r"<(style|script).*?</\1>", " ", answer.text.replace(SOFT, ""), flags=re.DOTALL)
    body = re.sub(r'<span class="(?:whole|together)">(.*?)</span>', r"\1", body)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
