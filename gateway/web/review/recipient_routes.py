"""A page for each recipient: what it may see, why and until when, what it looked at, and what may be done."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.disclosure.accounts import Accounts
from gateway.web.review.grid import SEES, SEES_BY_LAW, WORDS
from gateway.web.review.log_rows import REQUESTS, rows_of
from gateway.web.review.matrix_routes import known
from gateway.web.review.ports import Review
from gateway.web.review.reasons import reason_of
from gateway.web.review.visiting import enter, need_named, show

NEWEST = 5


def recipient_router(room: Review) -> APIRouter:
    """Return the routes under /portal/recipients."""
    router = APIRouter(prefix="/portal/recipients", include_in_schema=False)
    directory = room.pages.directory

    @router.get("/{code}")
    async def recipient(request: Request, code: str) -> Response:
        visit = await enter(room, request)
        service = known(directory, code)
        client, looker = visit.client, visit.looker
        need_named(visit, directory, None, code)
        whole = await room.who_can_see.matrix(client, looker, recipients=(code,))
        page = await room.log.own(client, recipient=code, kinds=REQUESTS, count=NEWEST, looker=looker)
        sight = await room.sights.of(client, looker)
        made, picture = sight.matrix(whole), sight.picture(await room.pictures.for_client(client))
        told = [
            (
                cell.category,
                reason_of(cell, picture, room.phrases, visit.language, now=made.at, for_another=not visit.in_person),
            )
            for cell in made.of_recipient(code)
        ]
        entries = sight.entries(page.entries)
        accounts = Accounts(directory, room.phrases, visit.language)
        return show(
            room,
            visit,
            "recipient",
            code=code,
            organisation=service.organisation,
            told=told,
            sees=[row for row in told if row[1].sign in (SEES, SEES_BY_LAW)],
            word=WORDS,
            consents=[
                one
                for one in picture.consents
                if code in {grant.row.recipient for grant in one.grants} and one.in_force(room.clock.now())
            ],
            relations=[one for one in picture.relations if code in one.recipients and one.ended_at is None],
            rows=rows_of(entries, accounts, page.context),
            more=page.more is not None and not sight.nothing,
        )

    return router
