"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header-07): an act sent twice is done once.

A request without the header is done as it comes. What was refused recorded nothing, so its key is free again.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import Any, Final, ParamSpec

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.consent.repeating import Answered, Begun, Clash, KeptAnswers
from gateway.directory.identity_trace import holds_identity_code
from gateway.disclosure.ports import Clock
from gateway.disclosure.request import Requester
from gateway.errors import GatewayError
from gateway.http.problems import TABLE, EdgeError
from gateway.http.schemas.base import InputInvalid

HEADER: Final = "Idempotency-Key"
_FORM: Final = "saattaen.form"
_KEPT: Final = ("content-type", "location", "etag", "cache-control")
# RFC 8941 3.3.3: a quoted string of printable ASCII; of a length that a random key has.
_KEY = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\]){16,128})"', re.ASCII)
P = ParamSpec("P")

PARAMETER: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A random key of yours, in quotation marks, 16 to 128 characters, new for each act. The same act "
    "sent again with it within 24 hours is not done again, and gets the same answer.",
    "schema": {"type": "string", "pattern": '^"[ -!#-\\[\\]-~]{16,128}"$'},
    "example": '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
}
"""How the reference describes the header."""


@dataclass(frozen=True, slots=True)
class Once:
    """Does each act once by its key."""

    answers: KeptAnswers
    clock: Clock

    def act(self, endpoint: Callable[P, Awaitable[Response]]) -> Callable[P, Coroutine[Any, Any, Response]]:
        """Return an endpoint that does its act once. Its parameters name the `request` and the `requester`, who was let
        in already: a kept answer is given to nobody who may not act now."""

        @wraps(endpoint)
        async def once(*args: P.args, **kwargs: P.kwargs) -> Response:
            match kwargs:
                case {"request": Request() as request, "requester": Requester() as requester}:
                    key = _key_of(request)
                case _:
                    raise TypeError("an act names its request and its requester")
            if key is None:
                return await endpoint(*args, **kwargs)
            act = await _digest(request, requester)
            match await self.answers.take(requester.system, key, act, self.clock.now()):
                case Answered() as answered:
                    return Response(answered.body, answered.status, dict(answered.headers))
                case Clash.UNDER_WAY:
                    raise EdgeError("act-under-way")
                case Clash.OTHER_ACT:
                    raise EdgeError("key-of-another-act")
                case Begun(form=form):
                    request.scope[_FORM] = form
            try:
                response = await endpoint(*args, **kwargs)
            except GatewayError as error:
                row = TABLE.get(error.code)
                if row is not None and row.status < 500:
                    await self.answers.forget(requester.system, key)
                else:
                    await self.answers.let_go(requester.system, key)
                raise
            headers = tuple((name, value) for name, value in response.headers.items() if name in _KEPT)
            answered = Answered(response.status_code, headers, bytes(response.body))
            await self.answers.keep(requester.system, key, answered)
            return response

        return once


def form_of(request: Request) -> str | None:
    """Return the one-time key that an act of this request is done once by; None where it came without a key."""
    form = request.scope.get(_FORM)
    return form if isinstance(form, str) else None


def _key_of(request: Request) -> str | None:
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    found = _KEY.fullmatch(given[0].strip()) if len(given) == 1 else None
    if found is None or holds_identity_code(found[1]):
        raise InputInvalid(
            "The key is not as the reference describes it.",
            ((f"header.{HEADER}", "must be one quoted text of 16 to 128 characters, random and of no person"),),
        )
    return found[1]


async def _digest(request: Request, requester: Requester) -> bytes:
    """Return what tells one act from another: who, where to, and a body that may have its members in any order."""
    body = await request.body()
    content = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS) if body else b""
    path = str(request.scope["path"])
    told = "\n".join((request.method, path, requester.service, requester.person or "", requester.role))
    return sha256(told.encode() + b"\n" + content).digest()
