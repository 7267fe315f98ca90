"""The client's own documents: the list, and one to read or print, by way of the same path that discloses."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.disclosure.own_documents import HeldElsewhere
from gateway.errors import CustodianUnavailable, NotAvailable
from gateway.http.problems import EdgeError
from gateway.web.review.ports import Review
from gateway.web.review.visiting import enter, show


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
        return show(room, visit, "documents", groups=groups)

    @router.get("/{document}")
    async def read(request: Request, document: str) -> Response:
        visit = await enter(room, request)
        try:
            reading = await room.own_documents.read(visit.client, document, visit.looker)
        except HeldElsewhere as held:
            return show(room, visit, "elsewhere", status=409, custodian=held.custodian)
        except CustodianUnavailable:
            return show(room, visit, "elsewhere", status=503, custodian=None)
        except NotAvailable:
            # While the client is suspended every id is answered so, whether it is anything or not.
            return show(room, visit, "stopped", status=403)
        if reading is None:
            raise EdgeError("no-such-address")
        return show(room, visit, "document", reading=reading)

    return router
