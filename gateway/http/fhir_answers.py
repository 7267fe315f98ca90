"""What became of a disclosure request, as an answer of /fhir: a refusal shows nothing, a release its entry."""

from __future__ import annotations

import base64

from fastapi import Request
from starlette.responses import Response

from audit.log import Committed
from gateway.disclosure.release import Refused, Released, ReleasedOwn
from gateway.disclosure.request import DisclosureRequest
from gateway.errors import NotAvailable, RequestInvalid
from gateway.http.fhir_parts import FhirParts
from gateway.http.problems import FHIR_TYPE


async def answer_read(
    outcome: Released | ReleasedOwn | Refused, question: DisclosureRequest, parts: FhirParts, request: Request
) -> Response:
    """Return the answer to a read. Raises NotAvailable for every refusal alike."""
    match outcome:
        case Refused(reason="request-invalid"):
            raise RequestInvalid("The purpose or role is not one of the directory's; see the reference for the codes.")
        case Refused():
            raise NotAvailable
        case ReleasedOwn(body=body, version=version, committed=committed):
            return Response(body, media_type=FHIR_TYPE, headers=entry_header(committed) | {"ETag": f'W/"{version}"'})
        case Released(documents=(document,), committed=committed):
            etag = parts.etag(question.requester.service, document.body)
            headers = entry_header(committed) | {"ETag": etag, "Saattaen-Proof": _proof(committed)}
            # A 304 tells that the bytes are still these: a release like any other, and its entry stands.
            if etag in _etags(request.headers.get("if-none-match", "")):
                return Response(status_code=304, headers=headers)
            return Response(document.body, media_type=FHIR_TYPE, headers=headers)
        case Released():
            raise AssertionError("a read releases one document")


async def answer_search(
    outcome: Released | ReleasedOwn | Refused, question: DisclosureRequest, parts: FhirParts, path_type: str
) -> Response:
    """Return the answer to a search: an empty one on every ground for showing nothing."""
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
            headers = entry_header(committed) | {"Saattaen-Proof": _proof(committed)}
            body = parts.searchset(entries, self_link, next_link, incomplete)
            return Response(body, media_type=FHIR_TYPE, headers=headers)
    # Nothing to show looks the same on every ground.
    return Response(parts.searchset([], self_link, None, False), media_type=FHIR_TYPE)


def entry_header(committed: Committed[object]) -> dict[str, str]:
    """Return the header that names where the entry stands in the log."""
    place = committed.entries[0]
    return {"Saattaen-Entry": f"{place.origin}/{place.index}"}


def _proof(committed: Committed[object]) -> str:
    return base64.urlsafe_b64encode(committed.proof().to_text()).decode().rstrip("=")


def _etags(header: str) -> set[str]:
    return {one.strip() for one in header.split(",")}
