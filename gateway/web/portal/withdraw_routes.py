"""Withdrawing: what follows from it is told before, and whom we told after. One step, no reason asked."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import Consent
from gateway.consent.receipt import withdrawn_by
from gateway.disclosure.already_seen import disclosed_under
from gateway.web.page import see_other
from gateway.web.portal.cards import Card, going_on
from gateway.web.portal.checking import confirm_on
from gateway.web.portal.choice import NO_ROWS, as_it_stands
from gateway.web.portal.consent_routes import find_card, last_of
from gateway.web.portal.offering import rows_left
from gateway.web.portal.visit import Room, Visit, missing, need_may_decide


def withdraw_router(room: Room) -> APIRouter:
    """Return the routes of withdrawing."""
    router = APIRouter(prefix="/portal/consents", include_in_schema=False)

    async def page(visit: Visit, card: Card, *, fault: str = "", status: int = 200) -> Response:
        return room.show(
            visit, "withdraw", status=status, card=card, consent=card.consent, fault=fault,
            # The log's own reading is the client's; a representative's has a page of its own.
            already=await disclosed_under(room.log, visit.client, card.consent.id) if visit.in_person else None,
            some=rows_left(card) if card.can_change and len(card.rows) > 1 else [],
            others=await others(visit, card),
        )  # fmt: skip

    async def others(visit: Visit, card: Card) -> tuple[Consent, ...]:
        picture = await room.picture(visit)
        return going_on(picture.consents, card.consent, visit.now)

    async def whole(visit: Visit, card: Card) -> Response:
        await room.recording.withdraw(card.consent.id, client=visit.client, giver=visit.giver, by=visit.by)
        return see_other(f"/portal/consents/{card.consent.id}/withdrawn")

    @router.get("/{consent_id}/withdraw")
    async def before(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        need_may_decide(visit)
        card = await find_card(room, visit, consent_id)
        if not card.can_withdraw:
            return see_other(f"/portal/consents/{card.consent.id}/withdrawn")
        return await page(visit, card)

    @router.post("/{consent_id}/withdraw")
    async def withdraw(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        form = await room.form(visit)
        card = await find_card(room, visit, consent_id)
        match form.text("what", most=10):
            case "all":
                return await whole(visit, card)
            case "some" if card.can_change:
                pass
            case _:
                raise missing()
        left, taken = rows_left(card), set(form.texts("away"))
        staying = [row for row in left if row.key not in taken]
        if len(staying) == len(left):
            return await page(visit, card, fault=room.text(visit, NO_ROWS), status=422)
        if not staying:
            return await whole(visit, card)
        # What stays is the text of a new version: it is shown, and confirming it there makes the change.
        here = f"/portal/consents/{card.consent.id}"
        return confirm_on(
            room, visit, staying, as_it_stands(staying), f"{here}/change", f"{here}/withdraw", ends_too=card.ends_too
        )

    @router.get("/{consent_id}/withdrawn")
    async def after(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        card = await find_card(room, visit, consent_id)
        if card.can_withdraw:
            raise missing()
        receipts = await room.recording.receipts(card.consent.id)
        return room.show(
            visit, "withdrawn", card=card, consent=card.consent, receipt=last_of(receipts, "consent.withdrawn"),
            told=await room.recording.withdrawal_told(card.consent.id, visit.client),
            taken_back_by=withdrawn_by(receipts), others=await others(visit, card),
        )  # fmt: skip

    return router
