"""The human edge put together: pages, doors and rooms over an open gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import httpx
from fastapi import APIRouter

from adapters.sql.session_store import SqlSessionStore
from adapters.sql.token_store import TokenStore
from adapters.tokens.login.providers import load_providers
from adapters.tokens.login.relying_party import RelyingParty, Surroundings
from gateway.composition import Gateway
from gateway.consent.model import ClientId
from gateway.consent.registry import ClientStanding
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.session import Sessions
from gateway.web.shell.routes import shell_router
from gateway.web.sign_in.attempts import Attempts
from gateway.web.sign_in.enrolling import Enrolling
from gateway.web.sign_in.pace import Pace
from gateway.web.sign_in.routes import SignIn, sign_in_router
from gateway.web.sign_in.sessions import KeptSessions


@dataclass(frozen=True, slots=True)
class Site:
    """What the application serves to people: the routers of the rooms, and how their problems are told."""

    pages: Pages
    routers: tuple[APIRouter, ...]


def make_site(gateway: Gateway, sessions: Sessions, sign_in: SignIn | None = None) -> Site:
    """Return the human edge of *gateway*, whose people *sessions* knows and *sign_in* lets in."""
    settings = gateway.settings
    pages = Pages(gateway.directory, demo=settings.demo)
    doors = Doors(sessions, secure=settings.base_url.startswith("https:"))
    ways_in = () if sign_in is None else (sign_in_router(pages, doors, sign_in),)
    return Site(pages, (shell_router(pages, doors), *ways_in))


def open_site(gateway: Gateway, transport: httpx.AsyncBaseTransport | None = None) -> Site | None:
    """Return the human edge as the settings have it: with a sign-in at the providers that they name.

    None where they name none, or where nothing may be written: a session is a row. *transport* leads to the providers
    in place of the network. Raises SettingsError for faults of their file.
    """
    settings, now = gateway.settings, gateway.clock.now
    if settings.identification is None or settings.read_only:
        return None
    rows = load_providers(settings.identification, gateway.directory, demo=settings.demo)
    used = TokenStore(gateway.database)

    def first_use(issuer: str, jti: str, expires: datetime) -> bool:
        return used.first_use(f"logout {issuer}", jti, expires, now())

    async def standing(client: ClientId) -> ClientStanding | None:
        return await gateway.database.reading(lambda link: gateway.register.standing(link, client))

    store = SqlSessionStore(gateway.database, gateway.keyring.session_key)
    around = Surroundings(settings.base_url, gateway.directory, now, first_use, transport)
    sign_in = SignIn(
        {name: RelyingParty(row, around) for name, row in rows.items()}, Attempts(store, now),
        Enrolling(gateway.clients, standing), settings.base_url, Pace(),
    )  # fmt: skip
    return make_site(gateway, KeptSessions(store, now), sign_in)
