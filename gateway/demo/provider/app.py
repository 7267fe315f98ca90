"""The provider's pages and addresses: discovery, keys, choosing who one is, tokens, and the end of a session."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from adapters.tokens.compact import sign_compact
from adapters.tokens.login.checked_token import LOGOUT_EVENT
from gateway.demo.provider.people import DemoPerson, client_person
from gateway.demo.provider.protocol import Answer, Presence, RelyingSite
from gateway.demo.provider.server import ProviderServer
from gateway.demo.provider.words import WORDS
from gateway.directory.identity_code import PersonalIdentityCode
from gateway.http.own_cookies import NAMES, with_own_cookies
from gateway.http.problems import EdgeError
from gateway.web.fields import MOST_OF_A_STRANGER, read_fields

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_ASKED = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "prompt", "max_age", "ui_locales",
)  # fmt: skip


def plain_web() -> httpx.AsyncClient:
    """Return a client of the network itself."""
    return httpx.AsyncClient(trust_env=False, timeout=5)


@dataclass(frozen=True, slots=True)
class Provided:
    """What one provider is made of. `names` is its name by language."""

    issuer: str
    names: Mapping[str, str]
    people: Sequence[DemoPerson]
    site: RelyingSite
    key: ECKey
    now: Callable[[], datetime]
    web: Callable[[], httpx.AsyncClient] = plain_web
    """How the gateway is told that a session ended."""


class DemoProvider:
    """One OpenID provider; `app` serves it below its issuer's path."""

    def __init__(self, provided: Provided) -> None:
        self._of, self._key = provided, provided.key
        self._server = ProviderServer(provided.issuer, provided.site, lambda: self._key, provided.now)
        self._people = {one.id: one for one in provided.people}
        self._present: dict[str, Presence] = {}
        self._cookie = f"{NAMES}demo-provider-{provided.site.client_id}"
        path = urlsplit(provided.issuer).path.rstrip("/")
        self.app = Starlette(
            routes=[
                Route(f"{path}/.well-known/openid-configuration", self._metadata),
                Route(f"{path}/jwks", self._keys),
                Route(f"{path}/authorize", self._ask, methods=["GET"]),
                Route(f"{path}/authorize", self._chosen, methods=["POST"]),
                Route(f"{path}/token", self._token, methods=["POST"]),
                Route(f"{path}/end", self._end, methods=["GET"]),
                Route(f"{path}/end", self._ended, methods=["POST"]),
            ]
        )

    async def _metadata(self, request: Request) -> Response:
        issuer = self._of.issuer
        return JSONResponse(
            {
                "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize", "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks", "end_session_endpoint": f"{issuer}/end",
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "grant_types_supported": ["authorization_code"], "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
                "authorization_response_iss_parameter_supported": True, "backchannel_logout_supported": True,
                "backchannel_logout_session_supported": True, "ui_locales_supported": ["fi", "sv", "en"],
            }
        )  # fmt: skip

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "ES256"}]})

    async def _ask(self, request: Request) -> Response:
        """Show who can be chosen."""
        asked = _once(request.query_params.multi_items())
        if asked is None or (fault := self._server.fault(asked)) is not None:
            return self._page(request, "broken.html", {}, 400, fault="invalid_request" if asked is None else fault)
        kept = [(name, asked[name]) for name in _ASKED if name in asked]
        return self._page(request, "choose.html", asked, people=list(self._people.values()), kept=kept)

    async def _chosen(self, request: Request) -> Response:
        """Identify whoever was chosen, anew each time."""
        given = await _sent(request) or {}
        chosen = given.pop("person", "")
        if (fault := self._server.fault(given)) is not None or (chosen and chosen not in self._people):
            return self._page(request, "broken.html", {}, 400, fault=fault or "invalid_request")
        presence = None
        if chosen:
            presence = Presence(self._people[chosen], secrets.token_urlsafe(24), self._of.now())
        answer = _response(self._server.authorize(given, presence))
        # 303: what was posted here is not posted there (RFC 9700 4.12).
        answer.status_code = 303 if answer.status_code == 302 else answer.status_code
        if presence is not None:
            mark = secrets.token_urlsafe(24)
            self._present[mark] = presence
            answer.set_cookie(self._cookie, mark, httponly=True, samesite="lax")
        return answer

    async def _token(self, request: Request) -> Response:
        given = await _sent(request)
        if given is None:
            return JSONResponse({"error": "invalid_request"}, 400)
        return _response(self._server.token(given))

    async def _end(self, request: Request) -> Response:
        """End the session that the gateway names; ask first where it names none, or another."""
        asked = _once(request.query_params.multi_items()) or {}
        presence = self._present.get(self._mark(request))
        if presence is None or asked.get("logout_hint") == presence.sid:
            return await self._finish(request, asked)
        return self._page(request, "end.html", asked, kept=list(asked.items()))

    async def _ended(self, request: Request) -> Response:
        return await self._finish(request, await _sent(request) or {})

    def _mark(self, request: Request) -> str:
        own = HTTPConnection({**request.scope, "headers": with_own_cookies(request.scope["headers"])})
        return own.cookies.get(self._cookie, "")

    async def _finish(self, request: Request, asked: Mapping[str, str]) -> Response:
        presence = self._present.pop(self._mark(request), None)
        if presence is not None:
            await self.tell_ended(presence)
        back = asked.get("post_logout_redirect_uri")
        if back == self._of.site.signed_out:
            state = f"?{urlencode({'state': asked['state']})}" if "state" in asked else ""
            answer: Response = RedirectResponse(back + state, 303)
        else:
            answer = self._page(request, "ended.html", asked)
        answer.delete_cookie(self._cookie)
        return answer

    def logout_token(self, presence: Presence) -> str:
        """Return the token that tells the end of a session."""
        now = int(self._of.now().timestamp())
        claims = {
            "iss": self._of.issuer, "aud": self._of.site.client_id, "iat": now, "exp": now + 120,
            "jti": secrets.token_urlsafe(24), "sub": presence.person.id, "sid": presence.sid,
            "events": {LOGOUT_EVENT: {}},
        }  # fmt: skip
        return sign_compact({"typ": "logout+jwt", "kid": str(self._key.kid)}, claims, self._key, "ES256")

    async def tell_ended(self, presence: Presence) -> int | None:
        """Tell the gateway that a session ended; return its status, None where it cannot be reached."""
        try:
            async with self._of.web() as web:
                told = await web.post(self._of.site.logout_told, data={"logout_token": self.logout_token(presence)})
        except httpx.HTTPError:
            return None
        return told.status_code

    def change_key(self) -> None:
        """Sign with a new key from now on, and show that one alone."""
        self._key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8)})

    def add_person(
        self, id: str, name: str, code: PersonalIdentityCode, *, non_disclosure: bool = False
    ) -> DemoPerson:  # fmt: skip
        """Let somebody else be identified too."""
        self._people[id] = person = client_person(id, name, code, non_disclosure=non_disclosure)
        return person

    @property
    def present(self) -> Sequence[Presence]:
        """Who is there."""
        return list(self._present.values())

    def _page(
        self, request: Request, template: str, asked: Mapping[str, str], status: int = 200, **values: object
    ) -> Response:
        language = next((one for one in asked.get("ui_locales", "").split() if one in WORDS), "en")
        back = urlsplit(self._of.site.callback)
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {back.scheme}://{back.netloc}"
        )
        text = _PAGES.get_template(template).render(
            say=WORDS[language], language=language, name=self._of.names[language], issuer=self._of.issuer, **values
        )
        return Response(
            text, status, media_type="text/html; charset=utf-8",
            headers={"content-security-policy": policy, "cache-control": "no-store", "referrer-policy": "no-referrer"},
        )  # fmt: skip


async def _sent(request: Request) -> dict[str, str] | None:
    """Return the fields of a form; None where it is none of ours, or a field came twice."""
    try:
        fields = await read_fields(request, most=MOST_OF_A_STRANGER)
    except EdgeError:
        return None
    return _once([(name, str(value)) for name, value in fields.multi_items()])


def _once(pairs: Sequence[tuple[str, str]]) -> dict[str, str] | None:
    return dict(pairs) if len({name for name, _ in pairs}) == len(pairs) else None


def _response(answer: Answer) -> Response:
    headers = {name.lower(): value for name, value in answer.headers}
    if isinstance(answer.body, Mapping):
        return JSONResponse(dict(answer.body), answer.status, headers={"cache-control": "no-store"})
    return Response(str(answer.body or ""), answer.status, headers=headers)
