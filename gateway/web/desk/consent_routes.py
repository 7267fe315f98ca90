"""A consent as the worker's service may see it: its rows, its receipts, and confirming as the custodian."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import ConsentId, ConsentState
from gateway.consent.receipt import withdrawn_by
from gateway.consent.view import ConsentView
from gateway.errors import NotAvailable
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.whom import Whom
from gateway.web.page import see_other

ANSWERS: Final = ("no", "later", "no-for-them", "later-for-them")
"""What the client said, or somebody in the client's place."""


def consent_router(desk: Desk) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk/clients/{ref}", include_in_schema=False, route_class=DeskRoute)

    @router.get("/answered/{answer}")
    async def answered(request: Request, ref: str, answer: str) -> Response:
        entered = await desk.enter(request)
        if answer not in ANSWERS:
            raise NotAvailable("There is no such page.")
        return desk.render(request, entered, "answered.html", whom=await desk.whom(entered, ref), answer=answer)

    @router.get("/consents/{consent_id}")
    async def consent(request: Request, ref: str, consent_id: str) -> Response:
        entered = await desk.enter(request)
        whom, view = await find_view(desk, entered, ref, consent_id)
        receipts = await desk.recording.receipts(view.id, entered.service)
        unconfirmed = any(not one.confirmed and one.row.custodian == entered.service for one in view.grants)
        return desk.render(
            request, entered, "consent.html", whom=whom, view=view, receipts=receipts, now=desk.clock.now(),
            can_confirm=unconfirmed and view.state == ConsentState.GIVEN, taken_back_by=withdrawn_by(receipts),
        )  # fmt: skip

    @router.post("/consents/{consent_id}/confirm")
    async def confirm(request: Request, ref: str, consent_id: str) -> Response:
        entered = await desk.enter(request, "confirm")
        await desk.form(request, entered)
        whom, view = await find_view(desk, entered, ref, consent_id)
        await desk.recording.confirm_by_service(view.id, entered.actor)
        return see_other(f"/desk/clients/{whom.ref}/consents/{view.id}")

    return router


async def find_view(desk: Desk, entered: Entered, ref: str, consent_id: str) -> tuple[Whom, ConsentView]:
    """Return a consent of this client's in which the service has a row. Raises NotAvailable for anything else, as for
    an unknown one."""
    whom = await desk.whom(entered, ref)
    view = await desk.recording.consent_view(ConsentId(consent_id), entered.service)
    if view is None or whom.client is None or view.client != whom.client:
        raise NotAvailable("There is no such page.")
    return whom, view
