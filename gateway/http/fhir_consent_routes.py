"""FHIR Consent at /fhir: the parties of a consent read and find it, each its own rows alone. Recording is /api/v1's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.consent.model import ClientId, ConsentId
from gateway.consent.recording import Recording
from gateway.consent.view import ConsentView
from gateway.directory.identity_code import Identifier
from gateway.disclosure.request import Requester
from gateway.disclosure.scopes import covers
from gateway.errors import NotAvailable, RequestInvalid
from gateway.http.acting import need_id
from gateway.http.fhir_search import parse_search
from gateway.http.problems import FHIR_TYPE, EdgeError

_STATES = {"active": {"given"}, "inactive": {"withdrawn", "ended"}}


def fhir_consent_router(
    recording: Recording,
    authenticate: Callable[[Request], Awaitable[Requester]],
    standing: Callable[[Requester, str], Awaitable[None]],
    find_client: Callable[[Identifier], Awaitable[ClientId | None]],
    render: Callable[[ConsentView], bytes],
    searchset: Callable[[list[tuple[str, bytes]], str, str | None], bytes],
    base: str,
) -> APIRouter:
    """Return the routes. *render* gives a party's view as FHIR; *base* is the public address of /fhir."""
    router = APIRouter(prefix="/fhir/Consent", tags=["FHIR"], include_in_schema=False)

    async def party(request: Request, scope: str) -> Requester:
        requester = await authenticate(request)
        if not covers(requester.scope, scope):
            raise EdgeError("insufficient-scope")
        await standing(requester, "consent.read")
        return requester

    @router.get("/{id}")
    async def read(request: Request, id: str) -> Response:
        requester = await party(request, "system/Consent.r")
        view = await recording.consent_view(ConsentId(need_id(id)), requester.service)
        if view is None:
            raise NotAvailable
        etag = f'"{view.etag}"'
        told = {"ETag": f"W/{etag}"}
        # Weakly compared (RFC 9110 13.1.2): with and without the mark of a weak one it is the same.
        if etag in {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}:
            return Response(status_code=304, headers=told)
        return Response(render(view), media_type=FHIR_TYPE, headers=told)

    @router.post("/_search")
    async def search(request: Request) -> Response:
        requester = await party(request, "system/Consent.s")
        asked = parse_search(
            await request.body(),
            request.headers.get("content-type", ""),
            request.scope["query_string"].decode("latin-1"),
        )
        if asked.category is not None:
            raise RequestInvalid("category belongs to searches for documents.", path="category")
        # ITI-110 asks for the status; every state that we know of must be asked for by name.
        if asked.status not in _STATES:
            raise RequestInvalid("status is active or inactive.", path="status")
        views = await recording.consents_of(await find_client(asked.identifier), requester.service)
        found = [view for view in views if str(view.state) in _STATES[asked.status]][: asked.count]
        entries = [(f"{base}/Consent/{view.id}", render(view)) for view in found]
        return Response(searchset(entries, f"{base}/Consent/_search", None), media_type=FHIR_TYPE)

    @router.get("")
    async def refuse() -> Response:
        raise RequestInvalid(f"Search by POST {base}/Consent/_search, with every parameter in the body.")

    return router
