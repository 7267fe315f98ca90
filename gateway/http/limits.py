"""The outermost layer of the machine edge, pure ASGI: request id, size of body, headers of answers, access line."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.directory.identity_trace import holds_identity_code, url_holds_identity_code
from gateway.disclosure.observing import REQUEST_ID, Observer
from gateway.http.bodies import Bodies, replay
from gateway.http.own_cookies import with_own_cookies
from gateway.http.problems import EdgeError, answer, unknown_error
from gateway.http.turning_away import PACED
from gateway.http.whence import whence

access_log = logging.getLogger("saattaen.access")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_TRACEPARENT = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_LENGTH = re.compile(rb"[0-9]{1,20}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
"""What no id, code or text of an address is made of; a store may not even take it for a question."""
_SAYS: Final = {"request-invalid": "An address holds no control characters."}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Set where the answer does not set its own: pages need a wider content security policy than data."""


class Limits:
    """Wraps the app; add it last (`app.add_middleware(Limits, ...)`), so that it sees every request first.

    It gives each request an id (a caller's X-Request-ID where that is harmless), takes cookies out that are none of
    ours, refuses a personal identity code in path or query before anything could log it, reads the body
    (`bodies.Bodies`) before the app sees any of it, and turns an unknown exception into a bare 500. The access line has
    no query, no header, and of the path the template.
    """

    def __init__(
        self, app: ASGIApp, *, new_request_id: Callable[[], str], demo: bool = False, bodies: Bodies | None = None,
        observer: Observer | None = None,
    ) -> None:  # fmt: skip
        self._app, self._new_request_id, self._bodies = app, new_request_id, bodies or Bodies()
        self._observer = observer
        headers = dict(_HEADERS) | ({"saattaen-demo": "true"} if demo else {})
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["headers"] = with_own_cookies(scope["headers"])
        request_id = self._request_id(scope["headers"])
        scope["saattaen.request_id"] = request_id
        # A request has a task, and so a context, of its own: nothing is to be set back.
        REQUEST_ID.set(request_id)
        if self._observer is None:
            await self._serve(scope, receive, send, request_id, None)
            return
        with self._observer.request(request_id, _trace_headers(scope["headers"])):
            await self._serve(scope, receive, send, request_id, self._observer)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, observer: Observer | None
    ) -> None:
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message["headers"])
                names = {name for name, _ in given}
                own = [pair for pair in self._headers if pair[0] not in names]
                message["headers"] = [*given, (b"x-request-id", request_id.encode()), *own]
            await send(message)

        try:
            await self._answer(scope, receive, send_with_headers, request_id)
        except Exception as error:
            response = unknown_error(error, scope["path"], request_id)
            if status == 0:
                await response(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            template = getattr(scope.get("route"), "path", "-")
            access_log.info("%s %s %d %.1f ms %s", method, template, status, seconds * 1000, request_id)
            if observer is not None:
                observer.answered(method, template, status, seconds)

    def _refusal(self, scope: Scope) -> str | None:
        """Return why a request may not come in whatever its body is, or None."""
        raw = scope.get("raw_path") or scope["path"].encode()
        # What is the same twice is looked through once.
        address = {raw.decode("latin-1"), scope["path"], scope["query_string"].decode("latin-1")}
        if any(map(url_holds_identity_code, address)):
            return "identity-code-in-url"
        if b"%" in scope["query_string"] and _CONTROL.search(unquote_to_bytes(scope["query_string"])):
            return "request-invalid"
        # Where documents and consents are asked for by id, whoever judges must see the question: an entry may be due.
        if _CONTROL.search(raw_path := scope["path"].encode()) and not raw_path.startswith((b"/fhir/", b"/api/")):
            return "no-such-address"
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if lengths and not (_LENGTH.fullmatch(lengths[0]) and int(lengths[0]) <= self._bodies.most_at(scope["path"])):
            return "body-too-large"
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        code, address = self._refusal(scope), whence(scope)
        has_body = _has_body(scope["headers"])
        if code is None and not has_body:
            await self._app(scope, receive, send)
            return
        try:
            if code is not None:
                raise EdgeError(code, _SAYS.get(code, ""))
            body = await self._bodies.read(receive, scope["path"], address)
        except EdgeError as error:
            scope[PACED] = 1
            response = answer(error, scope["path"], request_id)
            if has_body:
                # Else the rest of the body, however long and slow, would still be read.
                response.headers["connection"] = "close"
            await response(scope, receive, send)
            return
        try:
            await self._app(scope, replay(body, receive), send)
        finally:
            self._bodies.forget(body, address)

    def _request_id(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        given = [value for name, value in headers if name == b"x-request-id"]
        if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]) and not holds_identity_code(given[0].decode()):
            return given[0].decode()
        return self._new_request_id()


def traceparent_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the caller's `traceparent` (W3C Trace Context), None for what is none or was sent twice: whoever traces or
    logs is told of nothing else, for anything might stand in it."""
    given = [value for name, value in headers if name == b"traceparent"]
    return given[0].decode() if len(given) == 1 and _TRACEPARENT.fullmatch(given[0]) else None


def _trace_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found = traceparent_of(headers)
    return {} if found is None else {"traceparent": found}


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)
