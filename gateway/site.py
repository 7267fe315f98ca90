"""The human edge put together: pages, doors and rooms over an open gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
from fastapi import APIRouter

from adapters.sql.session_store import SqlSessionStore
from adapters.sql.token_store import TokenStore
from adapters.suomifi.account import load_register
from adapters.suomifi.valtuudet import MandateService
from adapters.tokens.login.providers import load_providers
from adapters.tokens.login.relying_party import RelyingParty, Surroundings
from gateway.composition import Gateway
from gateway.consent.model import ClientId
from gateway.consent.registry import ClientStanding
from gateway.directory.identity_code import PersonalIdentityCode
from gateway.web.doors import Doors
from gateway.web.page import Pages
from gateway.web.session import Sessions
from gateway.web.shell.routes import shell_router
from gateway.web.sign_in.acting_routes import acting_router
from gateway.web.sign_in.attempts import Attempts
from gateway.web.sign_in.enrolling import Enrolling
from gateway.web.sign_in.pace import Pace
from gateway.web.sign_in.representing import Representing
from gateway.web.sign_in.routes import SignIn, sign_in_router
from gateway.web.sign_in.sessions import KeptSessions


@dataclass(frozen=True, slots=True)
class Site:
    """What the application serves to people: the routers of the rooms, and how their problems are told."""

    pages: Pages
    routers: tuple[APIRouter, ...]


def make_site(
    gateway: Gateway, sessions: Sessions, sign_in: SignIn | None = None, representing: Representing | None = None
) -> Site:  # fmt: skip
    """Return the human edge of *gateway*, whose people *sessions* knows and *sign_in* lets in; *representing* lets them
    act for others."""
    settings = gateway.settings
    pages = Pages(gateway.directory, demo=settings.demo)
    doors = Doors(sessions, secure=settings.base_url.startswith("https:"))
    ways_in = [] if sign_in is None else [sign_in_router(pages, doors, sign_in)]
    if representing is not None:
        ways_in.append(acting_router(pages, doors, representing, settings.base_url))
    return Site(pages, (shell_router(pages, doors), *ways_in))


def open_site(
    gateway: Gateway, transport: httpx.AsyncBaseTransport | None = None, pace: Pace | None = None
) -> Site | None:  # fmt: skip
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
        Enrolling(gateway.clients, standing), settings.base_url, pace or Pace(),
    )  # fmt: skip
    account = load_register(settings.identification)
    representing = None
    if account is not None:
        representing = Representing(
            MandateService(account, now, transport), store, _code_of(gateway), gateway.desk.find_or_add, now,
            f"{settings.base_url}/acting-for/callback",
        )  # fmt: skip
        gateway.mandates.lead_on_to(representing)
    return make_site(gateway, KeptSessions(store, now), sign_in, representing)


def _code_of(gateway: Gateway) -> Callable[[ClientId], Awaitable[PersonalIdentityCode | None]]:
    async def code_of(client: ClientId) -> PersonalIdentityCode | None:
        known = await gateway.database.reading(lambda link: gateway.register.identifiers_in_use(link, client))
        return next((one.value for one in known if isinstance(one.value, PersonalIdentityCode)), None)

    return code_of
