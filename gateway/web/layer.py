"""The layer that tells problems as pages: around everything else, so that no error reaches people as JSON."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import GatewayError
from gateway.http.problems import PROBLEM_TYPE
from gateway.web.addresses import is_page, to_identify_again, way_back
from gateway.web.doors import Doors
from gateway.web.page import HEADERS, Pages, see_other
from gateway.web.told import told_of

_KEPT: Final = frozenset({b"retry-after", b"allow", b"x-request-id", b"saattaen-demo", b"connection"})
"""The headers of a problem that its page has too."""
_OF_MANDATES: Final = {
    "mandate-missing": "sign_in/mandate_ended.html", "mandate-narrow": "sign_in/mandate_narrow.html"
}  # fmt: skip
"""The pages of a mandate that is none any more, and of one that lets somebody only look."""


class PagesLayer:
    """Wraps the app, outermost: a problem at a page's address becomes a page, in the reader's language."""

    def __init__(self, app: ASGIApp, *, pages: Pages, doors: Doors) -> None:
        self._app, self._pages, self._doors = app, pages, doors
        self._busy_pages: dict[tuple[str, str], str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        begun: Message | None = None
        body = bytearray()

        async def tell(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and _is_problem(message):
                begun = message
            elif begun is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    page = await self._as_page(Request(scope), begun, bytes(body))
                    await page(scope, receive, send)

        await self._app(scope, receive, tell)

    async def _as_page(self, request: Request, begun: Message, body: bytes) -> ASGIApp:
        status = begun["status"]
        try:
            problem = orjson.loads(body)
        except orjson.JSONDecodeError:
            problem = {}
        code = str(problem.get("code", "internal"))
        if code == "sign-in-needed":
            here = request.scope["path"] if request.method == "GET" else "/"
            return see_other(f"/sign-in?next={quote(way_back(here), safe='')}")
        if code == "identify-again":
            here = request.scope["path"] if request.method == "GET" else "/"
            return see_other(to_identify_again(here))
        if code == "too-busy":
            return _with_kept(self._busy_page(request), begun)
        reason = str(problem.get("reason", ""))
        template = _OF_MANDATES.get(reason)
        if template is not None and (told := await self._of_mandate(request, template)) is not None:
            return told
        page = self._pages.render(
            request, "shell/problem.html", status=status, told=told_of(code, status, reason), code=code,
            number=str(problem.get("request_id", "")) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
        )  # fmt: skip
        return _with_kept(page, begun)

    def _busy_page(self, request: Request) -> Response:
        """Return the page of whoever is turned away, made once in each language and size: a flood is answered often."""
        page = replace(self._pages.page(request), path="/", room="")
        key = page.language, page.text_size
        if key not in self._busy_pages:
            told = told_of("too-busy", HTTPStatus.SERVICE_UNAVAILABLE)
            self._busy_pages[key] = self._pages.text(
                page, "shell/problem.html", told=told, code="too-busy", number=""
            )  # fmt: skip
        status, kind = HTTPStatus.SERVICE_UNAVAILABLE, "text/html; charset=utf-8"
        return Response(self._busy_pages[key], status, headers=HEADERS, media_type=kind)

    async def _of_mandate(self, request: Request, template: str) -> Response | None:
        """Return the page that says whose affairs somebody may not see to, and the way on.

        None where nobody acts for another, or where that cannot be told now.
        """
        try:
            session = await self._doors.find(request)
        except GatewayError:
            return None
        if session is None or session.signed_in.acting_for is None:
            return None
        return self._pages.render(
            request, template, session, status=HTTPStatus.CONFLICT, other=session.signed_in.acting_for
        )


def _with_kept(page: Response, begun: Message) -> Response:
    """Return the page with those headers of its problem that it has too."""
    page.raw_headers.extend((name, value) for name, value in begun["headers"] if name.lower() in _KEPT)
    return page


def _is_problem(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(PROBLEM_TYPE.encode())
        for name, value in message["headers"]
    )
