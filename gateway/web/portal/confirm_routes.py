"""Confirming by a one-time code, without a sign-in: the way that a QR code at a desk leads to."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import ConsentRefused
from gateway.web.forms import read_form
from gateway.web.language import N_
from gateway.web.portal.visit import Room, need_id

REFUSED = N_("This code confirms nothing. It may be wrong, used or too old. Ask the worker for a new one.")
TOO_MANY = N_(
    "There are a hundred permissions for this service already. Nothing was changed. Withdraw one of them on your own "
    "page. Then write the code here again."
)


def confirm_router(room: Room) -> APIRouter:
    """Return the routes of confirming by code. Every handle shows the same page: nothing of a consent is told."""
    router = APIRouter(prefix="/portal/confirm", include_in_schema=False)

    def page(
        request: Request, handle: str, *, fault: str = "", done: bool = False, offered: bool = False, status: int = 200
    ) -> Response:
        return room.pages.render(
            request, "portal/confirm.html", None, status=status, handle=handle, fault=fault, done=done, offered=offered
        )

    @router.get("/{handle}")
    async def ask(request: Request, handle: str) -> Response:
        return page(request, need_id(handle))

    @router.post("/{handle}")
    async def confirm(request: Request, handle: str) -> Response:
        handle = need_id(handle)
        form = await read_form(request, None, room.base_url)
        code = form.text("code", most=64)
        try:
            if not code.isascii():
                raise ConsentRefused("confirm-not-allowed")
            confirmed = await room.recording.confirm_by_code(handle, code)
        except ConsentRefused as refused:
            fault = TOO_MANY if refused.reason == "too-many-consents" else REFUSED
            return page(request, handle, fault=room.pages.gettext(request, fault), status=422)
        return page(request, handle, done=True, offered=confirmed is None)

    return router
