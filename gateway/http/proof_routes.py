"""What a giving needs beforehand: an offer on the client's own phone, and the second person's look at a paper."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import GrantRow
from gateway.consent.recording import Recording
from gateway.directory.model import Directory
from gateway.disclosure.request import Requester
from gateway.http import examples
from gateway.http.acting import CONSENTS, Door, actor
from gateway.http.known_codes import check_rows
from gateway.http.openapi import PREFIX, act_problems, acts, answers, reply
from gateway.http.schemas.base import InputInvalid
from gateway.http.schemas.proof import OfferAnswer, OfferBody, PaperCheckAnswer, PaperCheckBody
from gateway.http.strict_route import StrictRoute


def proof_router(recording: Recording, directory: Directory, door: Door) -> APIRouter:
    """Return the routes of offers and paper checks."""
    router = APIRouter(prefix=PREFIX, tags=["Consents"], route_class=StrictRoute)
    may_offer = Depends(door.admits(CONSENTS, "consent.offer"))
    may_check = Depends(door.admits(CONSENTS, "consent.check-paper"))

    def rows(body: OfferBody) -> list[GrantRow]:
        now = door.clock.now()
        check_rows(body.grants, directory, now)
        missing = [number for number, grant in enumerate(body.grants) if grant.valid_from is None]
        if missing:
            detail = "is required here: the giving repeats the very same rows"
            faults = tuple((f"grants[{number}].valid_from", detail) for number in missing)
            raise InputInvalid("Each row needs its beginning.", faults)
        return [grant.to_domain(now) for grant in body.grants]

    @router.post(
        "/offers",
        summary="Send the client's own phone a code for these rows",
        operation_id="offer_consent",
        status_code=201,
        response_model=OfferAnswer,
        responses=answers(201, "Sent, where a channel of the client's is known", {"handle": examples.ID})
        | act_problems(body=True),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def offer(
        request: Request,
        body: Annotated[OfferBody, Body(openapi_examples=examples.OFFER)],
        requester: Requester = may_offer,
    ) -> Response:
        """A giving by `own-phone` of the very same rows and words names this handle and the client's code."""
        offered = rows(body)
        by = actor(requester, request)
        client = await door.find_or_add(body.client, by)
        return reply(
            OfferAnswer(
                handle=await recording.offer(client, offered, body.shown.to_domain(), by, giver=body.giver.to_domain())
            ),
            201,
        )

    @router.post(
        "/paper-checks",
        summary="Record that a second person compared a scan with these rows",
        operation_id="check_paper",
        status_code=201,
        response_model=PaperCheckAnswer,
        responses=answers(201, "Recorded", {"check": examples.ID})
        | act_problems(body=True, reasons=("evidence-missing",)),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def check_paper(
        request: Request,
        body: Annotated[PaperCheckBody, Body(openapi_examples=examples.PAPER_CHECK)],
        requester: Requester = may_check,
    ) -> Response:
        """A giving by `paper-scan` of the very same rows and words, by another person, names this check as evidence."""
        compared = rows(body)
        by = actor(requester, request)
        client = await door.find_or_add(body.client, by)
        check = await recording.check_paper(
            client, compared, body.shown.to_domain(), body.scan_sha256, by, giver=body.giver.to_domain()
        )
        return reply(PaperCheckAnswer(check=check), 201)

    return router
