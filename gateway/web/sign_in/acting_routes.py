"""On whose behalf: choosing in the register of mandates, and going back to one's own affairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import ClientId
from gateway.errors import StoreUnavailable
from gateway.identification import NotIdentified
from gateway.web.doors import Doors
from gateway.web.forms import read_form
from gateway.web.page import Pages, see_other
from gateway.web.session import ActingFor, Session
from gateway.web.sign_in.cookies import Cookie
from gateway.web.sign_in.representing import Representing
from gateway.web.sign_in.routes import each_once
from gateway.web.sign_in.security_log import DONE, Event, role_of, tell
from gateway.web.sign_in.told import told_of

_COOKIE: Final = "saattaen-acting"
_HOME: Final = "/portal"


def acting_router(pages: Pages, doors: Doors, representing: Representing, base_url: str) -> APIRouter:
    """Return the routes of acting for another."""
    router = APIRouter(include_in_schema=False)
    asked, session_cookie = Cookie.named(_COOKIE, base_url, seconds=600), Cookie(doors.cookie, doors.secure)

    def failed(request: Request, session: Session, reason: str) -> Response:
        tell("acting-for", session.provider, reason, role=role_of(session.signed_in), session=session)
        status = 503 if reason == "provider-unavailable" else 400
        return pages.render(request, "sign_in/acting_failed.html", session, status=status, told=told_of(reason))

    async def act_for(request: Request, session: Session, other: ActingFor | None) -> Response:
        # What may be seen changes: the cookie and the forms' token do too.
        renewed = await doors.sessions.renew(
            session_cookie.read(request) or "", replace(session.signed_in, acting_for=other)
        )
        answer = see_other(_HOME)
        if renewed is not None:
            session_cookie.put(answer, renewed[0])
            # Whose behalf, the entries of what they see and do there tell: a line has nobody's id.
            event: Event = "acting-for-self" if other is None else "acting-for"
            tell(event, session.provider, DONE, role=role_of(session.signed_in), session=renewed[1])
        asked.clear(answer)
        return answer

    @router.get("/acting-for")
    async def show(request: Request) -> Response:
        session = await doors.client(request)
        return pages.render(request, "sign_in/acting_for.html", session, other=session.signed_in.acting_for)

    @router.get("/acting-for/start")
    async def start(request: Request) -> Response:
        session = await doors.client(request)
        try:
            address, cookie = await representing.begin(
                ClientId(session.signed_in.subject), pages.page(request).language[:2]
            )
        except NotIdentified as fault:
            return failed(request, session, fault.reason)
        except StoreUnavailable:
            return failed(request, session, "provider-unavailable")
        answer = see_other(address)
        asked.put(answer, cookie)
        return answer

    @router.get("/acting-for/callback")
    async def callback(request: Request) -> Response:
        session = await doors.client(request)
        try:
            other = await representing.complete(
                ClientId(session.signed_in.subject), asked.read(request) or "", each_once(request)
            )
        except NotIdentified as fault:
            return failed(request, session, fault.reason)
        return await act_for(request, session, other)

    @router.post("/acting-for/self")
    async def act_for_oneself(request: Request) -> Response:
        session = await doors.client(request)
        await read_form(request, session, base_url)
        return await act_for(request, session, None)

    return router
