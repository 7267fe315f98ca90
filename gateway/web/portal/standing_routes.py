"""What stands beside permissions: what the client forbids, and what the law allows."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import ConsentRefused
from gateway.web.language import N_
from gateway.web.page import see_other
from gateway.web.portal.start import stands
from gateway.web.portal.visit import Room, Visit, missing, need_id

NOTHING_CHOSEN = N_("Choose a service, a kind of information, or both.")


def standing_router(room: Room) -> APIRouter:
    """Return the routes of prohibitions and relations."""
    router = APIRouter(prefix="/portal", include_in_schema=False)

    async def never_page(visit: Visit, *, fault: str = "", status: int = 200) -> Response:
        picture = await room.picture(visit)
        pauses = {one.prohibition for one in await room.pauses(visit)}
        standing = [one for one in picture.prohibitions if one.lifted_at is None and one.id not in pauses]
        services = [code for code in room.directory.services if room.directory.in_force(code, visit.now)]
        return room.show(
            visit, "prohibitions", status=status, standing=standing, fault=fault, services=services,
            categories=list(room.directory.categories),
        )  # fmt: skip

    @router.get("/prohibitions")
    async def prohibitions(request: Request) -> Response:
        return await never_page(await room.enter(request))

    @router.post("/prohibitions")
    async def prohibit(request: Request) -> Response:
        visit = await room.enter(request)
        form = await room.form(visit)
        recipient, category = form.text("recipient", most=64) or None, form.text("category", most=64) or None
        if recipient is None and category is None:
            return await never_page(visit, fault=room.text(visit, NOTHING_CHOSEN), status=422)
        await room.recording.prohibit(
            visit.client, recipient=recipient, category=category, giver=visit.giver, by=visit.by
        )
        return see_other("/portal/done/forbidden")

    @router.post("/prohibitions/{prohibition}/lift")
    async def lift(request: Request, prohibition: str) -> Response:
        visit = await room.enter(request)
        await room.form(visit)
        try:
            await room.recording.lift_prohibition(
                need_id(prohibition), client=visit.client, giver=visit.giver, by=visit.by
            )
        except ConsentRefused as refused:
            if refused.reason == "not-found":
                raise missing() from None
            raise
        return see_other("/portal/done/lifted")

    @router.get("/relations")
    async def relations(request: Request) -> Response:
        visit = await room.enter(request)
        picture = await room.picture(visit)
        now = [one for one in picture.relations if stands(one, visit.now)]
        over = [one for one in picture.relations if one not in now]
        return room.show(visit, "relations", now=now, over=over)

    @router.post("/relations/{relation}/contest")
    async def contest(request: Request, relation: str) -> Response:
        visit = await room.enter(request)
        await room.form(visit)
        try:
            await room.recording.contest_relation(
                need_id(relation), visit.client, giver=visit.giver, by=visit.by
            )  # fmt: skip
        except ConsentRefused as refused:
            if refused.reason == "not-found":
                raise missing() from None
            raise
        return see_other("/portal/done/contested")

    return router
