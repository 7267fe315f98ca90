"""A withdrawal told at the desk: by the client, in one press, or by somebody in the client's place, after the register
of mandates was asked."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import ConsentState, Giver
from gateway.consent.view import ConsentView
from gateway.disclosure.desk_entries import DeskEntries
from gateway.errors import ConsentRefused
from gateway.web.desk.asking_register import Asked, ask_register
from gateway.web.desk.consent_routes import find_view
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.whom import Whom
from gateway.web.language import N_
from gateway.web.page import see_other

_UNKNOWN: Final = N_(
    "By the register this person may not decide for the client. Nothing is withdrawn. The client can withdraw it at "
    "any time."
)


def withdraw_router(desk: Desk, entries: DeskEntries) -> APIRouter:
    """Return the routes."""
    router = APIRouter(
        prefix="/desk/clients/{ref}/consents/{consent_id}/withdraw", include_in_schema=False, route_class=DeskRoute
    )

    @router.get("")
    async def consequences(request: Request, ref: str, consent_id: str) -> Response:
        entered = await desk.enter(request)
        whom, view = await find_view(desk, entered, ref, consent_id)
        if view.state == ConsentState.WITHDRAWN:
            return see_other(_place(whom, view))
        return desk.render(request, entered, "withdraw.html", whom=whom, view=view)

    @router.post("")
    async def withdraw(request: Request, ref: str, consent_id: str) -> Response:
        entered = await desk.enter(request, "withdraw")
        await desk.form(request, entered)
        whom, view = await find_view(desk, entered, ref, consent_id)
        return await _record(entered, whom, view, Giver())

    @router.get("/for-them")
    async def who(request: Request, ref: str, consent_id: str) -> Response:
        entered = await desk.enter(request)
        whom, view = await find_view(desk, entered, ref, consent_id)
        if view.state == ConsentState.WITHDRAWN:
            return see_other(_place(whom, view))
        return _page(request, entered, whom, view, Asked("", status=200))

    @router.post("/for-them")
    async def withdraw_for_them(request: Request, ref: str, consent_id: str) -> Response:
        entered = await desk.enter(request, "withdraw")
        form = await desk.form(request, entered)
        whom, view = await find_view(desk, entered, ref, consent_id)
        if view.state == ConsentState.WITHDRAWN:
            return see_other(_place(whom, view))
        asked = await ask_register(desk, entries, entered, whom, form, _UNKNOWN)
        if asked.giver is None:
            return _page(request, entered, whom, view, asked)
        try:
            return await _record(entered, whom, view, Giver(asked.giver.kind, asked.giver.register_reference))
        except ConsentRefused as refused:
            if refused.reason != "mandate-missing":
                raise
            # The register, which each act asks anew, says otherwise by now.
            return _page(request, entered, whom, view, Asked(asked.capacity, faults={"code": _UNKNOWN}))

    async def _record(entered: Entered, whom: Whom, view: ConsentView, giver: Giver) -> Response:
        await desk.recording.withdraw(view.id, told=entered.service, client=whom.client, giver=giver, by=entered.actor)
        return see_other(_place(whom, view))

    def _page(request: Request, entered: Entered, whom: Whom, view: ConsentView, asked: Asked) -> Response:
        return desk.render(
            request, entered, "withdraw_for_them.html", status=asked.status, whom=whom, view=view,
            capacity=asked.capacity, faults=asked.faults, asks=desk.mandates is not None,
        )  # fmt: skip

    return router


def _place(whom: Whom, view: ConsentView) -> str:
    return f"/desk/clients/{whom.ref}/consents/{view.id}"
