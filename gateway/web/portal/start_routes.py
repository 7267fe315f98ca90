"""The start page, and the short pages that say that something was done."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.instants import to_micros
from gateway.disclosure.concern import Concern
from gateway.web.portal.start import start_of
from gateway.web.portal.visit import Room, Visit, missing

LATELY: Final = timedelta(days=30)
COUNTED: Final = 100
"""More looks than these are told as `100+`: the page of the log has them all."""
DONE: Final = frozenset({"refused", "later", "forbidden", "lifted", "contested", "settings", "paused", "resumed"})


def start_router(room: Room) -> APIRouter:
    """Return the routes of the start page."""
    router = APIRouter(prefix="/portal", include_in_schema=False)

    @router.get("")
    async def start(request: Request) -> Response:
        visit = await room.enter(request)
        picture = await room.picture(visit)
        return room.show(
            visit, "start", start=start_of(picture, room.wordings, room.directory, visit.now),
            looked=await looks(visit) if visit.in_person else None, answered=await answered(visit),
            pauses=await room.pauses(visit),
        )  # fmt: skip

    async def looks(visit: Visit) -> str:
        """Return how often somebody received something lately; the look at the log is an entry like any other."""
        since = to_micros(visit.now - LATELY)
        page = await room.log.own(visit.client, since=since, count=COUNTED, kinds=("disclosure", "search"))
        released = sum(entry.outcome == "permit" for entry in page.entries)
        return f"{released}+" if page.more else str(released)

    async def answered(visit: Visit) -> list[Concern]:
        """Return the questions of the client's own that were answered lately."""
        if not visit.in_person:
            return []
        since = visit.now - LATELY
        found = await room.concerns.of_client(visit.client)
        return [one for one in found if any(case.answered_at and case.answered_at >= since for case in one.cases)]

    @router.get("/done/{what}")
    async def done(request: Request, what: str) -> Response:
        visit = await room.enter(request)
        if what not in DONE:
            raise missing()
        return room.show(visit, "done", what=what)

    return router
