"""The one table from a code to an answer, and its two renderings: RFC 9457 problem details and FHIR's OperationOutcome.

Which of the two a caller gets follows from the path alone: `/fhir` answers FHIR, everything else problem+json.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.directory.identity_trace import holds_identity_code
from gateway.errors import BodyInvalid, ConsentRefused, GatewayError, NotAvailable, RequestInvalid, TokenInvalid

log = logging.getLogger(__name__)

PROBLEM_TYPE: Final = "application/problem+json"
FHIR_TYPE: Final = "application/fhir+json"
_RETRY_SECONDS = "2"


@dataclass(frozen=True, slots=True)
class Row:
    """How a code is answered. `title` says what happened, `remedy` what to do; `issue` is FHIR's issue type."""

    status: int
    title: str
    issue: str
    remedy: str
    retry: bool = False
    tells: bool = False
    """Whether the error's own sentence goes out too. It tells of the caller's own input, never of a client."""


TABLE: Final[Mapping[str, Row]] = {
    "request-invalid": Row(
        400, "The request is not well-formed", "invalid", "Correct the request as the detail says.", tells=True
    ),
    "body-invalid": Row(
        422, "The body does not fit its profile", "invalid", "Correct the places that are listed.", tells=True
    ),
    "token-invalid": Row(401, "No access token in force", "login", "Get a new token at the token endpoint."),
    "insufficient-scope": Row(
        403, "The token's scope does not cover this", "forbidden", "Ask for a token with the scope of this operation."
    ),
    "not_available": Row(
        404, "Not available", "not-found", "If the client wishes to consent, a consent can be requested."
    ),
    "consent-refused": Row(
        409, "This cannot be recorded", "business-rule", "See the reason and the guide for integrators.", tells=True
    ),
    "act-under-way": Row(
        409,
        "The same act is under way",
        "conflict",
        "Send the same request with the same Idempotency-Key again a little later.",
        retry=True,
    ),
    "key-of-another-act": Row(
        422,
        "This Idempotency-Key was sent with another act",
        "business-rule",
        "Repeat the very same request with it, or send a new key with a new act.",
    ),
    "version-conflict": Row(
        412, "Another version is stored", "conflict", "Read the current version and send its ETag in If-Match."
    ),
    "version-required": Row(428, "If-Match is needed", "required", "Send the ETag that you read in If-Match."),
    "engine-unavailable": Row(503, "Not possible now", "transient", "Try again later.", retry=True),
    "custodian-unavailable": Row(503, "Not possible now", "transient", "Try again later.", retry=True),
    "clock-untrusted": Row(503, "Not possible now", "transient", "Try again later.", retry=True),
    "store-unavailable": Row(503, "Not possible now", "transient", "Try again later.", retry=True),
    "read-only": Row(
        503,
        "This gateway was started for inspection alone",
        "transient",
        "It records nothing, and what is not recorded is not released. Ask the gateway that serves.",
        retry=True,
    ),
    "not-kept-twice": Row(
        503,
        "Done and in effect, and not yet kept in the second place",
        "transient",
        "It stands from now on. Send the same again later, until the answer says that it was done.",
        retry=True,
    ),
    "rolled-back": Row(503, "Not possible now", "transient", "Try again later.", retry=True),
    "too-busy": Row(503, "Too much at once", "throttled", "Try again later.", retry=True),
    "directory-invalid": Row(500, "The gateway is not set up", "exception", "Tell the operator the request id."),
    "settings-invalid": Row(500, "The gateway is not set up", "exception", "Tell the operator the request id."),
    "internal": Row(500, "Something failed here", "exception", "Tell the operator the request id."),
    "identity-code-in-url": Row(
        400,
        "A personal identity code may not be part of an address",
        "invalid",
        "Send it in the body: POST [base]/{type}/_search with patient.identifier. Addresses end up in logs.",
    ),
    "no-such-address": Row(404, "There is nothing at this address", "not-supported", "See the reference."),
    "method-not-allowed": Row(405, "This address does not take this method", "not-supported", "See the Allow header."),
    "media-type-unsupported": Row(
        415, "This media type is not understood here", "not-supported", "See the reference for the media type."
    ),
    "sign-in-needed": Row(401, "Nobody is signed in", "login", "Sign in at /sign-in."),
    "identify-again": Row(401, "The identification is too old", "login", "Identify yourself again at /sign-in/again."),
    "form-expired": Row(403, "The form does not belong to this session", "forbidden", "Open its page again."),
    "body-too-slow": Row(408, "The body did not come in time", "timeout", "Send it again, at once and whole."),
    "body-too-large": Row(413, "The body is too large", "too-long", "Send a smaller body."),
}
"""The codes of `gateway.errors`, and those of the edge itself."""

