"""A recipient's request, answered in two screens: who asks what and why, then check and confirm."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import RefusedRow
from gateway.consent.view import RequestView
from gateway.web.page import see_other
from gateway.web.portal.checking import Checked, check
from gateway.web.portal.choice import Choice, Offered, read_choice
from gateway.web.portal.eyes import may_see
from gateway.web.portal.start import stands
from gateway.web.portal.visit import Room, Visit, missing, need_id

LATER = "later"


def request_router(room: Room) -> APIRouter:
    """Return the routes of requests."""
    router = APIRouter(prefix="/portal/requests", include_in_schema=False)

    async def find(visit: Visit, request: str) -> RequestView | None:
        picture = await room.picture(visit)
        return next((one for one in picture.requests if one.id == need_id(request)), None)

    async def asked(visit: Visit, request: str) -> RequestView:
        found = await find(visit, request)
        if found is None:
            raise missing()
        return found

    async def first(visit: Visit, row: RequestView, choice: Choice, status: int = 200) -> Response:
        picture = await room.picture(visit)
        by_law = [
            one for one in picture.relations
            if stands(one, visit.now) and one.custodian == row.custodian and row.recipient in one.recipients
        ]  # fmt: skip
        return room.show(
            visit, "request", status=status, asked=row, choice=choice, by_law=by_law, ticks=ticks_of(room, visit)
        )

    @router.get("/{request_id}")
    async def read(request: Request, request_id: str) -> Response:
        visit = await room.enter(request)
        return await first(visit, await asked(visit, request_id), Choice())

    @router.post("/{request_id}")
    async def answer(request: Request, request_id: str) -> Response:
        visit = await room.enter(request)
        form = await room.form(visit)
        row = await find(visit, request_id)
        if row is None:
            # Whoever pressed twice has answered it already: they are led to what they gave.
            before = await room.recording.given_by(visit.client, form.text("form", most=64))
            if before is None or not may_see(before, in_person=visit.in_person):
                raise missing()
            return see_other(f"/portal/consents/{before.id}/given")
        here = f"/portal/requests/{row.id}"
        match form.text("answer", most=10):
            case "no":
                no = RefusedRow(row.recipient, row.category)
                await room.recording.refuse(visit.client, [no], giver=visit.giver, by=visit.by)
                return see_other("/portal/done/refused")
            case "later":
                await room.recording.defer(visit.client, row.id, giver=visit.giver, by=visit.by)
                return see_other("/portal/done/later")
            case _:
                pass
        offered = [Offered("asked", row.custodian, row.recipient, row.category, row.purpose)]
        choice = read_choice(form, offered, room.directory.sensitivities, visit.now, whole=True)
        if choice.faults:
            return await first(visit, row, choice, 422)
        checked = check(room, visit, form, offered, choice, here, here, no_action=here)
        if not isinstance(checked, Checked):
            return checked
        capture = visit.capture(supported=checked.supported)
        given = await room.recording.give(
            visit.client, checked.rows, capture, checked.shown, giver=visit.giver, by=visit.by, form=checked.form
        )
        return see_other(f"/portal/consents/{given.consent.id}/given")

    return router


def ticks_of(room: Room, visit: Visit) -> list[tuple[str, str]]:
    """Return the sensitivities with the words of the consent text in use, so that both screens say the same."""
    language, register = room.register(visit)
    return list(room.wordings.current().template(language, register).ticks.items())
