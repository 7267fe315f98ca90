"""A partner system on the wire: it gets a token for one worker, for one purpose, and asks with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
import orjson

from adapters.tokens.acting import Acting
from adapters.tokens.simulator import SimulatedPartner
from gateway.directory.business_id import organisation_oid
from gateway.directory.model import Directory
from gateway.http.token_routes import TOKEN_PATH

SCOPES = "system/*.rs saattaen/consents saattaen/deposits saattaen/relations"
"""What every system of the demo world is registered for."""


class TokenRefused(Exception):
    """The token endpoint gave no token; the text is its answer's status and code."""


def worker(
    directory: Directory, service: str, role: str, purpose: str, *, assurance: str = "substantial", person: str = "1"
) -> Acting:
    """Return the claims of a worker of *service*, who is the *person*th in that role. Raises KeyError."""
    organisation = directory.organisations[directory.services[service].organisation]
    return Acting(
        organisation="urn:oid:" + organisation_oid(organisation.business_id),
        service=service,
        role=role,
        purpose=purpose,
        assurance=assurance,
        person=f"{service}.{role}.{person}",
        person_name=f"{role.capitalize()} {person} Esimerkki",
    )


def any_worker(directory: Directory, service: str, *, person: str = "1") -> Acting:
    """Return a worker of *service* in a role that its kind of service has, for acts that no role is judged for."""
    kind = directory.services[service].kind
    for role, rows in directory.roles.items():
        for row in rows:
            if kind in row.kinds:
                return worker(directory, service, role, min(row.purposes), person=person)
    raise KeyError(f"no role works in {kind}")


class PartnerSystem:
    """One partner system that speaks to a gateway over *web*, a client whose base address is the gateway's."""

    def __init__(
        self, system: SimulatedPartner, web: httpx.AsyncClient, base_url: str, now: Callable[[], datetime]
    ) -> None:
        self._system, self._web, self._base_url, self._now = system, web, base_url, now

    @property
    def id(self) -> str:
        """Return the id that it is registered under."""
        return self._system.id

    async def token(self, acting: Acting, scope: str) -> str:
        """Return an access token for one worker. Raises TokenRefused."""
        form = self._system.token_form(acting, scope=scope, token_endpoint=self._base_url + TOKEN_PATH, at=self._now())
        answer = await self._web.post(TOKEN_PATH, data=form)
        if answer.status_code != 200:
            raise TokenRefused(f"{answer.status_code} {_error(answer)}")
        return str(orjson.loads(answer.content)["access_token"])

    async def ask(
        self, acting: Acting, scope: str, method: str, path: str, *, body: object = None,
        form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, fhir: bool = False,
    ) -> httpx.Response:  # fmt: skip
        """Send one request with a new token for *acting*; *body* goes as JSON. Raises TokenRefused."""
        sent = {"authorization": f"Bearer {await self.token(acting, scope)}", **(headers or {})}
        if form is not None:
            return await self._web.request(method, path, data=dict(form), headers=sent)
        if body is None:
            return await self._web.request(method, path, headers=sent)
        sent["content-type"] = "application/fhir+json" if fhir else "application/json"
        return await self._web.request(method, path, content=orjson.dumps(body), headers=sent)


def _error(answer: httpx.Response) -> str:
    try:
        said = orjson.loads(answer.content)
        return f"{said.get('error')}: {said.get('error_description')}"
    except (orjson.JSONDecodeError, AttributeError):
        return "without a reason"
