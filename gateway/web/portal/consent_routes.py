"""The client's permissions: the list, one in full, what was just given, and confirming."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import Consent, ConsentId
from gateway.consent.receipt import withdrawn_by
from gateway.consent.view import ReceiptView
from gateway.web.page import see_other
from gateway.web.portal.cards import Card, card_of, left_out
from gateway.web.portal.checking import text_shown
from gateway.web.portal.eyes import may_see
from gateway.web.portal.visit import SUPPORTED, Room, Visit, missing, need_id


def consent_router(room: Room) -> APIRouter:
    """Return the routes of consents as they stand."""
    router = APIRouter(prefix="/portal/consents", include_in_schema=False)

    @router.get("")
    async def listed(request: Request) -> Response:
        visit = await room.enter(request)
        picture = await room.picture(visit)
        cards = [
            card_of(one, picture.prohibitions, room.wordings, room.directory, visit.now) for one in picture.consents
        ]
        groups = [(name, [card for card in cards if card.group == name]) for name in ("now", "waiting", "over")]
        return room.show(visit, "consents", groups=groups, refusals=picture.refusals, asks=picture.requests)

    @router.get("/{consent_id}")
    async def one(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        card = await find_card(room, visit, consent_id)
        consent = card.consent
        versions = await room.recording.versions_of_client(consent.id, visit.client)
        receipts = await room.recording.receipts(consent.id)
        return room.show(
            visit, "consent", card=card, consent=consent, receipts=receipts, text=text_shown(room, consent),
            versions=[version for version in versions if may_see(version, in_person=visit.in_person)],
            supported=consent.capture.evidence.get(SUPPORTED) is not None, taken_back_by=withdrawn_by(receipts),
        )  # fmt: skip

    @router.get("/{consent_id}/given")
    async def given(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        card = await find_card(room, visit, consent_id)
        receipts = await room.recording.receipts(card.consent.id)
        versions = await room.recording.versions_of_client(card.consent.id, visit.client)
        return room.show(
            visit, "given", card=card, receipt=last_of(receipts, "consent.given", "consent.changed"),
            left_out=left_out([version for version in versions if may_see(version, in_person=visit.in_person)]),
        )  # fmt: skip

    @router.post("/{consent_id}/confirm")
    async def confirm(request: Request, consent_id: str) -> Response:
        visit = await room.enter(request)
        await room.form(visit)
        consent = await find_consent(room, visit, consent_id)
        await room.recording.confirm_by_client(consent.id, visit.client, giver=visit.giver, by=visit.by)
        return see_other(f"/portal/consents/{consent.id}/given")

    return router


def last_of(receipts: Sequence[ReceiptView], *kinds: str) -> ReceiptView | None:
    """Return the last receipt of these steps, None where there is none (any more)."""
    return next((one for one in reversed(receipts) if one.kind in kinds), None)


async def find_consent(room: Room, visit: Visit, consent_id: str) -> Consent:
    """Return a consent that this visit may see. Raises as for an address that does not exist: unknown, another's, or
    the client's own where a representative asks."""
    found = await room.recording.consent_of_client(ConsentId(need_id(consent_id)), visit.client)
    if found is None or not may_see(found, in_person=visit.in_person):
        raise missing()
    return found


async def find_card(room: Room, visit: Visit, consent_id: str) -> Card:
    """Return such a consent as it stands."""
    consent = await find_consent(room, visit, consent_id)
    picture = await room.recording.for_client(visit.client)
    return card_of(consent, picture.prohibitions, room.wordings, room.directory, visit.now)
