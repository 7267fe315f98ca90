"""What else a client decides with a worker: refusals, deferrals, prohibitions; and requests for a consent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import AskedRow
from gateway.consent.recording import Recording
from gateway.disclosure.request import Requester
from gateway.http import examples
from gateway.http.acting import CONSENTS, Door, actor, need_id
from gateway.http.once import form_of
from gateway.http.openapi import PREFIX, act_problems, acts, answers, empty, reply
from gateway.http.schemas.choice import (
    AskBody,
    AskedAnswer,
    DeferBody,
    LiftBody,
    ProhibitBody,
    ProhibitionAnswer,
    RefuseBody,
)
from gateway.http.strict_route import StrictRoute


def choice_router(recording: Recording, door: Door) -> APIRouter:
    """Return the routes of choices other than a consent."""
    router = APIRouter(prefix=PREFIX, tags=["Choices"], route_class=StrictRoute)

    may_consent_refuse = Depends(door.admits(CONSENTS, "consent.refuse"))

    @router.post(
        "/refusals",
        summary="Record that the client says no",
        operation_id="refuse",
        status_code=204,
        responses=answers(204, "Recorded") | act_problems(body=True, reasons=("mandate-missing",)),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def refuse(
        request: Request,
        body: Annotated[RefuseBody, Body(openapi_examples=examples.REFUSE)],
        requester: Requester = may_consent_refuse,
    ) -> Response:
        """Records the refusal of each row. It needs no reason, and has no effect on the client's own consents."""
        by = actor(requester, request)
        client = await door.find_or_add(body.client, by)
        rows = [row.to_domain() for row in body.refused]
        await recording.refuse(client, rows, giver=body.giver.to_domain(), by=by, form=form_of(request))
        return empty()

    may_consent_defer = Depends(door.admits(CONSENTS, "consent.defer"))

    @router.post(
        "/deferrals",
        summary="Put a request aside for the client",
        operation_id="defer",
        status_code=204,
        responses=answers(204, "Recorded") | act_problems(body=True, reasons=("mandate-missing",)),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def defer(
        request: Request,
        body: Annotated[DeferBody, Body(openapi_examples=examples.DEFER)],
        requester: Requester = may_consent_defer,
    ) -> Response:
        """The request stands and is not asked again for a while. An unknown request and another's answer alike."""
        client, giver = await door.find_or_nobody(body.client), body.giver.to_domain()
        await recording.defer(
            client, need_id(body.request), giver=giver, by=actor(requester, request), form=form_of(request)
        )
        return empty()

    may_prohibition_record = Depends(door.admits(CONSENTS, "prohibition.record"))

    @router.post(
        "/prohibitions",
        summary="Record a prohibition for the client",
        operation_id="prohibit",
        status_code=201,
        response_model=ProhibitionAnswer,
        responses=answers(201, "Recorded", examples.PROHIBITION_ANSWER)
        | act_problems(body=True, reasons=("mandate-missing",)),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def prohibit(
        request: Request,
        body: Annotated[ProhibitBody, Body(openapi_examples=examples.PROHIBIT)],
        requester: Requester = may_prohibition_record,
    ) -> Response:
        """Records "never to this recipient", "never this category". It beats every consent."""
        by = actor(requester, request)
        client = await door.find_or_add(body.client, by)
        giver = body.giver.to_domain()
        prohibition = await recording.prohibit(
            client, recipient=body.recipient, category=body.category, giver=giver, by=by, form=form_of(request)
        )
        return reply(ProhibitionAnswer.from_domain(prohibition), 201)

    may_prohibition_lift = Depends(door.admits(CONSENTS, "prohibition.lift"))

    @router.post(
        "/prohibitions/{prohibition}/lift",
        summary="Lift a prohibition for the client",
        operation_id="lift_prohibition",
        response_model=ProhibitionAnswer,
        responses=answers(200, "Lifted", examples.PROHIBITION_ANSWER | {"lifted_at": "2026-12-01T08:30:00Z"})
        | act_problems(body=True, reasons=("lift-not-allowed", "mandate-missing")),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def lift(
        request: Request,
        prohibition: Annotated[str, Path(description="The prohibition's id.", examples=[examples.ID])],
        body: Annotated[LiftBody, Body(openapi_examples=examples.ABOUT_CLIENT)],
        requester: Requester = may_prohibition_lift,
    ) -> Response:
        """Lifts what a representative prohibited; what the client prohibited, the client lifts on their own page."""
        lifted = await recording.lift_prohibition(
            need_id(prohibition),
            client=await door.find_or_nobody(body.client),
            giver=body.giver.to_domain(),
            by=actor(requester, request),
        )
        return reply(ProhibitionAnswer.from_domain(lifted))

    may_consent_request = Depends(door.admits(CONSENTS, "consent.request"))

    @router.post(
        "/consent-requests",
        summary="Ask the client to consider a consent",
        operation_id="request_consent",
        status_code=202,
        response_model=AskedAnswer,
        responses=answers(202, "Always this, for a client who is not known too", {"status": "accepted"})
        | act_problems(body=True),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def ask(
        request: Request,
        body: Annotated[AskBody, Body(openapi_examples=examples.ASK)],
        requester: Requester = may_consent_request,
    ) -> Response:
        """The calling service asks for itself. Nothing but a consent that is given is ever told: a message says so."""
        asked = AskedRow(body.custodian, requester.service, body.category, body.purpose)
        await recording.request(await door.find(body.client), asked, actor(requester, request), form=form_of(request))
        return reply(AskedAnswer(), 202)

    return router
