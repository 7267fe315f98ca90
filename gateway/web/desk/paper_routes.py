"""A signed paper: its scan as a file, and a second person of the service who compares it with the rows."""

from __future__ import annotations

from hashlib import sha256

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotAvailable
from gateway.web.desk import answering
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.draft import Draft
from gateway.web.desk.drafts import Drafts
from gateway.web.desk.scan import SUFFIXES
from gateway.web.language import N_
from gateway.web.page import HEADERS, see_other

_WRONG = N_("Say that the paper and the rows are the same, or leave it.")


def paper_router(desk: Desk, drafts: Drafts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk/drafts/{draft_id}", include_in_schema=False, route_class=DeskRoute)

    @router.get("/scan")
    async def scan(request: Request, draft_id: str, of: str = "") -> Response:
        entered = await desk.enter(request)
        draft = await drafts.of_service(entered, draft_id)
        content = await desk.records.scan(entered.service, draft.id) if draft.scan else None
        # The paper that is looked at is the one whose hash the consent keeps, and the one that the page was of.
        if content is None or sha256(content).hexdigest() != draft.scan or of not in ("", draft.scan):
            raise NotAvailable("There is no such page.")
        name = f"scan.{SUFFIXES[draft.scan_type]}"
        # Somebody else's bytes: they are handed over to be kept or shown by a program of the worker's, never as a page.
        sent = HEADERS | {"content-disposition": f'attachment; filename="{name}"'}
        return Response(content, headers=sent, media_type=draft.scan_type)

    @router.get("/compare")
    async def compare(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        return await _compare(request, entered, await _of_a_colleague(entered, draft_id))

    @router.post("/compare")
    async def compared(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "compare")
        form = await desk.form(request, entered)
        draft = await _of_a_colleague(entered, draft_id)
        whom = await desk.whom(entered, draft.ref)
        if form.text("same") != draft.scan or form.text("rows") != answering.rows_of(desk, draft):
            return await _compare(request, entered, draft, _WRONG, status=422)
        await drafts.save(entered, await answering.compare(desk, entered, draft, whom))
        return see_other("/desk/worklist")

    async def _of_a_colleague(entered: Entered, draft_id: str) -> Draft:
        draft = await drafts.of_service(entered, draft_id)
        mine = draft.worker == entered.session.signed_in.subject
        if mine or not draft.scan or draft.check or draft.is_done:
            raise NotAvailable("There is no such page.")
        return draft

    async def _compare(
        request: Request, entered: Entered, draft: Draft, fault: str = "", status: int = 200
    ) -> Response:
        words = answering.words_of(desk, draft)
        whom = await desk.whom(entered, draft.ref)
        return desk.render(
            request,
            entered,
            "compare.html",
            status=status,
            whom=whom,
            draft=draft,
            words=words,
            fault=fault,
            rows=answering.rows_of(desk, draft),
        )

    return router
