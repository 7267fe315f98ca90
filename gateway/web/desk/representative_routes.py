"""Somebody sits at the desk in the client's place: the register of mandates is asked before anything is talked over."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import GiverKind
from gateway.directory.identity_code import IdentityCodeError, PersonalIdentityCode
from gateway.disclosure.desk_entries import DeskEntries
from gateway.errors import NotAvailable, StoreUnavailable
from gateway.web.desk.desk import CAPACITIES, Desk, DeskRoute, Entered
from gateway.web.desk.draft import REPRESENTATIVE, Draft
from gateway.web.desk.drafts import Drafts
from gateway.web.language import N_
from gateway.web.page import see_other

_UNKNOWN: Final = N_("By the register this person may not decide for the client. No permission is recorded.")
_SILENT: Final = N_("The register of mandates does not answer now. Without its answer nobody decides for another.")


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
        whom = await desk.whom(entered, draft.ref)
        capacity, code = form.text("capacity"), _code(form.text("code", most=40))
        faults: dict[str, str] = {}
        if capacity not in CAPACITIES:
            faults["capacity"] = N_("Choose in which capacity they decide.")
        if code is None:
            faults["code"] = N_("This is not a personal identity code. It has eleven characters.")
        if faults or code is None or desk.mandates is None:
            return await _page(request, entered, draft, capacity, faults, status=422)
        principal = whom.identifier.value
        # Who asks the register about two people leaves an entry, whatever it answers: the client sees it.
        await entries.asked_register(whom.client, entered.requester)
        try:
            giver = (
                await desk.mandates.verify(code, principal, GiverKind(capacity))
                if isinstance(principal, PersonalIdentityCode)
                else None
            )
        except StoreUnavailable:
            return await _page(request, entered, draft, capacity, {"code": _SILENT}, status=503)
        if giver is None:
            return await _page(request, entered, draft, capacity, {"code": _UNKNOWN}, status=422)
        await drafts.save(entered, draft.given_by(giver))
        return see_other(f"/desk/drafts/{draft.id}/rows")

    async def _draft(entered: Entered, draft_id: str) -> Draft:
        draft = await drafts.mine(entered, draft_id)
        if draft.decides != REPRESENTATIVE:
            raise NotAvailable("There is no such page.")
        return draft

    async def _page(
        request: Request, entered: Entered, draft: Draft, capacity: str, faults: dict[str, str], status: int = 200
    ) -> Response:
        return desk.render(
            request, entered, "representative.html", status=status, whom=await desk.whom(entered, draft.ref),
            draft=draft, capacity=capacity, faults=faults, asks=desk.mandates is not None,
        )  # fmt: skip

    return router


def _code(text: str) -> PersonalIdentityCode | None:
    try:
        return PersonalIdentityCode.parse(text)
    except IdentityCodeError:
        return None
