"""Changing a consent, and giving one again that is over: the same rows, offered once more."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import Consent, Grant
from gateway.web.page import see_other
from gateway.web.portal.cards import Card
from gateway.web.portal.checking import Checked, check
from gateway.web.portal.choice import Choice, Offered, as_it_stands, read_choice
from gateway.web.portal.consent_routes import find_card, find_consent
from gateway.web.portal.offering import rows_again, rows_left
from gateway.web.portal.request_routes import ticks_of
from gateway.web.portal.visit import Room, Visit, missing, need_may_decide


def change_router(room: Room) -> APIRouter:
    """Return the routes of changing and of giving again."""
    router = APIRouter(prefix="/portal/consents", include_in_schema=False)

    def form_page(
        visit: Visit,
        consent: Consent,
        offered: Sequence[Offered],
        choice: Choice,
        *,
        again: bool,
        status: int = 200,
        ends_too: Sequence[Grant] = (),
    ) -> Response:
        return room.show(
            visit, "rows", status=status, consent=consent, offered=offered, choice=choice, again=again,
            ticks=ticks_of(room, visit), ends_too=ends_too,
        )  # fmt: skip

    @router.get("/{consent_id}/change")
    async def change_page(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        need_may_decide(visit)
        card = await _changeable(room, visit, consent_id)
        offered = rows_left(card)
        return form_page(visit, card.consent, offered, as_it_stands(offered), again=False, ends_too=card.ends_too)

    @router.post("/{consent_id}/change")
    async def change(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        form = await room.form(visit)
        card = await _changeable(room, visit, consent_id)
        consent, offered = card.consent, rows_left(card)
        choice = read_choice(form, offered, room.directory.sensitivities, visit.now, may_keep=True)
        if choice.faults:
            return form_page(visit, consent, offered, choice, again=False, status=422, ends_too=card.ends_too)
        here = f"/portal/consents/{consent.id}/change"
        checked = check(room, visit, form, offered, choice, here, here, may_tell_help=False, ends_too=card.ends_too)
        if not isinstance(checked, Checked):
            return checked
        await room.recording.change(
            consent.id, checked.rows, checked.shown, client=visit.client, giver=visit.giver, by=visit.by
        )
        return see_other(f"/portal/consents/{consent.id}/given")

    @router.get("/{consent_id}/again")
    async def again_page(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        need_may_decide(visit)
        consent = await find_consent(room, visit, consent_id)
        return form_page(visit, consent, rows_again(consent, room.directory, visit.now), Choice(), again=True)

    @router.post("/{consent_id}/again")
    async def again(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        form = await room.form(visit)
        consent = await find_consent(room, visit, consent_id)
        offered = rows_again(consent, room.directory, visit.now)
        choice = read_choice(form, offered, room.directory.sensitivities, visit.now)
        if choice.faults:
            return form_page(visit, consent, offered, choice, again=True, status=422)
        here = f"/portal/consents/{consent.id}/again"
        checked = check(room, visit, form, offered, choice, here, here)
        if not isinstance(checked, Checked):
            return checked
        capture = visit.capture(supported=checked.supported)
        given = await room.recording.give(
            visit.client, checked.rows, capture, checked.shown, giver=visit.giver, by=visit.by, form=checked.form
        )
        return see_other(f"/portal/consents/{given.consent.id}/given")

    return router


async def _changeable(room: Room, visit: Visit, consent_id: str) -> Card:
    """Return a consent that can be changed now by who acts."""
    card = await find_card(room, visit, consent_id)
    if not card.can_change:
        raise missing()
    return card
