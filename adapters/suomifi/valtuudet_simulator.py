"""A simulator of the register behind `valtuudet`: the same six addresses, its checksum and its clock checked."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from adapters.suomifi.valtuudet import CHECKSUM, RegisterAccount, checksum

SKEW = timedelta(minutes=5)


@dataclass
class _Session:
    representative: str = field(repr=False)
    user: str
    chosen: str | None = field(default=None, repr=False)
    code: str | None = None
    token: str | None = None


class SimulatedValtuudet:
    """Who may act for whom, by identity code; `app` serves it. *redirect_uri* is the one address it leads back to."""

    def __init__(self, account: RegisterAccount, redirect_uri: str, now: Callable[[], datetime]) -> None:
        self._account, self._redirect_uri, self._now = account, redirect_uri, now
        self._mandates: dict[tuple[str, str], str] = {}
        self._topics: dict[tuple[str, str], frozenset[str]] = {}
        self._sessions: dict[str, _Session] = {}
        self.app = Starlette(
            routes=[
                Route("/service/hpa/user/register/{client}/{person}", self._register),
                Route("/oauth/authorize", self._choose, methods=["GET"]),
                Route("/oauth/authorize", self._chosen, methods=["POST"]),
                Route("/oauth/token", self._token, methods=["POST"]),
                Route("/service/hpa/api/delegate/{session}", self._delegate),
                Route("/service/hpa/api/authorization/{session}/{principal}", self._authorization),
                Route("/service/rest/hpa/authorization/{client}/{delegate}/{principal}", self._between),
            ]
        )

    def add(self, representative: str, principal: str, name: str, topics: Collection[str] | None = None) -> None:
        """Let somebody act for another, whose name is shown: in these topics, or in every one."""
        self._mandates[representative, principal] = name
        self._topics.pop((representative, principal), None)
        if topics is not None:
            self._topics[representative, principal] = frozenset(topics)

    def end(self, representative: str, principal: str) -> None:
        """Take a mandate out of the register."""
        self._mandates.pop((representative, principal), None)

    async def _register(self, request: Request) -> Response:
        if not self._is_signed(request) or request.path_params["client"] != self._account.client_id:
            return Response(status_code=401)
        session = _Session(request.path_params["person"], secrets.token_hex(16))
        id_ = secrets.token_hex(16)
        self._sessions[id_] = session
        return JSONResponse({"sessionId": id_, "userId": session.user})

    async def _choose(self, request: Request) -> Response:
        asked = dict(request.query_params)
        session = next((one for one in self._sessions.values() if one.user == asked.get("user")), None)
        if session is None or asked.get("redirect_uri") != self._redirect_uri:
            return Response("The request is broken.", 400)
        names = [(code, name) for (who, code), name in self._mandates.items() if who == session.representative]
        kept = "".join(
            f'<input type="hidden" name="{name}" value="{escape(asked.get(name, ""))}">\n' for name in ("user", "state")
        )
        # By its place in the list: no identity code is in the page.
        buttons = "".join(
            f'<li><button name="person" value="{place}">{escape(name)}</button></li>'
            for place, (_, name) in enumerate(names)
        )
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Simulated register of mandates</title>'
            "</head><body><main><h1>For whom do you act?</h1><p>This is part of a demo: everyone is invented.</p>"
            f'<form method="post" action="{escape(str(request.url.replace(query="")))}">{kept}<ul>{buttons}</ul>'
            "<button>Go back</button></form></main></body></html>"
        )
        return HTMLResponse(page, headers={"cache-control": "no-store", "referrer-policy": "no-referrer"})

    async def _chosen(self, request: Request) -> Response:
        form = await request.form()
        session = next((one for one in self._sessions.values() if one.user == form.get("user")), None)
        if session is None:
            return Response("The request is broken.", 400)
        codes = [code for (who, code), _ in self._mandates.items() if who == session.representative]
        place, told = str(form.get("person", "")), {"state": str(form.get("state", ""))}
        if place.isdigit() and int(place) < len(codes):
            session.chosen, session.code = codes[int(place)], secrets.token_urlsafe(24)
            told["code"] = session.code
        else:
            told["error"] = "access_denied"
        return RedirectResponse(f"{self._redirect_uri}?{urlencode(told)}", 303)

    async def _token(self, request: Request) -> Response:
        code = request.query_params.get("code")
        session = next((one for one in self._sessions.values() if code and one.code == code), None)
        if session is None or request.headers.get("authorization") != _basic(self._account):
            return Response(status_code=401)
        session.code, session.token = None, secrets.token_urlsafe(24)
        return JSONResponse({"access_token": session.token, "token_type": "bearer", "expires_in": 600})

    async def _delegate(self, request: Request) -> Response:
        session = self._of(request)
        if session is None:
            return Response(status_code=401)
        name = self._mandates.get((session.representative, session.chosen or ""))
        return JSONResponse([] if name is None else [{"personId": session.chosen, "name": name}])

    async def _authorization(self, request: Request) -> Response:
        session = self._of(request)
        if session is None:
            return Response(status_code=401)
        pair = session.representative, request.path_params["principal"]
        return self._told(pair, request.query_params.get("issues"))

    async def _between(self, request: Request) -> Response:
        key, path = self._account.rest_api_key, request.path_params
        if key is None or not self._is_signed(request, key) or path["client"] != self._account.client_id:
            return Response(status_code=401)
        return self._told((path["delegate"], path["principal"]), request.query_params.get("issue"))

    def _told(self, pair: tuple[str, str], asked: str | None) -> Response:
        topics = self._topics.get(pair)
        allowed = pair in self._mandates and (asked is None or topics is None or asked in topics)
        return JSONResponse({"result": "ALLOWED" if allowed else "DISALLOWED"})

    def _of(self, request: Request) -> _Session | None:
        session = self._sessions.get(request.path_params["session"])
        if session is None or session.token is None or not self._is_signed(request):
            return None
        return session if request.headers.get("authorization") == f"Bearer {session.token}" else None

    def _is_signed(self, request: Request, key: str | None = None) -> bool:
        given = request.headers.get(CHECKSUM, "")
        try:
            at = datetime.strptime(given.split(" ")[1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except (ValueError, IndexError):
            return False
        path = f"{request.scope['raw_path'].decode()}?{request.scope['query_string'].decode()}"
        return abs(self._now() - at) <= SKEW and hmac.compare_digest(given, checksum(self._account, path, at, key))


def _basic(account: RegisterAccount) -> str:
    return "Basic " + b64encode(f"{account.client_id}:{account.oauth_secret}".encode()).decode()
