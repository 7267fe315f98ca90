"""FHIR R4 at /fhir: read, search by POST, deposit. Parses, calls one function, renders; decides nothing."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter, Request
from starlette.responses import Response

from audit.log import Committed
from gateway.directory.identity_code import Identifier
from gateway.directory.model import Directory
from gateway.disclosure.deposit import Accepted, Stored
from gateway.disclosure.release import Refused, Released, ReleasedOwn
from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.scopes import covers
from gateway.errors import NotAvailable, RequestInvalid, VersionRequired
from gateway.http.data_path import DataRoute
from gateway.http.fhir_search import Search, parse_code, parse_count, parse_search
from gateway.http.problems import FHIR_TYPE, EdgeError, request_id

DEPOSIT_SCOPE = "saattaen/deposits"
Authenticate = Callable[[Request], Awaitable[Requester]]
_OWN_HEADERS = {name.lower().encode(): name for name in ("Saattaen-Role", "Saattaen-Purpose", "Saattaen-Basis")}


class DocumentReader(Protocol):
    """Custodians' documents on their way in: what `adapters.fhir.intake` accepts, ready to be stored."""

    async def accept(self, resource_type: str, body: bytes) -> Accepted:
        """Return the accepted document with our id of its client; raises BodyInvalid with every fault."""
        ...


class Cursors(Protocol):
    """Where a search's next page begins: random ids, held here, bound to who asked."""

    async def save(self, system: str, question: Mapping[str, object]) -> str:
        """Keep a question for a few minutes and return its id."""
        ...

    async def load(self, system: str, cursor: str) -> Mapping[str, object] | None:
        """Return the question, None for an unknown, ended or foreign id."""
        ...


@dataclass(frozen=True, slots=True)
class FhirParts:
    """What the routes call."""

    directory: Directory
    authenticate: Authenticate
    disclose: Callable[[DisclosureRequest], Awaitable[Released | ReleasedOwn | Refused]]
    standing: Callable[[Requester, str], Awaitable[None]]
    create: Callable[[Accepted, Requester], Awaitable[Stored]]
    replace: Callable[[Accepted, Requester, str, int], Awaitable[Stored]]
    documents: DocumentReader
    lookup: Callable[[Identifier], bytes]
    etag: Callable[[str, bytes], str]
    searchset: Callable[[list[tuple[str, bytes]], str, str | None, bool], bytes]
    capability: bytes
    cursors: Cursors
    base: str
    """The public address of /fhir, without a slash at its end."""


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
        _add_type(router, parts, path_type, resource)
    return router


def read_route(parts: FhirParts, path_type: str, resource: str) -> DataRoute:
    """Return the read of one document of a type."""

    async def read(request: Request) -> Response:
        requester = await parts.authenticate(request)
        _need_scope(requester, f"system/{path_type}.r")
        _no_query(request)
        question = _question(Action.READ, requester, resource, request, document=request.path_params["id"])
        return await _answer_read(await parts.disclose(question), question, parts, request)

    return DataRoute(f"/fhir/{path_type}/{{id}}", read)


def search_route(parts: FhirParts, path_type: str, resource: str) -> DataRoute:
    """Return the search for documents of a type."""

    async def search(request: Request) -> Response:
        requester = await parts.authenticate(request)
        _need_scope(requester, f"system/{path_type}.s")
        asked = parse_search(
            await request.body(),
            request.headers.get("content-type", ""),
            request.scope["query_string"].decode("latin-1"),
        )
        if asked.status is not None:
            raise RequestInvalid("status belongs to Consent searches.", path="status")
        question = _question(
            Action.SEARCH, requester, resource, request, identifier=parts.lookup(asked.identifier),
            category=asked.category, count=asked.count,
        )  # fmt: skip
        return await _answer_search(await parts.disclose(question), question, parts, path_type)

    return DataRoute(f"/fhir/{path_type}/_search", search)


def _add_type(router: APIRouter, parts: FhirParts, path_type: str, resource: str) -> None:
    async def page(request: Request) -> Response:
        requester = await parts.authenticate(request)
        _need_scope(requester, f"system/{path_type}.s")
        names = set(request.query_params)
        if names != {"_page"} or len(request.query_params.getlist("_page")) != 1:
            raise RequestInvalid(f"Search by POST {parts.base}/{path_type}/_search, with every parameter in the body.")
        kept = await parts.cursors.load(requester.system, request.query_params["_page"])
        if kept is None or kept.get("resource") != resource:
            raise RequestInvalid("This page is not to be had any more; search again.", path="_page")
        question = _question(
            Action.SEARCH, requester, resource, request, identifier=bytes.fromhex(str(kept["identifier"])),
            category=None if kept["category"] is None else str(kept["category"]), count=parse_count(str(kept["count"])),
            after=_place(kept["after"]),
        )  # fmt: skip
        return await _answer_search(await parts.disclose(question), question, parts, path_type)

    async def create(request: Request) -> Response:
        requester = await _depositor(request, parts)
        _no_query(request)
        accepted = await parts.documents.accept(path_type, await _fhir_body(request))
        stored = await parts.create(accepted, requester)
        location = f"{parts.base}/{path_type}/{stored.id}"
        return _stored(stored, 201, location)

    async def replace(request: Request) -> Response:
        requester = await _depositor(request, parts)
        _no_query(request)
        version = _if_match(request)
        accepted = await parts.documents.accept(path_type, await _fhir_body(request))
        stored = await parts.replace(accepted, requester, request.path_params["id"], version)
        return _stored(stored, 200, None)

    router.add_api_route(f"/{path_type}/{{id}}", replace, methods=["PUT"])
    router.add_api_route(f"/{path_type}", page, methods=["GET"])
    router.add_api_route(f"/{path_type}", create, methods=["POST"])


