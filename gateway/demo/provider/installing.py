"""The providers of a demo in its folder: their keys, the file that tells the gateway of them, and serving them."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import uvicorn
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from ruamel.yaml import YAML
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from adapters.suomifi.valtuudet import RegisterAccount
from adapters.suomifi.valtuudet_simulator import SimulatedValtuudet
from adapters.tokens.login.providers import DEMO_KID
from gateway.demo.provider.app import DemoProvider, Provided, plain_web
from gateway.demo.provider.people import (
    CLIENT_CLAIMS,
    STAFF_CLAIMS,
    SUBSTANTIAL,
    WORK_ACCOUNT,
    DemoPerson,
    clients_of,
    load_mandates,
    load_staff,
)
from gateway.demo.provider.protocol import RelyingSite
from gateway.demo.world import World
from gateway.errors import SettingsError

FOLDER: Final = "identification"
IDENTIFICATION: Final = f"{FOLDER}/providers.yaml"
CLIENTS: Final = "suomifi"
_TOPICS: Final = {
    "manage": ["suostumusten-hallinta"], "see": ["suostumusten-katselu"], "trustee": ["edunvalvonta-henkilon-asiat"],
}  # fmt: skip
"""The simulated register's topics, and what they let somebody do here."""
_SECRETS: Final = "mandates.json"
_NAMES: Final = {
    "fi": "Suomi.fi-tunnistus (simuloitu)", "sv": "Suomi.fi-identifikation (simulerad)",
    "en": "Suomi.fi e-Identification (simulated)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoProviders:
    """The provider of clients with the register of mandates beside it, and those of staff by organisation."""

    clients: DemoProvider
    staff: Mapping[str, DemoProvider]
    mandates: SimulatedValtuudet

    def apps(self) -> tuple[Starlette, Starlette]:
        """Return what is served at the two ports: one provider, and all of the organisations side by side."""
        routes: list[BaseRoute] = [route for one in self.staff.values() for route in one.app.routes]
        return Starlette(routes=[*self.clients.app.routes, *self.mandates.app.routes]), Starlette(routes=routes)


def install_providers(
    folder: Path, world: World, base_url: str, now: Callable[[], datetime],
    web: Callable[[], httpx.AsyncClient] = plain_web,
) -> DemoProviders:  # fmt: skip
    """Return the demo's providers, at the two ports after the gateway's; write the file that names them to it.

    Keys that lie in *folder* are used again. *web* is how they reach the gateway. Raises
    SettingsError for a key that cannot be read.
    """
    place = folder / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = urlsplit(base_url)
    at = [
        f"{parts.scheme}://{parts.hostname}:{(parts.port or (443 if parts.scheme == 'https' else 80)) + beside}"
        for beside in (1, 2)
    ]
    rows: dict[str, dict[str, object]] = {}

    def made(name: str, issuer: str, names: Mapping[str, str], row: dict[str, object]) -> Provided:
        ours, theirs = _key(place, name), _key(place, f"{name}-provider")
        rows[name] = {
            **row, "name": dict(names), "issuer": issuer, "client_id": f"saattaen-{name}", "key": f"{name}.jwk.json",
            "least": "substantial",
        }  # fmt: skip
        site = RelyingSite(
            f"saattaen-{name}", json.dumps({"keys": [ours.as_dict(private=False)]}),
            callback=f"{base_url}/sign-in/{name}/callback", signed_out=f"{base_url}/sign-out/done",
            logout_told=f"{base_url}/sign-in/{name}/backchannel-logout",
        )  # fmt: skip
        return Provided(issuer, names, (), site, theirs, now, web)

    client_row: dict[str, object] = {
        "kind": "client",
        "claims": dict(CLIENT_CLAIMS),
        "assurance": {SUBSTANTIAL: "substantial"},
    }
    clients = DemoProvider(_with(made(CLIENTS, at[0], _NAMES, client_row), clients_of(world)))
    staff: dict[str, DemoProvider] = {}
    for organisation, people in load_staff(world.directory).items():
        known = world.directory.organisation(organisation)
        names = {language: known.name.text(language) if known else organisation for language in ("fi", "sv", "en")}
        row: dict[str, object] = {
            "kind": "staff", "organisation": organisation, "claims": dict(STAFF_CLAIMS),
            "assurance": {WORK_ACCOUNT: "substantial"},
        }  # fmt: skip
        provided = made(organisation, f"{at[1]}/{organisation}", names, row)
        staff[organisation] = DemoProvider(_with(provided, people))
    account = _account(place, at[0])
    register = SimulatedValtuudet(account, f"{base_url}/acting-for/callback", now)
    for representative, principal in load_mandates(world):
        register.add(representative.code.reveal(), principal.code.reveal(), principal.name)
    named = {"base": account.base, "client_id": account.client_id, "secrets": _SECRETS, "topics": _TOPICS}
    _write(place / "providers.yaml", _yaml({"demo": True, "providers": rows, "mandates": named}))
    return DemoProviders(clients, staff, register)


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: the demo ends as a whole."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def providers_served(providers: DemoProviders, listening: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Serve the providers on these two sockets while the block runs."""
    servers = [
        _Server(uvicorn.Config(app, access_log=False, log_config=None, server_header=False, lifespan="off", ws="none"))
        for app in providers.apps()
    ]
    tasks = [asyncio.create_task(server.serve(sockets=[one])) for server, one in zip(servers, listening, strict=True)]
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


def _with(provided: Provided, people: Sequence[DemoPerson]) -> Provided:
    return replace(provided, people=tuple(people))


def _account(place: Path, base: str) -> RegisterAccount:
    file = place / _SECRETS
    told = json.loads(file.read_text("utf-8")) if file.exists() else {}
    names = ("api_key", "oauth_secret", "rest_api_key")
    if missing := [name for name in names if name not in told]:
        told |= {name: f"demo-{secrets.token_urlsafe(24)}" for name in missing}
        _write(file, json.dumps(told))
    return RegisterAccount(
        base, "saattaen-demo", told["api_key"], told["oauth_secret"], trustee_topics=tuple(_TOPICS["trustee"]),
        rest_api_key=told["rest_api_key"],
    )  # fmt: skip


def _key(place: Path, name: str) -> ECKey:
    file = place / f"{name}.jwk.json"
    if file.exists():
        try:
            return ECKey.import_key(json.loads(file.read_text("ascii")))
        except (OSError, ValueError, JoseError):
            raise SettingsError(f"The demo's key {file.name} cannot be read; start afresh with RESET=1.") from None
    key = ECKey.generate_key("P-256", {"kid": f"{DEMO_KID}{secrets.token_hex(8)}"})
    _write(file, json.dumps(key.as_dict(private=True)))
    return key


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        written.write(text)


def _yaml(content: Mapping[str, object]) -> str:
    text = StringIO()
    YAML(typ="safe", pure=True).dump(dict(content), text)
    return text.getvalue()
