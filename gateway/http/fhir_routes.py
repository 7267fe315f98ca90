"""FHIR R4 at /fhir: read, search by POST, deposit. Parses, calls one function, renders; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.directory.model import Directory
from gateway.disclosure.request import Action
from gateway.errors import RequestInvalid
from gateway.http.data_path import DataRoute
from gateway.http.fhir_answers import answer_read, answer_search
from gateway.http.fhir_deposits import add_deposits
from gateway.http.fhir_parts import FhirParts
from gateway.http.fhir_questions import document_in, need_scope, no_query, place_in, question_of
from gateway.http.fhir_search import parse_count, parse_search
from gateway.http.problems import FHIR_TYPE


def document_types(directory: Directory) -> Mapping[str, str]:
    """Return the FHIR type in the path of each document type of the directory."""
    resources = {row.resource for row in directory.categories.values()}
    return {"Bundle" if one == "Composition" else one: one for one in sorted(resources)}


def fhir_router(parts: FhirParts, reads: Mapping[str, DataRoute], searches: Mapping[str, DataRoute]) -> APIRouter:
    """Return the routes of /fhir for every document type of the directory, those of the data path among them."""
    router = APIRouter(prefix="/fhir", tags=["FHIR"], include_in_schema=False)

    @router.get("/metadata")
    async def metadata() -> Response:
        return Response(parts.capability, media_type=FHIR_TYPE)

    for path_type, resource in document_types(parts.directory).items():
        router.add_api_route(f"/{path_type}/_search", searches[path_type].endpoint, methods=["POST"])
        router.add_api_route(f"/{path_type}/{{id}}", reads[path_type].endpoint, methods=["GET"])
        _add_page(router, parts, path_type, resource)
        add_deposits(router, parts, path_type)
    return router


def read_route(parts: FhirParts, path_type: str, resource: str) -> DataRoute:
    """Return the read of one document of a type."""

    async def read(request: Request) -> Response:
        requester = await parts.authenticate(request)
        need_scope(requester, f"system/{path_type}.r")
        no_query(request)
        question = question_of(Action.READ, requester, resource, request, document=document_in(request))
        return await answer_read(await parts.disclose(question), question, parts, request)

    return DataRoute(f"/fhir/{path_type}/{{id}}", read)


def search_route(parts: FhirParts, path_type: str, resource: str) -> DataRoute:
    """Return the search for documents of a type."""

    async def search(request: Request) -> Response:
        requester = await parts.authenticate(request)
        need_scope(requester, f"system/{path_type}.s")
        asked = parse_search(
            await request.body(),
            request.headers.get("content-type", ""),
            request.scope["query_string"].decode("latin-1"),
        )
        if asked.status is not None:
            raise RequestInvalid("status belongs to Consent searches.", path="status")
        question = question_of(
            Action.SEARCH, requester, resource, request, identifier=parts.lookup(asked.identifier),
            category=asked.category, count=asked.count,
        )  # fmt: skip
        return await answer_search(await parts.disclose(question), question, parts, path_type)

    return DataRoute(f"/fhir/{path_type}/_search", search)


def _add_page(router: APIRouter, parts: FhirParts, path_type: str, resource: str) -> None:
    async def page(request: Request) -> Response:
        requester = await parts.authenticate(request)
        need_scope(requester, f"system/{path_type}.s")
        names = set(request.query_params)
        if names != {"_page"} or len(request.query_params.getlist("_page")) != 1:
            raise RequestInvalid(f"Search by POST {parts.base}/{path_type}/_search, with every parameter in the body.")
        kept = await parts.cursors.load(requester.system, request.query_params["_page"])
        if kept is None or kept.get("resource") != resource:
            raise RequestInvalid("This page is not to be had any more; search again.", path="_page")
        question = question_of(
            Action.SEARCH, requester, resource, request, identifier=bytes.fromhex(str(kept["identifier"])),
            category=None if kept["category"] is None else str(kept["category"]), count=parse_count(str(kept["count"])),
            after=place_in(kept["after"]),
        )  # fmt: skip
        return await answer_search(await parts.disclose(question), question, parts, path_type)

    router.add_api_route(f"/{path_type}", page, methods=["GET"])
