"""The client's own confirmation: a code from the client's own channel, without a token and without a name."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path
from pydantic import Field
from starlette.responses import Response

from gateway.consent.recording import Recording
from gateway.errors import ConsentRefused
from gateway.http import examples
from gateway.http.openapi import PREFIX, answers, needs, problems, reply
from gateway.http.schemas.base import Incoming, Outgoing
from gateway.http.strict_route import StrictRoute


class CodeBody(Incoming):
    """The code that was sent to the client."""

    code: str = Field(min_length=1, max_length=64)


class ConfirmedAnswer(Outgoing):
    """The client has confirmed. What, is on the client's own page and receipt."""

    status: Literal["confirmed"] = "confirmed"


def confirmation_router(recording: Recording) -> APIRouter:
    """Return the route by which a client confirms. The use case bounds the attempts."""
    router = APIRouter(prefix=f"{PREFIX}/confirmations", tags=["Confirmations"], route_class=StrictRoute)

    @router.post(
        "/{handle}",
        summary="Confirm by the code on the client's own phone",
        operation_id="confirm_by_code",
        response_model=ConfirmedAnswer,
        responses=answers(200, "Confirmed", {"status": "confirmed"})
        | problems(body=True, token=False, reasons=("confirm-not-allowed", "too-many-consents")),
        openapi_extra=needs(None),
    )
    async def confirm(
        handle: Annotated[str, Path(description="From the message with the code.", examples=[examples.ID])],
        body: Annotated[CodeBody, Body(openapi_examples=examples.CODE)],
    ) -> Response:
        """A wrong, used, late or too often tried code and an unknown handle answer alike.

        `too-many-consents` is told for the right code alone, which stays as good as it was.
        """
        if not (body.code.isascii() and handle.isascii() and handle.isalnum() and len(handle) <= 64):
            raise _refused()
        try:
            await recording.confirm_by_code(handle, body.code)
        except ConsentRefused as refused:
            if refused.reason == "too-many-consents":
                raise
            raise _refused() from None
        return reply(ConfirmedAnswer())

    return router


def _refused() -> ConsentRefused:
    return ConsentRefused("confirm-not-allowed", "This code confirms nothing. Ask the service for a new one.")
