"""The client answers: the turned screen, the evidence, what was understood, and the receipt. Screens 5 to 8."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from typing import Final

import segno
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import CaptureMethod, Consent, ConsentId
from gateway.directory.identity_trace import holds_identity_code
from gateway.errors import ConsentRefused, NotAvailable
from gateway.web.desk import answering
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.draft import REPRESENTATIVE, Draft
from gateway.web.desk.drafts import Drafts
from gateway.web.desk.scan import type_of_scan
from gateway.web.desk.whom import Whom
from gateway.web.language import N_, NAMES
from gateway.web.page import HEADERS, see_other

MAX_NOTE: Final = 1000
_SAYS: Final = {
    "evidence-missing": N_("The proof does not hold: not confirmed in time, or a paper compared by the same person."),
    "mandate-missing": N_("By the register this person may not decide any more. No permission is recorded."),
    "too-many-consents": N_("The client has a hundred permissions for one service. One must first be withdrawn."),
    "too-many-unconfirmed": N_("Too many permissions wait for the client. Some must first be confirmed or withdrawn."),
    "too-many-recorded": N_("Your organisation has recorded too much this year. The client can give it themselves."),
    "period-empty": N_("The time has run out. Choose the period again."),
}  # fmt: skip
_OTHERWISE: Final = N_("This cannot be recorded as it is. Go back and look at each screen again.")


def answer_router(desk: Desk, drafts: Drafts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk/drafts/{draft_id}", include_in_schema=False, route_class=DeskRoute)

    @router.get("/show")
    async def show(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        draft = await drafts.mine(entered, draft_id)
        if not draft.method or not draft.has_period:
            return see_other(f"/desk/drafts/{draft.id}/method")
        return await _turned(request, entered, draft)

    @router.post("/language")
    async def language(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered)
        draft = await drafts.mine(entered, draft_id)
        chosen = form.text("language")
        if chosen in NAMES:
            easy = chosen == "fi-x-selko"
            await drafts.save(
                entered,
                replace(draft, language="fi" if easy else chosen, register="easy" if easy else "plain"),
            )
        return see_other(f"/desk/drafts/{draft.id}/show")

    @router.post("/answer")
    async def answer(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered)
        draft = await drafts.mine(entered, draft_id)
        if not draft.method or not draft.has_period:
            return see_other(f"/desk/drafts/{draft.id}/method")
        whom = await desk.whom(entered, draft.ref)
        shown = answering.words_of(desk, draft).sha256
        if form.text("shown") != shown:
            # The words on the screen are no longer those that would be recorded: they are shown anew.
            return await _turned(request, entered, draft, changed=True, status=422)
        if form.text("answer") != "yes" and (earlier := await answering.earlier(desk, draft, whom)) is not None:
            return await _earlier(request, entered, whom, earlier)
        try:
            return await _take(request, entered, draft, whom, form.text("answer"), shown)
        except ConsentRefused as refused:
            return _over(request, entered, draft, whom, refused)

    async def _take(request: Request, entered: Entered, draft: Draft, whom: Whom, said: str, shown: str) -> Response:
        match said:
            case "yes":
                draft = replace(draft.unanswered(), said_yes=True, shown=shown)
                if draft.method == CaptureMethod.OWN_PHONE:
                    draft = await answering.offer(desk, entered, draft, whom)
                await drafts.save(entered, draft)
                return see_other(_next(draft))
            case "no":
                await answering.refuse(desk, entered, draft, whom)
                return see_other(_answered(draft, whom, "no"))
            case "later":
                await answering.put_off(desk, entered, draft, whom)
                return see_other(_answered(draft, whom, "later"))
            case _:
                return await _turned(request, entered, draft, status=422)

    @router.get("/proof")
    async def proof(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        draft = await drafts.mine(entered, draft_id)
        if not draft.said_yes:
            return see_other(f"/desk/drafts/{draft.id}/show")
        return await _proof(request, entered, draft)

    @router.post("/proof")
    async def prove(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered, has_file=True)
        draft = await drafts.mine(entered, draft_id)
        whom = await desk.whom(entered, draft.ref)
        if not draft.said_yes:
            return see_other(f"/desk/drafts/{draft.id}/show")
        match draft.method:
            case CaptureMethod.OWN_PHONE if form.text("again"):
                try:
                    draft = await answering.offer(desk, entered, draft, whom)
                except ConsentRefused as refused:
                    return _over(request, entered, draft, whom, refused)
                await drafts.save(entered, draft)
                return see_other(f"/desk/drafts/{draft.id}/proof")
            case CaptureMethod.OWN_PHONE:
                confirmed = await answering.has_confirmed(desk, draft, whom)
                fault = "" if confirmed else _unconfirmed(draft)
            case CaptureMethod.VERBAL:
                draft = replace(draft, note=form.text("note", most=MAX_NOTE))
                fault = "" if len(draft.note) >= 10 else N_("Write down the words that were said.")
                if holds_identity_code(draft.note):
                    fault = N_("Write it without a personal identity code. It is kept in the log.")
            case CaptureMethod.PAPER_SCAN:
                upload = await form.upload("scan")
                kind = None if upload is None else type_of_scan(upload.content)
                fault = N_("Choose a scan: a PDF, PNG or JPEG file of at most 1.9 megabytes.")
                if upload is not None and kind is not None:
                    fault, digest = "", sha256(upload.content).hexdigest()
                    draft = replace(draft, scan=digest, scan_type=kind, check="", checked_by="")
                    await drafts.save(entered, draft, upload.content)
                    return see_other(f"/desk/drafts/{draft.id}/proof")
            case _:
                fault = ""
        if fault:
            return await _proof(request, entered, draft, fault, status=422)
        await drafts.save(entered, draft)
        return see_other(f"/desk/drafts/{draft.id}/understood")

    @router.get("/understood")
    async def understood(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        draft = await drafts.mine(entered, draft_id)
        if not answering.is_proven(draft):
            return see_other(_next(draft) if draft.said_yes else f"/desk/drafts/{draft.id}/show")
        return await _understood(request, entered, draft)

    @router.post("/understood")
    async def record(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered)
        draft = await drafts.begun(entered, draft_id)
        if draft.is_done:
            return see_other(f"/desk/drafts/{draft.id}/receipt")
        whom = await desk.whom(entered, draft.ref)
        earlier = await answering.earlier(desk, draft, whom)
        if form.text("unsure"):
            if earlier is not None:
                return await _earlier(request, entered, whom, earlier)
            # Whoever doubts records no permission: it is put off, and nothing of the doubt is kept.
            try:
                await answering.put_off(desk, entered, draft, whom)
            except ConsentRefused as refused:
                return _over(request, entered, draft, whom, refused)
            return see_other(_answered(draft, whom, "later"))
        if not answering.is_proven(draft) or answering.words_of(desk, draft).sha256 != draft.shown:
            return see_other(f"/desk/drafts/{draft.id}/show")
        if not form.text("told"):
            fault = N_("Ask the client first. If you are not sure, leave it for later.")
            return await _understood(request, entered, draft, fault, status=422)
        try:
            given = await answering.give(desk, entered, draft, whom)
        except ConsentRefused as refused:
            if refused.reason == "answered-otherwise" and earlier is not None:
                return await _earlier(request, entered, whom, earlier)
            return await _understood(request, entered, draft, _SAYS.get(refused.reason, _OTHERWISE), status=422)
        done = replace(draft, consent=given.consent.id, confirm=given.handle or "", note="")
        await drafts.save(entered, done)
        return see_other(f"/desk/drafts/{draft.id}/receipt")

    @router.get("/receipt")
    async def receipt(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        draft = await drafts.begun(entered, draft_id)
        view = await desk.recording.consent_view(ConsentId(draft.consent), entered.service)
        if not draft.is_done or view is None:
            raise NotAvailable("There is no such page.")
        address = f"{desk.base_url}/portal/confirm/{draft.confirm}" if draft.confirm else ""
        return desk.render(
            request, entered, "receipt.html", whom=await desk.whom(entered, draft.ref), draft=draft, view=view,
            words=answering.words_of(desk, draft), address=address, now=desk.clock.now(),
        )  # fmt: skip

    @router.get("/qr.svg")
    async def qr(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        draft = await drafts.begun(entered, draft_id)
        handle = draft.confirm if draft.is_done else draft.handle
        if not handle:
            raise NotAvailable("There is no such page.")
        picture = BytesIO()
        segno.make(f"{desk.base_url}/portal/confirm/{handle}", error="m").save(
            picture, kind="svg", scale=4, border=4, light="#fff"
        )
        return Response(picture.getvalue(), headers=HEADERS, media_type="image/svg+xml")

    async def _earlier(request: Request, entered: Entered, whom: Whom, earlier: Consent) -> Response:
        """Return what a draft has given already, though it was not noted: no other answer is lost on it unseen."""
        # The service's own rows alone: the client may have changed it since, and named others.
        view = await desk.recording.consent_view(earlier.id, entered.service)
        if view is None:
            raise NotAvailable("There is no such page.")
        return desk.render(request, entered, "earlier.html", status=409, whom=whom, view=view, now=desk.clock.now())

    def _over(request: Request, entered: Entered, draft: Draft, whom: Whom, refused: ConsentRefused) -> Response:
        """Return the page where the register is asked anew: it was asked at this act, and the mandate stands no more.

        Any other refusal is raised again.
        """
        if refused.reason != "mandate-missing":
            raise refused
        return desk.render(
            request, entered, "representative.html", status=422, whom=whom, draft=draft, capacity="",
            faults={"code": _SAYS["mandate-missing"]}, asks=desk.mandates is not None,
        )  # fmt: skip

    async def _turned(
        request: Request, entered: Entered, draft: Draft, *, changed: bool = False, status: int = 200
    ) -> Response:
        """Return the client's screen, in the client's language whatever the worker's is."""
        language = "fi-x-selko" if (draft.language, draft.register) == ("fi", "easy") else draft.language
        page = replace(desk.pages.page(request, entered.session), language=language)
        text = desk.pages.text(
            page, "desk/turned.html", draft=draft, words=answering.words_of(desk, draft), changed=changed,
            language=language, whom=await desk.whom(entered, draft.ref),
        )  # fmt: skip
        return Response(text, status, headers=HEADERS, media_type="text/html; charset=utf-8")

    async def _proof(request: Request, entered: Entered, draft: Draft, fault: str = "", status: int = 200) -> Response:
        whom = await desk.whom(entered, draft.ref)
        address = f"{desk.base_url}/portal/confirm/{draft.handle}" if draft.handle else ""
        return desk.render(
            request, entered, "proof.html", status=status, whom=whom, draft=draft, fault=fault, address=address,
        )  # fmt: skip

    async def _understood(
        request: Request, entered: Entered, draft: Draft, fault: str = "", status: int = 200
    ) -> Response:
        whom = await desk.whom(entered, draft.ref)
        return desk.render(request, entered, "understood.html", status=status, whom=whom, draft=draft, fault=fault)

    return router


def _unconfirmed(draft: Draft) -> str:
    """Return what is told where the code was not written on the phone of who decides."""
    if draft.decides == REPRESENTATIVE:
        return N_("It has not been confirmed on the own phone of who decides yet.")
    return N_("The client has not confirmed it on their own phone yet.")


def _answered(draft: Draft, whom: Whom, said: str) -> str:
    """Return the page after a no or a later."""
    in_place = "-for-them" if draft.decides == REPRESENTATIVE else ""
    return f"/desk/clients/{whom.ref}/answered/{said}{in_place}"


def _next(draft: Draft) -> str:
    """Return the screen after the client's yes."""
    needs_no_more = draft.method == CaptureMethod.WITH_PROFESSIONAL
    return f"/desk/drafts/{draft.id}/{'understood' if needs_no_more else 'proof'}"
