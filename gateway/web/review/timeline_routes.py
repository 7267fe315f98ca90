"""The timeline: a picture of who may see and who looked, and the same as a list right below."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.instants import to_micros
from gateway.web.review.chart import chart_of
from gateway.web.review.lanes import LOOKS, lanes_of, within
from gateway.web.review.log_rows import place_of
from gateway.web.review.ports import Review
from gateway.web.review.visiting import enter, show

MOST_LOOKS = 200
_BACK = timedelta(days=2 * 366)


def timeline_router(room: Review) -> APIRouter:
    """Return the route /portal/timeline."""
    router = APIRouter(include_in_schema=False)

    @router.get("/portal/timeline")
    async def timeline(request: Request) -> Response:
        visit = await enter(room, request)
        client, looker, now = visit.client, visit.looker, room.clock.now()
        page = await room.log.own(
            client, since=to_micros(now - _BACK), kinds=LOOKS, outcome="permit", count=MOST_LOOKS, looker=looker
        )
        sight = await room.sights.of(client, looker)
        picture = sight.picture(await room.pictures.for_client(client))
        lanes = lanes_of(picture, sight.entries(page.context), sight.entries(page.entries))
        chart = chart_of(lanes, now)
        return show(
            room,
            visit,
            "timeline",
            chart=chart,
            lanes=within(lanes, chart.begin, chart.end),
            older=page.more is not None and not sight.nothing,
            place_of=place_of,
            most=MOST_LOOKS,
        )

    return router
