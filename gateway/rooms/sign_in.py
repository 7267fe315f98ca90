"""Signing in at the providers that the settings name, and acting for others by the register that they name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import httpx

from adapters.sql.identities import SqlIdentities
from adapters.sql.session_store import SqlSessionStore
from adapters.sql.token_store import TokenStore
from adapters.suomifi.account import load_register
from adapters.suomifi.valtuudet import MandateService
from adapters.tokens.login.providers import load_providers
from adapters.tokens.login.relying_party import RelyingParty, Surroundings
from gateway.consent.client_register import ClientStanding
from gateway.consent.mandate_reference import naming
from gateway.consent.model import ClientId
from gateway.directory.identity_code import PersonalIdentityCode
from gateway.open_gateway import Gateway
from gateway.rooms.desk import desk_mandates
from gateway.web.desk.mandates import DeskMandates
from gateway.web.session import Sessions
from gateway.web.sign_in.attempts import Attempts
from gateway.web.sign_in.enrolling import Enrolling
from gateway.web.sign_in.pace import Pace
from gateway.web.sign_in.representing import Representing
from gateway.web.sign_in.routes import SignIn
from gateway.web.sign_in.sessions import KeptSessions


@dataclass(frozen=True, slots=True)
class WayIn:
    """How people sign in, where their sessions are kept, and how they act for others where a register is named."""

    sessions: Sessions
    sign_in: SignIn
    representing: Representing | None
    at_desk: DeskMandates | None = None
    """Who may decide at a desk in a client's place; None where the register gave no key to ask that with."""


def way_in(
    gateway: Gateway, transport: httpx.AsyncBaseTransport | None = None, pace: Pace | None = None
) -> WayIn | None:  # fmt: skip
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
        Enrolling(gateway.clients, standing), settings.base_url, pace or Pace(),
    )  # fmt: skip
    account = load_register(settings.identification)
    if account is None:
        return WayIn(KeptSessions(store, now), sign_in, None)
    service = MandateService(account, now, transport)
    representing = Representing(
        service, store, _code_of(gateway), gateway.desk.find_or_add, now,
        f"{settings.base_url}/acting-for/callback", naming(gateway.pairwise),
    )  # fmt: skip
    # What was chosen there is asked after at each act.
    gateway.mandates.lead_on_to(representing)
    at_desk = None if account.rest_api_key is None else desk_mandates(gateway, service, store)
    return WayIn(KeptSessions(store, now), sign_in, representing, at_desk)


def _code_of(gateway: Gateway) -> Callable[[ClientId], Awaitable[PersonalIdentityCode | None]]:
    identities = SqlIdentities(gateway.database, gateway.register, gateway.keys)

    async def code_of(client: ClientId) -> PersonalIdentityCode | None:
        return next(
            (one.value for one in await identities.in_use(client) if isinstance(one.value, PersonalIdentityCode)), None
        )

    return code_of
