"""Custodians' documents on their way in: created by POST, replaced by PUT under the version that was read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.disclosure.deposit import Stored
from gateway.disclosure.request import Requester
from gateway.errors import RequestInvalid, VersionRequired
from gateway.http.fhir_answers import entry_header
from gateway.http.fhir_parts import FhirParts
from gateway.http.fhir_questions import document_in, need_scope, no_query
from gateway.http.problems import EdgeError

DEPOSIT_SCOPE = "saattaen/deposits"


def add_deposits(router: APIRouter, parts: FhirParts, path_type: str) -> None:
    """Add the routes that store documents of a type."""

    async def create(request: Request) -> Response:
        requester = await _depositor(request, parts)
        no_query(request)
        accepted = await parts.documents.accept(path_type, await _fhir_body(request))
        stored = await parts.create(accepted, requester)
        location = f"{parts.base}/{path_type}/{stored.id}"
        return _stored(stored, 201, location)

    async def replace(request: Request) -> Response:
        requester = await _depositor(request, parts)
        no_query(request)
        version = _if_match(request)
        accepted = await parts.documents.accept(path_type, await _fhir_body(request))
        stored = await parts.replace(accepted, requester, document_in(request), version)
        return _stored(stored, 200, None)

    router.add_api_route(f"/{path_type}/{{id}}", replace, methods=["PUT"])
    router.add_api_route(f"/{path_type}", create, methods=["POST"])


async def _depositor(request: Request, parts: FhirParts) -> Requester:
    requester = await parts.authenticate(request)
    need_scope(requester, DEPOSIT_SCOPE)
    await parts.standing(requester, "deposit")
    return requester


async def _fhir_body(request: Request) -> bytes:
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media not in ("application/fhir+json", "application/json"):
        raise EdgeError("media-type-unsupported")
    return await request.body()


def _if_match(request: Request) -> int:
    given = request.headers.get("if-match")
    if given is None:
        raise VersionRequired
    number = given.removeprefix('W/"').removesuffix('"')
    if not (
        given.startswith('W/"') and given.endswith('"') and number.isascii() and number.isdigit() and len(number) < 10
    ):
        raise RequestInvalid('If-Match is the ETag of the version you read, as in W/"3".', path="If-Match")
    return int(number)


def _stored(stored: Stored, status: int, location: str | None) -> Response:
    headers = entry_header(stored.committed) | {"ETag": f'W/"{stored.version}"'}
    if location is not None:
        headers["Location"] = location
    return Response(status_code=status, headers=headers)
