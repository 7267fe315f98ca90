"""The yearly walk through the permissions that stand: one on each screen, at most seven. Nothing changes by itself."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import Consent
from gateway.http.problems import EdgeError
from gateway.web.forms import read_form
from gateway.web.page import see_other
from gateway.web.review.ports import Review
from gateway.web.review.visiting import Visit, enter, enter_in_person, show

MOST_CARDS = 7


def walk_router(room: Review) -> APIRouter:
    """Return the routes under /portal/walk."""
    router = APIRouter(prefix="/portal/walk", include_in_schema=False)

    @router.get("")
    async def begin(request: Request) -> Response:
        visit = await enter(room, request, view="walk")
        cards, left = await _cards(visit)
        return show(room, visit, "walk", cards=cards, left=left)

    @router.get("/done")
    async def done(request: Request) -> Response:
        visit = await enter(room, request, view="walk")
        cards, left = await _cards(visit)
        return show(room, visit, "walk_done", count=len(cards) + left, left=left)

    @router.post("/done")
    async def walked(request: Request) -> Response:
        visit = await enter_in_person(room, request)
        await read_form(request, visit.session, room.base_url)
        await room.walked(visit.client)
        return see_other("/portal/walk/done")

    @router.get("/{consent}")
    async def card(request: Request, consent: str) -> Response:
        visit = await enter(room, request, view="walk")
        cards, _ = await _cards(visit)
        place = next((at for at, one in enumerate(cards) if one.id == consent), None)
        if place is None:
            raise EdgeError("no-such-address")
        is_last = place + 1 == len(cards)
        return show(
            room,
            visit,
            "walk_card",
            consent=cards[place],
            now=place + 1,
            of=len(cards),
            following="done" if is_last else cards[place + 1].id,
            # Whoever stops before has not walked through, and a representative has not in the client's place.
            ends_walk=is_last and visit.in_person,
            rows=[one.row for one in cards[place].grants if one.in_force(room.clock.now())],
        )

    async def _cards(visit: Visit) -> tuple[Sequence[Consent], int]:
        """Return the consents in force, those given longest ago first, and how many more there are."""
        sight = await room.sights.of(visit.client, visit.looker)
        picture = sight.picture(await room.pictures.for_client(visit.client))
        standing = [one for one in picture.consents if one.in_force(room.clock.now())]
        oldest = sorted(standing, key=lambda one: (one.given_at, one.id))
        return oldest[:MOST_CARDS], max(0, len(oldest) - MOST_CARDS)

    return router
