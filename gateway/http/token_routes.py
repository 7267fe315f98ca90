"""Token and revocation endpoint: form in, JSON out.

The authorization server answers in a thread, which nobody waits for without end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.errors import TooBusy

TOKEN_PATH = "/oauth/token"  # noqa: S105  An address, no secret.
REVOCATION_PATH = "/oauth/revoke"
_FORM = "application/x-www-form-urlencoded"
_MAX_FORM = 64 * 1024
_MAX_PARAMETERS = 20
_NO_STORE = (("cache-control", "no-store"), ("pragma", "no-cache"))


class OAuthAnswer(Protocol):
    """What the authorization server answers."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> Mapping[str, object]: ...
    @property
    def headers(self) -> Sequence[tuple[str, str]]: ...


class TokenRevocation(Protocol):
    """A token that its own partner takes back."""

    @property
    def partner(self) -> str: ...
    @property
    def token_id(self) -> str: ...
    @property
    def expires(self) -> datetime: ...


T = TypeVar("T")
R_co = TypeVar("R_co", bound=TokenRevocation, covariant=True)


class TokenServer(Protocol[R_co]):
    """The authorization server; both methods block. Both raise TooBusy where a partner asks for more than its share."""

    def token(self, form: Mapping[str, str]) -> OAuthAnswer:
        """Answer a token request."""
        ...

    def revocation(self, form: Mapping[str, str]) -> tuple[OAuthAnswer, R_co | None]:
        """Answer a revocation request; what is not None is to be recorded before the answer goes out."""
        ...


class Threads(Protocol):
    """Where calls that block are run: so many at once, so many waiting, and none waited for without end."""

    async def run(self, call: Callable[[], T], /) -> T:
        """Return what *call* returns; raises StoreUnavailable when it takes too long, or too many are there."""
        ...


async def _at_once(_scope: Scope) -> None:
    """Hold nobody back, where there are no lanes."""


class _FormInvalid(Exception):
    """The request is no form whose parameters each come once; the text is the error_description."""


def token_router(
    server: TokenServer[TokenRevocation], record_revocation: Callable[[TokenRevocation], Awaitable[None]],
    threads: Threads, hold_back: Callable[[Scope], Awaitable[None]] = _at_once,
) -> APIRouter:  # fmt: skip
    """Return the routes. *record_revocation* makes a revocation durable and raises when it cannot. *hold_back* returns
    when a request may be told that its partner has had its share.

    An answer that comes when its caller is no longer waited for is thrown away, the token in it too. The assertion may
    count as used then: whoever is told to come again signs a new one.
    """
    router = APIRouter(tags=["Partner systems"])

    async def paced(request: Request, call: Callable[[], T]) -> T:
        try:
            return await threads.run(call)
        except TooBusy:
            await hold_back(request.scope)
            raise

    @router.post(
        TOKEN_PATH, summary="Get an access token", openapi_extra=_documented(_TOKEN_FIELDS), responses=_RESPONSES
    )
    async def token(request: Request) -> Response:
        try:
            form = await _parse_form(request)
        except _FormInvalid as error:
            return _refuse(error)
        return _render(await paced(request, lambda: server.token(form)))

    @router.post(
        REVOCATION_PATH, summary="Take back an access token", openapi_extra=_documented(_REVOCATION_FIELDS),
        responses=_RESPONSES,
    )  # fmt: skip
    async def revoke(request: Request) -> Response:
        try:
            form = await _parse_form(request)
        except _FormInvalid as error:
            return _refuse(error)
        said, revocation = await paced(request, lambda: server.revocation(form))
        if revocation is not None:
            await record_revocation(revocation)
        return _render(said)

    return router


async def _parse_form(request: Request) -> dict[str, str]:
    headers = request.headers
    if headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
        raise _FormInvalid(f"The body is a form: {_FORM}.")
    if request.scope["query_string"]:
        raise _FormInvalid("Parameters belong in the body, never in the address.")
    if "authorization" in headers:
        raise _FormInvalid("Authenticate by the client assertion alone, without an Authorization header.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            raise _FormInvalid("The form is longer than 64 kilobytes.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        ) if body else []  # fmt: skip
    except ValueError:
        raise _FormInvalid("The body is not a form of at most 20 parameters in UTF-8.") from None
    form = dict(pairs)
    # RFC 6749 3.2: parameters are not repeated. Which of two would count is a matter that readers disagree on.
    if len(form) != len(pairs):
        raise _FormInvalid("A parameter is there twice.")
    return form


def _refuse(error: _FormInvalid) -> Response:
    body = orjson.dumps({"error": "invalid_request", "error_description": str(error)})
    return Response(body, 400, headers=dict(_NO_STORE), media_type="application/json")


def _render(said: OAuthAnswer) -> Response:
    response = Response(orjson.dumps(dict(said.body)), said.status, media_type="application/json")
    for name, value in said.headers:
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


_ASSERTION_FIELDS = {
    "client_assertion_type": {"type": "string", "const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    "client_assertion": {
        "type": "string",
        "description": "A JWT; its extensions name organisation, service, role, purpose and person.",
    },
    "client_id": {"type": "string", "description": "Optional; equals the assertion's sub."},
}
_TOKEN_FIELDS: dict[str, object] = {
    "grant_type": {"type": "string", "const": "client_credentials"},
    "scope": {"type": "string", "examples": ["system/CarePlan.rs saattaen/consents"]},
    "resource": {"type": "string", "description": "Optional; the FHIR base."},
    **_ASSERTION_FIELDS,
}
_REVOCATION_FIELDS: dict[str, object] = {
    "token": {"type": "string"},
    "token_type_hint": {"type": "string"},
    **_ASSERTION_FIELDS,
}
_RESPONSES: dict[int | str, dict[str, object]] = {
    200: {"description": "Done", "content": {"application/json": {}}},
    400: {"description": "`error` and `error_description` say why (RFC 6749 5.2)", "content": {"application/json": {}}},
    413: {"description": "The body is too large"},
    503: {"description": "Not possible now, or more than this partner system's share: wait as `Retry-After` says"},
}


def _documented(fields: Mapping[str, object]) -> dict[str, object]:
    optional = {"client_id", "resource", "token_type_hint"}
    schema = {"type": "object", "properties": dict(fields), "required": sorted(fields.keys() - optional)}
    return {"requestBody": {"required": True, "content": {_FORM: {"schema": schema}}}, "security": []}
