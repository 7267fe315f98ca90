"""Giving a permission that nobody asked for: to whom, then what, why and how long, then check and confirm."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.web.language import N_
from gateway.web.page import see_other
from gateway.web.portal.checking import Checked, check
from gateway.web.portal.choice import Choice, read_choice
from gateway.web.portal.offering import purposes_of, recipients, rows_for
from gateway.web.portal.request_routes import ticks_of
from gateway.web.portal.visit import Room, Visit, missing, need_may_decide

NO_PURPOSE = N_("Choose what it may be used for.")


def give_router(room: Room) -> APIRouter:
    """Return the routes of giving anew."""
    router = APIRouter(prefix="/portal/give", include_in_schema=False)

    def form_page(
        visit: Visit, recipient: str, choice: Choice, purpose: str, no_purpose: str = "", status: int = 200
    ) -> Response:
        return room.show(
            visit, "give", status=status, recipient=recipient, choice=choice, purpose=purpose, no_purpose=no_purpose,
            offered=rows_for(recipient, room.directory, visit.now), ticks=ticks_of(room, visit),
            purposes=purposes_of(recipient, room.directory, visit.now),
        )  # fmt: skip

    @router.get("")
    async def whom(request: Request) -> Response:
        visit = await room.enter(request)
        need_may_decide(visit)
        return room.show(visit, "give_whom", recipients=recipients(room.directory, visit.now))

    @router.get("/{recipient}")
    async def what(request: Request, recipient: str) -> Response:
        visit = await room.enter(request)
        need_may_decide(visit)
        return form_page(visit, known(visit, recipient), Choice(), "")

    @router.post("/{recipient}")
    async def give(request: Request, recipient: str) -> Response:
        visit = await room.enter(request)
        form = await room.form(visit)
        recipient = known(visit, recipient)
        purposes = purposes_of(recipient, room.directory, visit.now)
        purpose = form.text("purpose", most=64)
        if len(purposes) == 1:
            purpose = purposes[0]
        offered = rows_for(recipient, room.directory, visit.now, purpose)
        choice = read_choice(form, offered, room.directory.sensitivities, visit.now)
        no_purpose = "" if purpose in purposes else room.text(visit, NO_PURPOSE)
        if choice.faults or no_purpose:
            return form_page(visit, recipient, choice, purpose, no_purpose, 422)
        here = f"/portal/give/{recipient}"
        checked = check(room, visit, form, offered, choice, here, here, purpose=purpose)
        if not isinstance(checked, Checked):
            return checked
        capture = visit.capture(supported=checked.supported)
        given = await room.recording.give(
            visit.client, checked.rows, capture, checked.shown, giver=visit.giver, by=visit.by, form=checked.form
        )
        return see_other(f"/portal/consents/{given.consent.id}/given")

    def known(visit: Visit, recipient: str) -> str:
        if recipient not in recipients(room.directory, visit.now):
            raise missing()
        return recipient

    return router
