"""One sheet of A4: who may see my information, with a QR code that leads to the page where it can be changed."""

from __future__ import annotations

from io import BytesIO

import segno
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.web.page import HEADERS
from gateway.web.review.grid import SEES, SEES_BY_LAW
from gateway.web.review.ports import Review
from gateway.web.review.reasons import reason_of
from gateway.web.review.visiting import enter, show


def print_router(room: Review) -> APIRouter:
    """Return the routes under /portal/print."""
    router = APIRouter(prefix="/portal/print", include_in_schema=False)

    @router.get("")
    async def sheet(request: Request) -> Response:
        visit = await enter(room, request)
        client, looker = visit.client, visit.looker
        whole = await room.who_can_see.matrix(client, looker)
        sight = await room.sights.of(client, looker)
        made, picture = sight.matrix(whole), sight.picture(await room.pictures.for_client(client))
        told = [
            (recipient, [row for row in rows if row[1].sign in (SEES, SEES_BY_LAW)])
            for recipient in made.recipients
            for rows in (
                [
                    (
                        cell.category,
                        reason_of(
                            cell, picture, room.phrases, visit.language, now=made.at, for_another=not visit.in_person
                        ),
                    )
                    for cell in made.of_recipient(recipient)
                ],
            )
        ]
        return show(
            room,
            visit,
            "sheet",
            told=[one for one in told if one[1]],
            at=made.at,
            address=f"{room.base_url}/portal",
        )

    @router.get("/qr.svg")
    async def code(request: Request) -> Response:
        await enter(room, request)
        drawn = BytesIO()
        # The address alone, the same for everyone: a sheet that is lost tells nobody whose it was.
        segno.make(f"{room.base_url}/portal", error="m", micro=False).save(
            drawn, kind="svg", scale=4, border=4, xmldecl=False, svgclass=None, lineclass=None
        )
        return Response(drawn.getvalue(), headers=HEADERS, media_type="image/svg+xml")

    return router
