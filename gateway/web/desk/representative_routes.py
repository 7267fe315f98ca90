"""Somebody sits at the desk in the client's place: the register of mandates is asked before anything is talked over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.disclosure.desk_entries import DeskEntries
from gateway.errors import NotAvailable
from gateway.web.desk.asking_register import ask_register
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.draft import REPRESENTATIVE, Draft
from gateway.web.desk.drafts import Drafts
from gateway.web.language import N_
from gateway.web.page import see_other

_UNKNOWN: Final = N_("By the register this person may not decide for the client. No permission is recorded.")


def representative_router(desk: Desk, drafts: Drafts, entries: DeskEntries) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk/drafts/{draft_id}/representative", include_in_schema=False, route_class=DeskRoute)

    @router.get("")
    async def show(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        return await _page(request, entered, await _draft(entered, draft_id), "", {})

    @router.post("")
    async def ask(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered)
        draft = await _draft(entered, draft_id)
        asked = await ask_register(desk, entries, entered, await desk.whom(entered, draft.ref), form, _UNKNOWN)
        if asked.giver is None:
            return await _page(request, entered, draft, asked.capacity, asked.faults, asked.status)
        await drafts.save(entered, draft.given_by(asked.giver))
        return see_other(f"/desk/drafts/{draft.id}/rows")

    async def _draft(entered: Entered, draft_id: str) -> Draft:
        draft = await drafts.mine(entered, draft_id)
        if draft.decides != REPRESENTATIVE:
            raise NotAvailable("There is no such page.")
        return draft

    async def _page(
        request: Request, entered: Entered, draft: Draft, capacity: str, faults: Mapping[str, str], status: int = 200
    ) -> Response:
        return desk.render(
            request, entered, "representative.html", status=status, whom=await desk.whom(entered, draft.ref),
            draft=draft, capacity=capacity, faults=faults, asks=desk.mandates is not None,
        )  # fmt: skip

    return router
