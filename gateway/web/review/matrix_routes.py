"""The matrix, now or at the end of a past day, and the page of each cell's reason."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.instants import from_micros
from gateway.directory.model import Directory, Service
from gateway.http.problems import EdgeError
from gateway.web.language import N_
from gateway.web.review.days import day_of, end_of, parse_day
from gateway.web.review.grid import WORDS, grid_of
from gateway.web.review.lanes import LOOKS
from gateway.web.review.ports import Review
from gateway.web.review.reasons import reason_of
from gateway.web.review.visiting import enter, need_named, show

NO_DAY = N_("Write the day like this: 31.5.2026.")
COMING_DAY = N_("Choose a day that has passed. Nobody knows yet what comes.")


def matrix_router(room: Review) -> APIRouter:
    """Return the routes under /portal/matrix."""
    router = APIRouter(prefix="/portal/matrix", include_in_schema=False)
    directory = room.pages.directory

    @router.get("")
    async def matrix(request: Request, on: str = "", everyone: str = "") -> Response:
        visit = await enter(room, request)
        looker = visit.looker
        at, fault = _instant(on, room.clock.now())
        made = await room.who_can_see.matrix(visit.client, looker, at=at, everyone=everyone == "1")
        sight = await room.sights.of(visit.client, looker)
        shown = sight.matrix(made, everyone=everyone == "1")
        return show(
            room,
            visit,
            "matrix",
            status=422 if fault else 200,
            rows=grid_of(shown),
            categories=shown.categories,
            signs=WORDS,
            at=made.at,
            past=at is not None,
            on=on[:20],
            fault=fault,
            everyone=everyone == "1",
            caveats=shown.caveats,
        )

    @router.get("/{recipient}/{category}")
    async def reason(request: Request, recipient: str, category: str, on: str = "") -> Response:
        visit = await enter(room, request)
        known(directory, recipient, category)
        client, looker = visit.client, visit.looker
        need_named(visit, directory, category, recipient)
        at, _ = _instant(on, room.clock.now())
        made = await room.who_can_see.matrix(client, looker, at=at, recipients=(recipient,))
        looks = await room.log.own(
            client, recipient=recipient, category=category, kinds=LOOKS, outcome="permit", count=1, looker=looker
        )
        sight = await room.sights.of(client, looker)
        picture = sight.picture(await room.pictures.for_client(client))
        told = reason_of(
            sight.matrix(made).cell(recipient, category), picture, room.phrases, visit.language,
            now=made.at if at is None else None, for_another=not visit.in_person,
        )  # fmt: skip
        return show(
            room,
            visit,
            "reason",
            recipient=recipient,
            category=category,
            told=told,
            word=WORDS,
            at=made.at,
            past=at is not None,
            on=on[:20] if at is not None else "",
            last_looked=next((from_micros(one.t) for one in sight.entries(looks.entries)), None),
        )

    return router


def known(directory: Directory, recipient: str, category: str | None = None) -> Service:
    """Return the recipient. Raises EdgeError("no-such-address") unless the directory knows it, and the category where
    one is given."""
    service = directory.service(recipient)
    if service is None or (category is not None and directory.category(category) is None):
        raise EdgeError("no-such-address")
    return service


def _instant(on: str, now: datetime) -> tuple[datetime | None, str]:
    """Return the instant that is asked about, None for now, and what is wrong with what was written."""
    if not on.strip():
        return None, ""
    day = parse_day(on)
    if day is None or day.year < 1900:
        return None, NO_DAY
    if day > day_of(now):
        return None, COMING_DAY
    if day == day_of(now):
        return None, ""
    return from_micros(end_of(day)) - timedelta(microseconds=1), ""
