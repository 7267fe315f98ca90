"""The signed receipts of a consent, the calling service's own."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.consent.model import ConsentId
from gateway.consent.recording import Recording
from gateway.disclosure.request import Requester
from gateway.errors import NotAvailable
from gateway.http import examples
from gateway.http.acting import CONSENTS, Door, need_id
from gateway.http.consent_routes import ConsentPath
from gateway.http.openapi import PREFIX, answers, needs, problems, reply
from gateway.http.schemas.consent import ReceiptsAnswer
from gateway.http.strict_route import StrictRoute

_EXAMPLE = {
    "receipts": [{"id": examples.ID, "kind": "consent.given", "at": "2026-11-22T07:00:00Z", "jws": "eyJhbGciOi…"}]
}


def receipt_router(recording: Recording, door: Door) -> APIRouter:
    """Return the route of receipts."""
    router = APIRouter(prefix=PREFIX, tags=["Receipts"], route_class=StrictRoute)

    may_receipt_read = Depends(door.admits(CONSENTS, "receipt.read"))

    @router.get(
        "/consents/{consent}/receipts",
        summary="Read the receipts of a consent",
        operation_id="read_receipts",
        response_model=ReceiptsAnswer,
        responses=answers(200, "The calling service's own receipts, oldest first", _EXAMPLE) | problems(),
        openapi_extra=needs(CONSENTS),
    )
    async def receipts(consent: ConsentPath, requester: Requester = may_receipt_read) -> Response:
        """Each is a compact JWS; its keys are at /.well-known/saattaen/receipt-keys.json."""
        found = ConsentId(need_id(consent))
        if await recording.consent_view(found, requester.service) is None:
            raise NotAvailable("Unknown here, or not this party's.")
        return reply(ReceiptsAnswer.from_domain(await recording.receipts(found, requester.service)))

    return router
