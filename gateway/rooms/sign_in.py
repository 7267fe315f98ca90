"""Signing in at the providers that the settings name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import httpx

from adapters.sql.session_store import SqlSessionStore
from adapters.sql.token_store import TokenStore
from adapters.tokens.login.providers import load_providers
from adapters.tokens.login.relying_party import RelyingParty, Surroundings
from gateway.composition import Gateway
from gateway.consent.model import ClientId
from gateway.consent.registry import ClientStanding
from gateway.web.session import Sessions
from gateway.web.sign_in.attempts import Attempts
from gateway.web.sign_in.enrolling import Enrolling
from gateway.web.sign_in.pace import Pace
from gateway.web.sign_in.routes import SignIn
from gateway.web.sign_in.sessions import KeptSessions


@dataclass(frozen=True, slots=True)
class WayIn:
    """How people sign in, and where their sessions are kept."""

    sessions: Sessions
    sign_in: SignIn


def way_in(gateway: Gateway, transport: httpx.AsyncBaseTransport | None = None) -> WayIn | None:
    """Return the sign-in; None where the settings name no provider, or where nothing may be written: a session is a
    row. *transport* leads to the providers in place of the network. Raises SettingsError for faults of their file."""
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
    return WayIn(KeptSessions(store, now), sign_in)
