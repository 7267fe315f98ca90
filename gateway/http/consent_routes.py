"""Consents by API: a worker records, finds, confirms and withdraws them with the client."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.model import ConsentId
from gateway.consent.recording import Recording
from gateway.consent.view import ConsentView
from gateway.directory.model import Directory
from gateway.disclosure.request import Requester
from gateway.errors import NotAvailable
from gateway.http import examples
from gateway.http.acting import CONSENTS, Door, actor, need_id
from gateway.http.known_codes import check_rows
from gateway.http.once import form_of
from gateway.http.openapi import PREFIX, act_problems, acts, answers, needs, problems, reply
from gateway.http.schemas.consent import (
    ClientBody,
    ConfirmationHandle,
    ConsentAnswer,
    ConsentsAnswer,
    GiveConsentBody,
    GivenAnswer,
    WithdrawBody,
)
from gateway.http.strict_route import StrictRoute

ConsentPath = Annotated[str, Path(description="The consent's id.", examples=[examples.ID])]
GIVING_REASONS = (
    "period-empty", "period-too-long", "basis-not-applicable",
    "capture-not-allowed", "evidence-missing", "mandate-missing", "too-many-consents",
    "too-many-unconfirmed", "too-many-recorded",
)  # fmt: skip
_ETAG = {"ETag": "over the calling service's own rows alone"}
_LOCATION = {"Location": "where the consent can be read"}


def consent_router(recording: Recording, directory: Directory, door: Door) -> APIRouter:
    """Return the routes of consents."""
    router = APIRouter(prefix=f"{PREFIX}/consents", tags=["Consents"], route_class=StrictRoute)

    async def own(consent: str, requester: Requester) -> ConsentView:
        """Return the caller's view. Raises NotAvailable for an unknown consent and for another's, both alike."""
        view = await recording.consent_view(ConsentId(need_id(consent)), requester.service)
        if view is None:
            raise NotAvailable("Unknown here, or not this party's.")
        return view

    may_consent_give = Depends(door.admits(CONSENTS, "consent.give"))

    @router.post(
        "",
        summary="Record a consent with the client",
        operation_id="give_consent",
        status_code=201,
        response_model=GivenAnswer,
        responses=answers(201, "Recorded", examples.GIVEN_ANSWER, headers=_LOCATION | _ETAG)
        | act_problems(body=True, reasons=GIVING_REASONS),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def give(
        request: Request,
        body: Annotated[GiveConsentBody, Body(openapi_examples=examples.GIVE)],
        requester: Requester = may_consent_give,
    ) -> Response:
        """Records what the client chose, row by row, after they were shown the text that `shown` names.

        What the recipient's own organisation records opens nothing until the client confirms it with the code sent to
        their own channel, or a worker of the custodian does. A client not known yet becomes known by this.
        """
        now = door.clock.now()
        check_rows(body.grants, directory, now)
        by = actor(requester, request)
        client = await door.find_or_add(body.client, by)
        given = await recording.give(
            client,
            [grant.to_domain(now) for grant in body.grants],
            body.capture.to_domain(requester),
            body.shown.to_domain(),
            giver=body.giver.to_domain(),
            refused=[row.to_domain() for row in body.refused],
            by=by,
            form=form_of(request),
        )
        view = await own(given.consent.id, requester)
        confirmation = None
        if given.handle is not None:
            path = f"{PREFIX}/confirmations/{given.handle}"
            confirmation = ConfirmationHandle(handle=given.handle, path=path)
        answer = GivenAnswer(consent=ConsentAnswer.from_domain(view), confirmation=confirmation)
        return reply(answer, 201, {"location": f"{PREFIX}/consents/{view.id}", "etag": _quoted(view.etag)})

    may_consent_search = Depends(door.admits(CONSENTS, "consent.search"))

    @router.post(
        "/search",
        summary="Find a client's consents",
        operation_id="search_consents",
        response_model=ConsentsAnswer,
        responses=answers(200, "The calling service's own rows", {"consents": [examples.CONSENT_ANSWER]})
        | problems(body=True),
        openapi_extra=needs(CONSENTS),
    )
    async def search(
        body: Annotated[ClientBody, Body(openapi_examples=examples.ABOUT_CLIENT)],
        requester: Requester = may_consent_search,
    ) -> Response:
        """Lists the consents in which the calling service is custodian, recipient or recorder, its own rows alone.

        The list is empty for a client who is not known, too.
        """
        client = await door.find(body.client)
        return reply(ConsentsAnswer.from_domain(await recording.consents_of(client, requester.service)))

    may_consent_read = Depends(door.admits(CONSENTS, "consent.read"))

    @router.get(
        "/{consent}",
        summary="Read a consent",
        operation_id="read_consent",
        response_model=ConsentAnswer,
        responses=answers(200, "The calling service's own rows", examples.CONSENT_ANSWER, headers=_ETAG) | problems(),
        openapi_extra=needs(CONSENTS),
    )
    async def read(consent: ConsentPath, requester: Requester = may_consent_read) -> Response:
        """Shows the calling service's own rows; an unknown consent and another's answer alike."""
        return _shown(await own(consent, requester))

    may_consent_withdraw = Depends(door.admits(CONSENTS, "consent.withdraw"))

    @router.post(
        "/{consent}/withdraw",
        summary="Withdraw, as the client told this service",
        operation_id="withdraw_consent",
        response_model=ConsentAnswer,
        responses=answers(200, "Withdrawn", examples.CONSENT_ANSWER | _WITHDRAWN, headers=_ETAG)
        | act_problems(body=True, reasons=("mandate-missing",)),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def withdraw(
        request: Request,
        consent: ConsentPath,
        body: Annotated[WithdrawBody, Body(openapi_examples=examples.ABOUT_CLIENT)],
        requester: Requester = may_consent_withdraw,
    ) -> Response:
        """Ends the whole consent at once, without a reason, and tells every other party.

        A second time changes nothing.
        """
        view = await own(consent, requester)
        client = await door.find_or_nobody(body.client)
        by = actor(requester, request)
        await recording.withdraw(view.id, told=requester.service, client=client, giver=body.giver.to_domain(), by=by)
        return _shown(await own(consent, requester))

    may_consent_confirm = Depends(door.admits(CONSENTS, "consent.confirm"))

    @router.post(
        "/{consent}/confirm",
        summary="Confirm, as a worker of the custodian",
        operation_id="confirm_consent",
        response_model=ConsentAnswer,
        responses=answers(200, "Confirmed", examples.CONSENT_ANSWER, headers=_ETAG)
        | act_problems(reasons=("confirm-not-allowed", "consent-ended", "too-many-consents")),
        openapi_extra=acts(CONSENTS),
    )
    @door.once.act
    async def confirm(
        request: Request,
        consent: ConsentPath,
        requester: Requester = may_consent_confirm,
    ) -> Response:
        """Confirms the rows of which the calling service is the custodian."""
        view = await own(consent, requester)
        return _shown(await recording.confirm_by_service(view.id, actor(requester, request)))

    return router


_WITHDRAWN = {"state": "withdrawn", "withdrawn_at": "2026-12-01T08:30:00Z"}


def _shown(view: ConsentView) -> Response:
    return reply(ConsentAnswer.from_domain(view), headers={"etag": _quoted(view.etag)})


def _quoted(etag: str) -> str:
    return etag if etag.startswith(('"', 'W/"')) else f'"{etag}"'
