"""How the client is told and where; pausing everything; withdrawing everything; who acts for the client."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.notice_choice import ChannelKind, NoticeChoice, Rhythm
from gateway.errors import ConsentRefused
from gateway.web.addresses import to_identify_again
from gateway.web.doors import BEFORE, UNTIL_SENT, is_recent
from gateway.web.forms import Form
from gateway.web.language import N_, NAMES
from gateway.web.page import see_other
from gateway.web.portal.cards import Card, card_of
from gateway.web.portal.visit import Room, Visit, need_in_person, need_may_decide

NO_RHYTHM = N_("Choose how often.")
NO_ADDRESS = N_("Check the address or the number. A number begins with +358.")
NOT_MOVED = N_("Where messages go was not changed. Identify yourself once more. Then write it again.")


def settings_router(room: Room) -> APIRouter:
    """Return the routes of settings."""
    router = APIRouter(prefix="/portal", include_in_schema=False)

    async def page(
        visit: Visit,
        *,
        chosen: NoticeChoice | None = None,
        address: str = "",
        language: str = "",
        faults: list[tuple[str, str]] | None = None,
    ) -> Response:
        # Own-phone codes go where messages do: whoever sits down at somebody's open page does not change that.
        may_move = is_recent(visit.session, UNTIL_SENT if faults else BEFORE)
        contact = await room.recording.contact(visit.client) if visit.in_person else None
        picture = await room.picture(visit)
        return room.show(
            visit, "settings", status=422 if faults else 200, contact=contact, address=address, faults=faults or [],
            choice=chosen or (contact.choice if contact else None), kinds=list(ChannelKind),
            language=language or (contact.language if contact else ""), names=NAMES,
            pauses=await room.pauses(visit),
            represented=[one for one in picture.consents if not one.giver.is_client],
            may_move=may_move, again=to_identify_again("/portal/settings"),
        )  # fmt: skip

    @router.get("/settings")
    async def settings(request: Request) -> Response:
        return await page(await room.enter(request))

    @router.post("/settings")
    async def choose(request: Request) -> Response:
        visit = await room.enter(request)
        # Whoever could choose where notices go could keep the client from hearing of anything.
        need_in_person(visit)
        form = await room.form(visit)
        now = (await room.recording.contact(visit.client)).choice
        choice, address = _choice(form, now), form.text("address", most=254)
        language = form.text("language", most=12)
        language = language if language in NAMES else ""
        if choice is None:
            return await page(
                visit, address=address, language=language, faults=[("rhythm", room.text(visit, NO_RHYTHM))]
            )
        moves = bool(address) or choice.channel != (now.channel if now else None)
        if moves and not is_recent(visit.session, UNTIL_SENT):
            faults = [("address", room.text(visit, NOT_MOVED))]
            return await page(visit, chosen=choice, address=address, language=language, faults=faults)
        try:
            await room.recording.choose_notices(
                visit.client, choice, address=address or None, language=language or None, by=visit.by
            )
        except ConsentRefused as refused:
            if refused.reason != "request-invalid":
                raise
            faults = [("address", room.text(visit, NO_ADDRESS))]
            return await page(visit, chosen=choice, address=address, language=language, faults=faults)
        return see_other("/portal/done/settings")

    @router.post("/pause")
    async def pause(request: Request) -> Response:
        visit = await room.enter(request)
        await room.form(visit)
        await room.recording.pause(visit.client, giver=visit.giver, by=visit.by)
        return see_other("/portal/done/paused")

    @router.post("/resume")
    async def resume(request: Request) -> Response:
        visit = await room.enter(request)
        await room.form(visit)
        await room.recording.end_pause(visit.client, giver=visit.giver, by=visit.by)
        return see_other("/portal/done/resumed")

    @router.get("/withdraw-all")
    async def before_all(request: Request) -> Response:
        visit = await room.enter(request)
        need_may_decide(visit)
        return room.show(visit, "withdraw_all", live=await _live(visit), done=None)

    @router.post("/withdraw-all")
    async def withdraw_all(request: Request) -> Response:
        visit = await room.enter(request)
        await room.form(visit)
        if visit.in_person:
            withdrawn = await room.recording.withdraw_all(visit.client, giver=visit.giver, by=visit.by)
        else:
            # A representative withdraws what they see; the client's own givings stand.
            withdrawn = tuple([
                await room.recording.withdraw(
                    card.consent.id, client=visit.client, giver=visit.giver, by=visit.by
                )
                for card in await _live(visit)
            ])  # fmt: skip
        return room.show(visit, "withdraw_all", live=[], done=withdrawn)

    async def _live(visit: Visit) -> list[Card]:
        picture = await room.picture(visit)
        cards = [
            card_of(one, picture.prohibitions, room.wordings, room.directory, visit.now) for one in picture.consents
        ]
        return [card for card in cards if card.group != "over"]

    return router


def _choice(form: Form, now: NoticeChoice | None) -> NoticeChoice | None:
    rhythm, channel = form.text("rhythm", most=10), form.text("channel", most=10)
    if rhythm not in set(Rhythm):
        return None
    kind = ChannelKind(channel) if channel in set(ChannelKind) else None
    if not form.has("channel"):
        # The page does not ask where messages go of whoever identified themselves long ago: it stays as it is.
        kind = now.channel if now else None
    return NoticeChoice(Rhythm(rhythm), kind, shared=form.text("shared", most=3) == "yes")
