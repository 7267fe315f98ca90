"""The officer's first page: where the log stands, and what happened of late."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.instants import to_micros
from gateway.web.oversight.front import tally
from gateway.web.oversight.gate import Gate
from gateway.web.oversight.ports import LogStates, Looks
from gateway.web.page import Pages

OF_LATE = timedelta(days=30)


def front_router(
    pages: Pages,
    gate: Gate,
    looks: Looks,
    states: LogStates,
    open_concerns: Callable[[str], Awaitable[int]],
    now: Callable[[], datetime],
) -> APIRouter:
    """Return the route of the first page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/oversight")
    async def front(request: Request) -> Response:
        visit = await gate.enter(request)
        survey = await looks.counts(visit.officer, to_micros(now() - OF_LATE))
        return pages.render(
            request, "oversight/front.html", visit.session, organisation=visit.officer.organisation,
            state=await states.now(), tally=tally(survey), now=now(),
            open_concerns=await open_concerns(visit.officer.organisation or ""),
        )  # fmt: skip

    return router