_OF_STATUS: Final[Mapping[int, str]] = {
    401: "token-invalid",
    403: "insufficient-scope",
    404: "no-such-address",
    405: "method-not-allowed",
    412: "version-conflict",
    413: "body-too-large",
    415: "media-type-unsupported",
    428: "version-required",
    503: "store-unavailable",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What an answer says, before it is rendered."""

    code: str
    row: Row
    detail: str
    faults: Sequence[tuple[str, str]] = ()
    reason: str | None = None

    @classmethod
    def of(cls, error: GatewayError) -> _Told:
        code = error.code if error.code in TABLE else "internal"
        row = TABLE[code]
        faults: Sequence[tuple[str, str]] = ()
        reason = None
        if row.tells:
            if isinstance(error, BodyInvalid):
                faults = error.faults
            elif error.path is not None:
                faults = ((error.path, error.detail or row.title),)
            if isinstance(error, ConsentRefused):
                reason = error.reason
        detail = error.detail if row.tells and error.detail else row.remedy
        # Whoever wrote the sentence was not to put a code into it; nothing leaves if he did.
        if holds_identity_code(detail) or any(holds_identity_code(part) for fault in faults for part in fault):
            detail, faults = row.remedy, ()
        return cls(code, row, detail, faults, reason)


def problem(error: GatewayError, request_id: str) -> Response:
    """Return the RFC 9457 answer to *error*. `not_available` bears no request id: it is the same answer to everyone."""
    told = _Told.of(error)
    members: dict[str, object] = {
        "type": f"urn:saattaen:problem:{told.code}",
        "title": told.row.title,
        "status": told.row.status,
        "detail": told.detail,
        "code": told.code,
        "remedy": told.row.remedy,
    }
    if told.reason is not None:
        members["reason"] = told.reason
    if told.faults:
        members["errors"] = [{"path": path, "detail": say} for path, say in told.faults]
    if not isinstance(error, NotAvailable):
        members["request_id"] = request_id
    return _response(told.row, members, PROBLEM_TYPE)


def operation_outcome(error: GatewayError, request_id: str) -> Response:
    """Return the same answer as a FHIR OperationOutcome: one issue a fault, with its FHIRPath."""
    told = _Told.of(error)
    details: dict[str, object] = {
        "coding": [{"system": "https://saattaen.example/fhir/CodeSystem/problem", "code": told.code}],
        "text": told.row.title,
    }
    say = told.detail if told.detail == told.row.remedy else f"{told.detail} {told.row.remedy}"
    if told.reason is not None:
        say = f"{told.reason}: {say}"
    issues = [
        {"severity": "error", "code": told.row.issue, "details": details, "diagnostics": fault, "expression": [path]}
        for path, fault in told.faults
    ] or [{"severity": "error", "code": told.row.issue, "details": details, "diagnostics": say}]
    outcome: dict[str, object] = {"resourceType": "OperationOutcome", "issue": issues}
    if not isinstance(error, NotAvailable):
        outcome["id"] = request_id
    return _response(told.row, outcome, FHIR_TYPE)


def answer(error: GatewayError, path: str, request_id: str) -> Response:
    """Return the answer to *error* in the format of the caller at *path* (`scope["path"]`)."""
    render = operation_outcome if path == "/fhir" or path.startswith("/fhir/") else problem
    return render(error, request_id)


class EdgeError(GatewayError):
    """Something that the edge itself refuses; its code is one of the table's."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail)
        # An instance attribute of the same name, for the class stands for several rows.
        self.code = code  # type: ignore[misc]


def answer_to(request: Request, error: GatewayError, challenge: str) -> Response:
    """Return the whole answer to *error*, with the headers that belong to it; the operator's own faults are logged."""
    response = answer(error, _path(request), request_id(request))
    if isinstance(error, TokenInvalid):
        # RFC 6750 3.1: a request without any token is told no error code.
        told = ', error="invalid_token"' if request.headers.get("authorization") else ""
        response.headers["www-authenticate"] = challenge + told
    if error.code == "insufficient-scope":
        response.headers["www-authenticate"] = challenge + ', error="insufficient_scope"'
    if response.status_code >= 500:
        # Whoever wrote the sentence was not to put a code into it; nothing is logged if he did.
        more = "no more is known" if not error.detail or holds_identity_code(error.detail) else error.detail
        log.error("request %s failed: %s (%s)", request_id(request), error.code, more)
    return response


def install_problems(app: FastAPI, *, challenge: str) -> None:
    """Let *app* answer every error from the table. *challenge* is the WWW-Authenticate of a 401, without its error.

    Exceptions of no known kind are not handled here but by `limits.Limits`: Starlette would raise them again after the
    answer, and the server would log their text.
    """

    @app.exception_handler(GatewayError)
    async def on_gateway_error(request: Request, error: GatewayError) -> Response:
        return answer_to(request, error, challenge)

    @app.exception_handler(RequestValidationError)
    async def on_validation_error(request: Request, error: RequestValidationError) -> Response:
        # Only the place and pydantic's kind of fault: its message and input could repeat what was sent.
        faults = tuple((".".join(map(str, one["loc"])), str(one["type"])) for one in error.errors())
        say = "; ".join(f"{place}: {kind}" for place, kind in faults[:10])
        return answer(RequestInvalid(f"These parameters are wrong: {say}."), _path(request), request_id(request))

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        code = _OF_STATUS.get(error.status_code, "request-invalid" if error.status_code < 500 else "internal")
        response = answer(EdgeError(code), _path(request), request_id(request))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response


def unknown_error(error: BaseException, path: str, request_id: str) -> Response:
    """Return a 500 with the request id and no more. Type and place of *error* are logged, never its text."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place is not None else "?"
    log.error("request %s failed: %s at %s", request_id, type(error).__name__, where)
    return answer(EdgeError("internal"), path, request_id)


def request_id(request: Request) -> str:
    """Return the id that `limits.Limits` gave to the request."""
    found = request.scope.get("saattaen.request_id")
    return found if isinstance(found, str) else "none"


def _path(request: Request) -> str:
    path = request.scope["path"]
    return path if isinstance(path, str) else ""


def _response(row: Row, members: Mapping[str, object], media_type: str) -> Response:
    response = Response(orjson.dumps(members), row.status, media_type=media_type)
    if row.retry:
        response.headers["retry-after"] = _RETRY_SECONDS
    return response