async def _answer_read(
    outcome: Released | ReleasedOwn | Refused, question: DisclosureRequest, parts: FhirParts, request: Request
) -> Response:
    match outcome:
        case Refused(reason="request-invalid"):
            raise RequestInvalid("The purpose or role is not one of the directory's; see the reference for the codes.")
        case Refused():
            raise NotAvailable
        case ReleasedOwn(body=body, version=version, committed=committed):
            return Response(body, media_type=FHIR_TYPE, headers=_entry(committed) | {"ETag": f'W/"{version}"'})
        case Released(documents=(document,), committed=committed):
            etag = parts.etag(question.requester.service, document.body)
            headers = _entry(committed) | {"ETag": etag, "Saattaen-Proof": _proof(committed)}
            # A 304 tells that the bytes are still these: a release like any other, and its entry stands.
            if etag in _etags(request.headers.get("if-none-match", "")):
                return Response(status_code=304, headers=headers)
            return Response(document.body, media_type=FHIR_TYPE, headers=headers)
        case Released():
            raise AssertionError("a read releases one document")


async def _answer_search(
    outcome: Released | ReleasedOwn | Refused, question: DisclosureRequest, parts: FhirParts, path_type: str
) -> Response:
    self_link = f"{parts.base}/{path_type}/_search"
    match outcome:
        case Refused(reason="request-invalid"):
            raise RequestInvalid("The category, purpose or role is not one of the directory's; see the reference.")
        case Released(documents=documents, committed=committed, more=more, incomplete=incomplete) if documents:
            next_link = None
            if more is not None and question.identifier is not None:
                kept = {
                    "resource": question.resource, "identifier": question.identifier.hex(),
                    "category": question.category, "count": question.count, "after": more,
                }  # fmt: skip
                cursor = await parts.cursors.save(question.requester.system, kept)
                next_link = f"{parts.base}/{path_type}?_page={cursor}"
            entries = [(f"{parts.base}/{path_type}/{one.document.id}", one.body) for one in documents]
            headers = _entry(committed) | {"Saattaen-Proof": _proof(committed)}
            body = parts.searchset(entries, self_link, next_link, incomplete)
            return Response(body, media_type=FHIR_TYPE, headers=headers)
    # Nothing to show looks the same on every ground.
    return Response(parts.searchset([], self_link, None, False), media_type=FHIR_TYPE)


def _question(
    action: Action, requester: Requester, resource: str, request: Request, *, document: str | None = None,
    identifier: bytes | None = None, category: str | None = None, count: int = 50,
    after: tuple[int, str] | None = None,
) -> DisclosureRequest:  # fmt: skip
    told = _told_in(request)
    return DisclosureRequest(
        action=action,
        requester=requester,
        resource=resource,
        # A header narrows nothing: it must agree with the token, and the policy judges that it does.
        role=told.get("Saattaen-Role") or requester.role,
        purpose=told.get("Saattaen-Purpose") or requester.purpose,
        request_id=request_id(request),
        document=document,
        identifier=identifier,
        category=category,
        basis=told.get("Saattaen-Basis"),
        traceparent=_traceparent(request.headers.get("traceparent")),
        after=after,
        count=count,
    )


def _told_in(request: Request) -> dict[str, str]:
    """Return the codes that our own headers say, each at most once."""
    told: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        if (header := _OWN_HEADERS.get(name)) is not None:
            if header in told:
                raise RequestInvalid(f"Give {header} once.", path=header)
            told[header] = parse_code(value.decode("latin-1"), header)
    return told


def _place(kept: object) -> tuple[int, str]:
    match kept:
        case [int(dated), str(document)]:
            return dated, document
        case _:
            pass
    raise RequestInvalid("This page is not to be had any more; search again.", path="_page")


def _need_scope(requester: Requester, scope: str) -> None:
    if not covers(requester.scope, scope):
        raise EdgeError("insufficient-scope")


def _no_query(request: Request) -> None:
    if request.scope["query_string"]:
        raise RequestInvalid("This address takes no parameters.", path="URL")


async def _depositor(request: Request, parts: FhirParts) -> Requester:
    requester = await parts.authenticate(request)
    _need_scope(requester, DEPOSIT_SCOPE)
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


def _etags(header: str) -> set[str]:
    return {one.strip() for one in header.split(",")}


def _traceparent(given: str | None) -> str | None:
    if given is None or len(given) != 55 or any(one not in "0123456789abcdef-" for one in given):
        return None
    return given


def _entry(committed: Committed[object]) -> dict[str, str]:
    place = committed.entries[0]
    return {"Saattaen-Entry": f"{place.origin}/{place.index}"}


def _proof(committed: Committed[object]) -> str:
    return base64.urlsafe_b64encode(committed.proof().to_text()).decode().rstrip("=")


def _stored(stored: Stored, status: int, location: str | None) -> Response:
    headers = _entry(stored.committed) | {"ETag": f'W/"{stored.version}"'}
    if location is not None:
        headers["Location"] = location
    return Response(status_code=status, headers=headers)


__all__ = ["FhirParts", "Search", "fhir_router"]
