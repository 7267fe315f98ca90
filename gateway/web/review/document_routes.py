"""The client's own documents: the list, what a custodian keeps itself, and one to read or print.

All come by way of the same path that discloses. A custodian's own server is asked when somebody opens what lies there,
never for a list of everything: one that is slow or down holds up its own page alone.
"""

from __future__ import annotations

import re
from itertools import groupby

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.disclosure.held import Place
from gateway.disclosure.insights import NotShown
from gateway.errors import CustodianUnavailable, NotAvailable
from gateway.http.problems import EdgeError
from gateway.web.review.ports import Review
from gateway.web.review.visiting import Visit, enter, show


def document_router(room: Review) -> APIRouter:
    """Return the routes under /portal/documents."""
    router = APIRouter(prefix="/portal/documents", include_in_schema=False)

    @router.get("")
    async def documents(request: Request) -> Response:
        visit = await enter(room, request)
        try:
            found = await room.own_documents.documents(visit.client, visit.looker)
        except NotAvailable:
            return show(room, visit, "stopped", status=403)
        ordered = sorted(found, key=lambda one: one.category)
        groups = tuple((category, tuple(group)) for category, group in groupby(ordered, key=lambda one: one.category))
        return show(room, visit, "documents", groups=groups, places=room.own_documents.places(visit.looker))

    @router.get("/at/{custodian}/{category}")
    async def lying_at(request: Request, custodian: str, category: str, page: str = "1") -> Response:
        visit = await enter(room, request)
        number = int(page) if re.fullmatch(r"[1-9][0-9]{0,3}", page, re.ASCII) else 1
        try:
            place = Place(custodian, category)
            found = await room.own_documents.lying_at(visit.client, place, visit.looker, page=number)
        except NotAvailable:
            return show(room, visit, "stopped", status=403)
        if found is None:
            raise EdgeError("no-such-address")
        if isinstance(found, NotShown):
            return _not_shown(visit, found)
        return show(room, visit, "lying_at", custodian=custodian, category=category, found=found, number=number)

    @router.get("/{document}")
    async def read(request: Request, document: str) -> Response:
        visit = await enter(room, request)
        try:
            reading = await room.own_documents.read(visit.client, document, visit.looker)
        except CustodianUnavailable:
            return show(room, visit, "elsewhere", status=503, kept=None)
        except NotAvailable:
            # While the client is suspended every id is answered so, whether it is anything or not.
            return show(room, visit, "stopped", status=403)
        if reading is None:
            raise EdgeError("no-such-address")
        if isinstance(reading, NotShown):
            return _not_shown(visit, reading)
        return show(room, visit, "document", reading=reading)

    def _not_shown(visit: Visit, kept: NotShown) -> Response:
        status = 503 if kept.reason == "custodian-unavailable" else 404 if kept.reason == "not-found" else 403
        return show(room, visit, "elsewhere", status=status, kept=kept, here=visit.request.scope["path"])

    return router
