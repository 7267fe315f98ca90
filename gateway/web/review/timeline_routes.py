"""The timeline: a picture of who may see and who looked, and the same as a list right below."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.instants import to_micros
from gateway.disclosure.representative import seen_entries, seen_picture
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
        picture = seen_picture(await room.pictures.for_client(client), looker)
        page = await room.log.own(
            client, since=to_micros(now - _BACK), kinds=LOOKS, outcome="permit", count=MOST_LOOKS, looker=looker
        )
        lanes = lanes_of(
            picture, seen_entries(page.context, looker, room.pages.directory),
            seen_entries(page.entries, looker, room.pages.directory),
        )  # fmt: skip
        chart = chart_of(lanes, now)
        return show(
            room,
            visit,
            "timeline",
            chart=chart,
            lanes=within(lanes, chart.begin, chart.end),
            older=page.more is not None,
            place_of=place_of,
            most=MOST_LOOKS,
        )

    return router
