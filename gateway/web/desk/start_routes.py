"""The desk's first page, the choice of work, and looking somebody up by a personal identity code."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.identity_code import Identifier, IdentityCodeError, PersonalIdentityCode
from gateway.directory.identity_trace import holds_identity_code
from gateway.disclosure.desk_entries import DeskEntries
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.whom import LISTED
from gateway.web.desk.work import purposes_of, works_of
from gateway.web.forms import read_form
from gateway.web.language import N_
from gateway.web.page import see_other

MAX_REASON: Final = 200
Faults = dict[str, str]


def start_router(desk: Desk, entries: DeskEntries) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk", include_in_schema=False, route_class=DeskRoute)
    pages = desk.pages

    @router.get("")
    async def start(request: Request) -> Response:
        return await _start(request, await desk.enter(request))

    @router.get("/work")
    async def choose_work(request: Request) -> Response:
        session = await desk.doors.professional(request)
        works = works_of(session.signed_in, desk.directory, desk.clock.now())
        chosen = request.cookies.get(desk.work_cookie, "")
        return pages.render(request, "desk/work.html", session, works=works, chosen=chosen, faults={}, has_choice=True)

    @router.post("/work")
    async def take_work(request: Request) -> Response:
        session = await desk.doors.professional(request)
        form = await read_form(request, session, desk.base_url)
        works = works_of(session.signed_in, desk.directory, desk.clock.now())
        code = form.text("work")
        if all(work.code != code for work in works):
            faults = {"work": N_("Choose what you are working on now.")}
            return pages.render(
                request, "desk/work.html", session, status=422, works=works, chosen="", faults=faults, has_choice=True
            )
        return _working(see_other("/desk"), code)

    @router.post("/find")
    async def find(request: Request) -> Response:
        entered = await desk.enter(request, "look up")
        form = await desk.form(request, entered)
        purpose, reason = form.text("purpose"), form.text("reason", most=MAX_REASON)
        faults: Faults = {}
        identifier = _identifier(form.text("code", most=40), form.text("issuer", most=200))
        if identifier is None:
            faults["code"] = N_("This is not a personal identity code. It has eleven characters.")
        elif not identifier.is_complete and not desk.demo:
            faults["issuer"] = N_("A temporary code names a person only together with who issued it.")
        if purpose not in purposes_of(entered.works, entered.work):
            faults["purpose"] = N_("Choose what you need the information for.")
        if len(reason) < 3:
            faults["reason"] = N_("Say in a few words why you look this person up.")
        elif holds_identity_code(reason):
            # It would stand in the entry about this client, where another person's has no place.
            faults["reason"] = N_("Write it without a personal identity code. It is kept in the log.")
        if faults or identifier is None:
            return await _start(request, entered, faults, {"purpose": purpose, "reason": reason}, status=422)
        whom = await desk.finder.meet(entered.service, identifier)
        asking = entered.for_purpose(purpose)
        await entries.looked_up(whom.client, asking.requester, reason)
        return _working(see_other(f"/desk/clients/{whom.ref}"), asking.work.code)

    async def _start(
        request: Request, entered: Entered, faults: Faults | None = None, given: dict[str, str] | None = None,
        status: int = 200,
    ) -> Response:  # fmt: skip
        return desk.render(
            request, entered, "start.html", status=status, clients=await desk.finder.own(entered.service),
            purposes=purposes_of(entered.works, entered.work), faults=faults or {}, listed=LISTED,
            given=given or {"purpose": entered.work.purpose, "reason": ""},
        )  # fmt: skip

    def _working(answer: Response, code: str) -> Response:
        answer.set_cookie(desk.work_cookie, code, httponly=True, secure=desk.doors.secure, samesite="strict", path="/")
        return answer

    return router


def _identifier(code: str, issuer: str) -> Identifier | None:
    try:
        return Identifier.personal(PersonalIdentityCode.parse(code), issuer or None)
    except IdentityCodeError:
        return None
