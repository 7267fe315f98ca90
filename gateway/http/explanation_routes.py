"""One of a party's own releases, explained in the language that it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from gateway.disclosure.explaining import Explanation
from gateway.disclosure.request import Requester
from gateway.errors import NotAvailable
from gateway.http.acting import RELEASES, Door
from gateway.http.audit_routes import parse_number, parse_year
from gateway.http.openapi import answers, needs, problems, reply
from gateway.http.schemas.explanation import ExplanationAnswer

Explain = Callable[[str, int, str, str], Awaitable[Explanation | None]]
"""Explains an entry, by its log's origin and index, to a service in a language; None where it may not see it."""

EXAMPLE = {
    "kind": "disclosure", "when": "1.12.2026 at 9:00", "who": "Kela rehabilitation", "what": "work-ability plan",
    "sentence": "Kela rehabilitation received information about the client: work-ability plan.",
    "why": "Purpose: preparing a decision on rehabilitation.", "basis": "Basis: the client's permission.",
    "given": True, "outcome": "The information was given.",
    "next": "Look only at what your task needs. The look is recorded, and the client can see it.",
}  # fmt: skip


def explanation_router(explain: Explain, door: Door, log_name: str) -> APIRouter:
    """Return the route of explanations."""
    router = APIRouter(prefix="/audit", tags=["Log"])
    may_explain = Depends(door.admits(RELEASES, "release.explain"))

    @router.get(
        "/log/{year}/explanation/{index}",
        summary="One of your own releases, explained",
        operation_id="explain_release",
        response_model=ExplanationAnswer,
        responses=answers(200, "The release in sentences", EXAMPLE) | problems("no-such-address", "request-invalid"),
        openapi_extra=needs(RELEASES),
    )
    async def explanation(
        year: str,
        index: str,
        language: Annotated[Literal["fi", "fi-x-selko", "sv", "en"], Query()] = "fi",
        requester: Requester = may_explain,
    ) -> Response:
        """Tells the recipient of a release, or the custodian of all its documents, what it was and on which basis.

        Every other entry answers alike, whether it is there or not.
        """
        origin = f"{log_name}/audit/{parse_year(year)}"
        told = await explain(origin, parse_number(index, "index"), requester.service, language)
        if told is None:
            raise NotAvailable
        return reply(ExplanationAnswer.from_domain(told))

    return router
