"""The way in and out: choosing a provider, asking it, believing its answer once, and ending what was begun."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.consent.model import ClientId
from gateway.http.problems import EdgeError
from gateway.identification import Identified, Kind, NotIdentified, Provider
from gateway.web.addresses import way_back
from gateway.web.doors import Doors
from gateway.web.fields import MOST_OF_A_STRANGER, read_fields
from gateway.web.forms import read_form
from gateway.web.page import Pages, see_other
from gateway.web.session import Session, SignedIn
from gateway.web.shell.routes import home_of
from gateway.web.sign_in.attempts import Attempt, Attempts
from gateway.web.sign_in.cookies import Cookie
from gateway.web.sign_in.pace import Pace
from gateway.web.sign_in.security_log import DONE, role_of, tell
from gateway.web.sign_in.told import told_of

ATTEMPT: Final = "saattaen-sign-in"
_NO_STORE: Final = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class SignIn:
    """What signing in is made of. `enrol` finds a client by what a provider told, and adds who is not known yet."""

    providers: Mapping[str, Provider]
    attempts: Attempts
    enrol: Callable[[Identified], Awaitable[ClientId]]
    base_url: str
    pace: Pace


def sign_in_router(pages: Pages, doors: Doors, sign_in: SignIn) -> APIRouter:
    """Return the routes of signing in and out."""
    router = APIRouter(include_in_schema=False)
    way = _Way(pages, doors, sign_in)
    router.add_api_route("/sign-in", way.choose, methods=["GET"])
    router.add_api_route("/sign-in/again", way.again, methods=["GET"])
    router.add_api_route("/sign-in/{provider}/start", way.start, methods=["GET"])
    router.add_api_route("/sign-in/{provider}/callback", way.callback, methods=["GET"])
    router.add_api_route("/sign-in/{provider}/backchannel-logout", way.told_logout, methods=["POST"])
    router.add_api_route("/sign-out", way.sign_out, methods=["POST"])
    router.add_api_route("/sign-out/done", way.signed_out, methods=["GET"])
    return router


class _Way:
    def __init__(self, pages: Pages, doors: Doors, sign_in: SignIn) -> None:
        self._pages, self._doors, self._parts = pages, doors, sign_in
        self._session = Cookie(doors.cookie, doors.secure)
        self._attempt = Cookie.named(ATTEMPT, sign_in.base_url, seconds=600)

    async def choose(self, request: Request, next: str | None = None) -> Response:
        """Show the providers: who is signed in already goes on."""
        place, session = way_back(next, ""), await self._doors.find(request)
        if session is not None:
            return see_other(place or home_of(session))
        of = {kind: [one for one in self._parts.providers.values() if one.kind is kind] for kind in Kind}
        return self._pages.render(
            request, "sign_in/choose.html", clients=of[Kind.CLIENT], staff=of[Kind.STAFF],
            onward=_onward(place), language=self._language(request),
        )  # fmt: skip

    async def again(self, request: Request, next: str | None = None) -> Response:
        """Say why somebody who is signed in must identify themselves once more, and lead there."""
        session = await self._doors.find(request)
        if session is None:
            return see_other("/sign-in")
        return self._pages.render(
            request, "sign_in/again.html", session, provider=session.provider,
            onward=_onward(way_back(next, ""), "again=1"),
        )  # fmt: skip

    async def start(
        self, request: Request, provider: str, next: str | None = None, again: str | None = None
    ) -> Response:  # fmt: skip
        """Send the browser to a provider, with a question that it alone can have answered."""
        asked = self._find(provider)
        try:
            question = await asked.ask(language=self._language(request), fresh=again is not None)
        except NotIdentified as fault:
            return self._failed(request, provider, fault)
        answer = see_other(question.url)
        self._attempt.put(answer, await self._parts.attempts.keep(Attempt(provider, question, way_back(next, ""))))
        return answer

    async def callback(self, request: Request, provider: str) -> Response:
        """Take a provider's answer: once, from the browser that was sent there, at the path of that provider."""
        asked = self._find(provider)
        try:
            # Before the pace: what nobody is under way with tells of nobody, and may hold no place meanwhile.
            attempt = await self._take(request, provider)
        except NotIdentified as fault:
            return self._failed(request, provider, fault)
        async with self._parts.pace.kept():
            try:
                identified = await asked.read(each_once(request), attempt.question)
            except NotIdentified as fault:
                return self._failed(request, provider, fault)
            cookie, session = await self._begin(request, identified)
        tell("sign-in", provider, DONE, role=role_of(session.signed_in), session=session)
        answer = see_other(attempt.place or home_of(session))
        self._session.put(answer, cookie)
        self._attempt.clear(answer)
        return answer

    async def told_logout(self, request: Request, provider: str) -> Response:
        """Take a provider's word that a session of its ended (OpenID Connect Back-Channel Logout 1.0)."""
        asked = self._find(provider)
        try:
            tokens = (await read_fields(request, most=MOST_OF_A_STRANGER)).getlist("logout_token")
            if len(tokens) != 1 or not isinstance(tokens[0], str):
                raise NotIdentified("token-invalid")
            ended = await asked.read_logout(tokens[0])
        except EdgeError:
            tell("provider-sign-out", provider, "token-invalid")
            return JSONResponse({"error": "invalid_request"}, 400, headers=_NO_STORE)
        except NotIdentified as fault:
            tell("provider-sign-out", provider, fault.reason)
            status = 503 if fault.reason == "provider-unavailable" else 400
            return JSONResponse({"error": "invalid_request"}, status, headers=_NO_STORE)
        await self._doors.sessions.end_of(ended.provider, ended.session, ended.subject)
        tell("provider-sign-out", provider, DONE)
        return Response(status_code=200, headers=_NO_STORE)

    async def sign_out(self, request: Request) -> Response:
        """End the session here, then the provider's own.

        The page leads on by itself. A redirect would not: a policy for forms holds for what they are redirected to.
        """
        session, value = await self._doors.find(request), self._session.read(request)
        onward = None
        if session is not None and value is not None:
            await read_form(request, session, self._parts.base_url)
            await self._doors.sessions.end(value)
            tell("sign-out", session.provider, DONE, role=role_of(session.signed_in), session=session)
            onward = await self._ending(request, session)
        answer = self._pages.render(request, "sign_in/signed_out.html", onward=onward)
        if onward is not None:
            answer.headers["refresh"] = f"0;url={onward}"
        self._session.clear(answer)
        return answer

    async def signed_out(self, request: Request) -> Response:
        """Say that it is done: the provider leads back here."""
        return self._pages.render(request, "sign_in/signed_out.html", await self._doors.find(request), onward=None)

    async def _begin(self, request: Request, identified: Identified) -> tuple[str, Session]:
        """Begin a session in place of the browser's former one, whoever's that was."""
        who = _signed_in(
            identified,
            await self._parts.enrol(identified) if identified.kind is Kind.CLIENT else identified.subject,
        )  # fmt: skip
        before = await self._doors.find(request)
        if before is not None and (before.signed_in.kind, before.signed_in.subject) == (who.kind, who.subject):
            # Who identified themselves once more still acts for whom they acted.
            who = replace(who, acting_for=before.signed_in.acting_for)
        return await self._doors.sessions.begin(
            who, identified.session, provider=identified.provider, provider_subject=identified.subject,
            replaces=self._session.read(request),
        )  # fmt: skip

    async def _take(self, request: Request, provider: str) -> Attempt:
        value = self._attempt.read(request)
        attempt = None if value is None else await self._parts.attempts.take(value)
        if attempt is None:
            raise NotIdentified("stale")
        # Another provider's answer would be believed by this one's keys (RFC 9700 4.4, mix-up).
        if attempt.provider != provider:
            raise NotIdentified("mismatch")
        return attempt

    async def _ending(self, request: Request, session: Session) -> str | None:
        provider = self._parts.providers.get(session.provider)
        if provider is None:
            return None
        return await provider.ending(
            session=session.provider_session, language=self._language(request),
            return_to=f"{self._parts.base_url}/sign-out/done",
        )  # fmt: skip

    def _find(self, provider: str) -> Provider:
        found = self._parts.providers.get(provider)
        if found is None:
            raise EdgeError("no-such-address")
        return found

    def _failed(self, request: Request, provider: str, fault: NotIdentified) -> Response:
        tell("sign-in", provider, fault.reason)
        status = 503 if fault.reason == "provider-unavailable" else 400
        page = self._pages.render(request, "sign_in/failed.html", status=status, told=told_of(fault.reason))
        self._attempt.clear(page)
        return page

    def _language(self, request: Request) -> str:
        language = self._pages.page(request).language
        return "fi" if language == "fi-x-selko" else language


def _signed_in(identified: Identified, subject: str) -> SignedIn:
    return SignedIn(
        identified.kind, subject, identified.name, identified.assurance, identified.authenticated_at,
        identified.organisation, identified.services, identified.roles, identified.is_officer,
    )  # fmt: skip


def each_once(request: Request) -> dict[str, str]:
    """Return the parameters of the address; one that came twice could be read in two ways."""
    pairs = request.query_params.multi_items()
    if len(pairs) > 20 or len({name for name, _ in pairs}) != len(pairs):
        raise NotIdentified("mismatch")
    return dict(pairs)


def _onward(place: str, more: str = "") -> str:
    """Return the query that brings a place along to the start of a sign-in."""
    parts = [part for part in (more, f"next={quote(place, safe='')}" if place else "") if part]
    return "?" + "&".join(parts) if parts else ""
