"""A consent is prepared with the client: situation, rows, sensitivities and period, and method. Screens 1 to 4."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.lifecycle import new_id
from gateway.consent.model import CaptureMethod
from gateway.directory.model import Directory
from gateway.web.desk.client_routes import code_of
from gateway.web.desk.desk import Desk, DeskRoute, Entered
from gateway.web.desk.draft import CLIENT, MONTHS, REPRESENTATIVE, SUPPORTED, Draft, end_of
from gateway.web.desk.drafts import Drafts
from gateway.web.desk.situations import load_situations
from gateway.web.desk.whom import Whom
from gateway.web.language import N_, NAMES
from gateway.web.page import see_other

METHODS: Final = (
    CaptureMethod.WITH_PROFESSIONAL, CaptureMethod.OWN_PHONE, CaptureMethod.VERBAL, CaptureMethod.PAPER_SCAN
)  # fmt: skip
DECIDES: Final = {
    CLIENT: N_("The client alone"), SUPPORTED: N_("The client, with somebody who helps to understand"),
    REPRESENTATIVE: N_("Somebody else in the client's place"),
}  # fmt: skip
IDENTITY_CHECKS: Final = {
    "document": N_("Identity document"), "known": N_("I know the person from before"),
    "electronic": N_("Strong electronic identification"),
}  # fmt: skip


def talk_router(desk: Desk, drafts: Drafts) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/desk", include_in_schema=False, route_class=DeskRoute)
    directory = desk.directory

    @router.get("/clients/{ref}/consent")
    async def situation(request: Request, ref: str) -> Response:
        entered = await desk.enter(request)
        whom = await desk.whom(entered, ref)
        return _situation(request, entered, whom, {})

    @router.post("/clients/{ref}/consent")
    async def begin(request: Request, ref: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered)
        whom = await desk.whom(entered, ref)
        chosen, decides = form.text("situation"), form.text("decides")
        faults: dict[str, str] = {}
        if chosen not in load_situations():
            faults["situation"] = N_("Choose a situation.")
        if decides not in DECIDES:
            faults["decides"] = N_("Choose who decides.")
        if faults:
            return _situation(request, entered, whom, faults, chosen, decides, status=422)
        draft = Draft(new_id(), whom.ref, entered.session.signed_in.subject, chosen, language=whom.language,
                      register=whom.register, decides=decides)  # fmt: skip
        await drafts.save(entered, draft)
        return see_other(f"/desk/drafts/{draft.id}/{'representative' if draft.lacks_mandate else 'rows'}")

    @router.get("/drafts/{draft_id}/rows")
    async def rows(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        draft = await drafts.mine(entered, draft_id)
        if draft.lacks_mandate:
            return see_other(f"/desk/drafts/{draft.id}/representative")
        return await _rows(request, entered, draft)

    @router.post("/drafts/{draft_id}/rows")
    async def choose_rows(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered)
        draft = await drafts.mine(entered, draft_id)
        if draft.lacks_mandate:
            return see_other(f"/desk/drafts/{draft.id}/representative")
        proposed = load_situations()[draft.situation].rows(directory, desk.clock.now())
        named = set(form.texts("row"))
        chosen = [row for row in proposed if code_of(row) in named]
        if not chosen:
            return await _rows(request, entered, draft, wrong=True, status=422)
        await drafts.save(entered, draft.with_rows(chosen))
        return see_other(f"/desk/drafts/{draft.id}/details")

    @router.get("/drafts/{draft_id}/details")
    async def details(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        draft = await drafts.mine(entered, draft_id)
        if not draft.rows:
            return see_other(f"/desk/drafts/{draft.id}/rows")
        return await _details(request, entered, draft, draft.ticks)

    @router.post("/drafts/{draft_id}/details")
    async def choose_details(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered)
        draft = await drafts.mine(entered, draft_id)
        known = directory.sensitivities
        ticks = tuple(
            tuple(code for code in known if code in form.texts(f"ticks-{place}")) for place in range(len(draft.rows))
        )
        now = desk.clock.now()
        until = end_of(form.text("period"), form.text("last_day", most=20), now)
        if until is None:
            given = {"period": form.text("period"), "last_day": form.text("last_day", most=20)}
            return await _details(request, entered, draft, ticks, given, wrong=True, status=422)
        await drafts.save(entered, draft.with_period(ticks, now, until))
        return see_other(f"/desk/drafts/{draft.id}/method")

    @router.get("/drafts/{draft_id}/method")
    async def method(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request)
        draft = await drafts.mine(entered, draft_id)
        if not draft.has_period:
            return see_other(f"/desk/drafts/{draft.id}/details")
        return await _method(request, entered, draft, {})

    @router.post("/drafts/{draft_id}/method")
    async def choose_method(request: Request, draft_id: str) -> Response:
        entered = await desk.enter(request, "record")
        form = await desk.form(request, entered)
        draft = await drafts.mine(entered, draft_id)
        chosen, language = form.text("method"), form.text("language")
        check, name = form.text("identity_check"), form.text("name", most=120)
        faults: dict[str, str] = {}
        if chosen not in methods_of(directory, entered.service, draft):
            faults["method"] = N_("Choose how the answer is recorded.")
        if check not in IDENTITY_CHECKS:
            faults["identity_check"] = N_("Choose how you know who decides.")
        if language not in NAMES:
            faults["language"] = N_("Choose the language of the client's screen.")
        if faults:
            filled = replace(draft, method=chosen, identity_check=check, name=name)
            return await _method(request, entered, filled, faults, status=422)
        easy = language == "fi-x-selko"
        await drafts.save(entered, replace(
            draft.unanswered(), method=chosen, identity_check=check, name=name, language="fi" if easy else language,
            register="easy" if easy else "plain",
        ))  # fmt: skip
        return see_other(f"/desk/drafts/{draft.id}/show")

    def _situation(
        request: Request, entered: Entered, whom: Whom, faults: dict[str, str], chosen: str = "", decides: str = "",
        status: int = 200,
    ) -> Response:  # fmt: skip
        language = desk.pages.page(request).language
        return desk.render(
            request, entered, "situation.html", status=status, whom=whom, faults=faults, chosen=chosen,
            options=[(code, one.name.text(language)) for code, one in load_situations().items()],
            decides=decides, deciders=DECIDES,
        )  # fmt: skip

    async def _rows(
        request: Request, entered: Entered, draft: Draft, *, wrong: bool = False, status: int = 200
    ) -> Response:
        proposed = load_situations()[draft.situation].rows(directory, desk.clock.now())
        return desk.render(
            request, entered, "rows.html", status=status, whom=await desk.whom(entered, draft.ref), draft=draft,
            rows=[(row, code_of(row)) for row in proposed], chosen={code_of(row) for row in draft.rows}, wrong=wrong,
        )  # fmt: skip

    async def _details(
        request: Request, entered: Entered, draft: Draft, ticks: tuple[tuple[str, ...], ...],
        given: dict[str, str] | None = None, *, wrong: bool = False, status: int = 200,
    ) -> Response:  # fmt: skip
        ticked = ticks if len(ticks) == len(draft.rows) else ((),) * len(draft.rows)
        return desk.render(
            request, entered, "details.html", status=status, whom=await desk.whom(entered, draft.ref), draft=draft,
            rows=list(zip(draft.rows, ticked, strict=True)), months=MONTHS, sensitivities=list(directory.sensitivities),
            given=given or {"period": "", "last_day": ""}, wrong=wrong,
        )  # fmt: skip

    async def _method(
        request: Request, entered: Entered, draft: Draft, faults: dict[str, str], status: int = 200
    ) -> Response:
        return desk.render(
            request, entered, "method.html", status=status, whom=await desk.whom(entered, draft.ref), draft=draft,
            methods=methods_of(directory, entered.service, draft), checks=IDENTITY_CHECKS, faults=faults,
            shown_in="fi-x-selko" if draft.register == "easy" else draft.language,
            unconfirmed=needs_confirmation(directory, entered.service, draft),
        )  # fmt: skip

    return router


def methods_of(directory: Directory, service: str, draft: Draft) -> tuple[str, ...]:
    """Return the ways in which a service may record these rows: spoken words only where it holds what they are about.

    Whether it may is judged when the consent is given; this keeps anyone from choosing in vain.
    """
    allowed = directory.capture_methods(service)
    own = all(row.custodian == service for row in draft.rows)
    return tuple(str(one) for one in METHODS if one in allowed and (own or one is not CaptureMethod.VERBAL))


def needs_confirmation(directory: Directory, service: str, draft: Draft) -> bool:
    """Return whether some row would open nothing until the client confirms it: nobody grants to themselves."""
    ours = directory.organisation_of(service)
    return any(
        directory.organisation_of(row.recipient) == ours and row.custodian != service for row in draft.rows
    )  # fmt: skip
