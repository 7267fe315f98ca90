"""The yearly walk through the permissions that stand: one on each screen, at most seven. Nothing changes by itself."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import Consent
from gateway.http.problems import EdgeError
from gateway.web.review.ports import Review
from gateway.web.review.visiting import Visit, enter, show

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

    @router.get("/{consent}")
    async def card(request: Request, consent: str) -> Response:
        visit = await enter(room, request, view="walk")
        cards, _ = await _cards(visit)
        place = next((at for at, one in enumerate(cards) if one.id == consent), None)
        if place is None:
            raise EdgeError("no-such-address")
        return show(
            room,
            visit,
            "walk_card",
            consent=cards[place],
            now=place + 1,
            of=len(cards),
            following=cards[place + 1].id if place + 1 < len(cards) else "done",
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
