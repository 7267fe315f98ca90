"""A service's messages: fetched and acknowledged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from gateway.consent.recording import Recording
from gateway.disclosure.request import Requester
from gateway.errors import NotAvailable
from gateway.http import examples
from gateway.http.acting import CONSENTS, Door, need_id
from gateway.http.openapi import PREFIX, answers, empty, needs, problems, reply
from gateway.http.schemas.base import Id
from gateway.http.schemas.message import MessagesAnswer
from gateway.http.strict_route import StrictRoute


def message_router(recording: Recording, door: Door) -> APIRouter:
    """Return the routes of messages."""
    router = APIRouter(prefix=f"{PREFIX}/messages", tags=["Messages"], route_class=StrictRoute)
    may_read = Depends(door.admits(CONSENTS, "message.read"))
    may_acknowledge = Depends(door.admits(CONSENTS, "message.acknowledge"))

    @router.get(
        "",
        summary="Read the calling service's messages",
        operation_id="read_messages",
        response_model=MessagesAnswer,
        responses=answers(200, "One page, oldest first", {"messages": [examples.MESSAGE_ANSWER], "next": None})
        | problems("request-invalid"),
        openapi_extra=needs(CONSENTS),
    )
    async def messages(
        after: Annotated[Id | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        requester: Requester = may_read,
    ) -> Response:
        """Lists what has happened to consents that concern the calling service: ids and kinds, no content.

        An `after` that is none of the service's own messages lists nothing.
        """
        return reply(MessagesAnswer.page(await recording.messages_to(requester.service), after, limit))

    @router.post(
        "/{message}/acknowledge",
        summary="Acknowledge a message",
        operation_id="acknowledge_message",
        status_code=204,
        responses=answers(204, "Acknowledged") | problems(),
        openapi_extra=needs(CONSENTS),
    )
    async def acknowledge(
        message: Annotated[str, Path(description="The message's id.", examples=[examples.ID])],
        requester: Requester = may_acknowledge,
    ) -> Response:
        """Tells that the service has acted on it; a withdrawal that nobody acknowledges is shown to the officer.

        A second time changes nothing.
        """
        if not await recording.acknowledge(need_id(message), requester.service):
            raise NotAvailable("Unknown here, or not this party's.")
        return empty()

    return router
