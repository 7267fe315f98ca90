"""What a request to /fhir asks, turned into a disclosure request: headers agree with the token or narrow nothing."""

from __future__ import annotations

import re

from fastapi import Request

from gateway.disclosure.request import Action, DisclosureRequest, Requester
from gateway.disclosure.scopes import covers
from gateway.errors import RequestInvalid
from gateway.http.fhir_search import parse_code
from gateway.http.limits import traceparent_of
from gateway.http.problems import EdgeError, request_id

NO_DOCUMENT = "none"
"""An id that no document has: ours are 32 hexadecimal digits."""
_DOCUMENT = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
"""What FHIR R4 takes for an id (2.24.0.1)."""
_OWN_HEADERS = {name.lower().encode(): name for name in ("Saattaen-Role", "Saattaen-Purpose", "Saattaen-Basis")}


def question_of(
    action: Action, requester: Requester, resource: str, request: Request, *, document: str | None = None,
    identifier: bytes | None = None, category: str | None = None, count: int = 50,
    after: tuple[int, str] | None = None,
) -> DisclosureRequest:  # fmt: skip
    """Return what is asked, as the disclosure understands it."""
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
        traceparent=traceparent_of(request.scope["headers"]),
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


def place_in(kept: object) -> tuple[int, str]:
    """Return the place that a page was told to begin after. Raises RequestInvalid for what is none."""
    match kept:
        case [int(dated), str(document)]:
            return dated, document
        case _:
            pass
    raise RequestInvalid("This page is not to be had any more; search again.", path="_page")


def need_scope(requester: Requester, scope: str) -> None:
    """Raise EdgeError unless the token has that scope."""
    if not covers(requester.scope, scope):
        raise EdgeError("insufficient-scope")


def document_in(request: Request) -> str:
    """Return the document's id of an address; what cannot be one is asked for as a document that nobody has, so that it
    is judged and logged as any other unknown one, whatever the store could make of it."""
    given = str(request.path_params["id"])
    return given if _DOCUMENT.fullmatch(given) else NO_DOCUMENT


def no_query(request: Request) -> None:
    """Raise RequestInvalid where the URL has a query: it would stand in logs."""
    if request.scope["query_string"]:
        raise RequestInvalid("This address takes no parameters.", path="URL")
