"""The client's receipts: to read, to print, as a PDF, as a QR code, and as signed data."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.view import ReceiptView
from gateway.web.page import HEADERS
from gateway.web.portal.consent_routes import find_consent
from gateway.web.portal.paper import qr_inline, qr_svg, to_pdf
from gateway.web.portal.receipt_view import read_receipt
from gateway.web.portal.visit import Room, Visit, missing, need_id


def receipt_router(room: Room) -> APIRouter:
    """Return the routes of receipts. Their addresses are short, opaque and worth nothing without a sign-in."""
    router = APIRouter(prefix="/portal/receipts", include_in_schema=False)

    async def find(visit: Visit, receipt_id: str) -> ReceiptView:
        found = await room.recording.receipt_of_client(need_id(receipt_id), visit.client)
        if found is None:
            raise missing()
        # A representative sees the receipts of the consents that they may see.
        await find_consent(room, visit, found.consent)
        return found

    def link(receipt: ReceiptView) -> str:
        return f"{room.base_url}/portal/receipts/{receipt.id}"

    @router.get("/{receipt_id}")
    async def read(request: Request, receipt_id: str) -> Response:
        visit = await room.enter(request)
        found = await find(visit, receipt_id)
        return room.show(visit, "receipt", receipt=read_receipt(found))

    @router.get("/{receipt_id}/qr.svg")
    async def qr(request: Request, receipt_id: str) -> Response:
        visit = await room.enter(request)
        found = await find(visit, receipt_id)
        return Response(qr_svg(link(found)), media_type="image/svg+xml", headers=HEADERS)

    @router.get("/{receipt_id}/pdf")
    async def pdf(request: Request, receipt_id: str) -> Response:
        visit = await room.enter(request)
        found = await find(visit, receipt_id)
        page = room.pages.page(request, visit.session)
        html = room.pages.text(
            page, "portal/receipt_pdf.html", receipt=read_receipt(found), qr=qr_inline(link(found)), link=link(found),
        )  # fmt: skip
        # Neither name nor number of a person is in the file's name: it lies in a folder of downloads.
        named = {"content-disposition": 'attachment; filename="receipt.pdf"'}
        return Response(
            await asyncio.to_thread(to_pdf, html), media_type="application/pdf", headers={**HEADERS, **named}
        )

    @router.get("/{receipt_id}/signed")
    async def signed(request: Request, receipt_id: str) -> Response:
        visit = await room.enter(request)
        found = await find(visit, receipt_id)
        named = {"content-disposition": 'attachment; filename="receipt.jws"'}
        return Response(found.jws, media_type="application/jose", headers={**HEADERS, **named})

    return router
