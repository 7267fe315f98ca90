"""The layer that tells problems as pages: around everything else, so that no error reaches people as JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.problems import PROBLEM_TYPE
from gateway.web.addresses import is_page, way_back
from gateway.web.page import Pages, see_other
from gateway.web.told import told_of

_KEPT: Final = frozenset({b"retry-after", b"allow", b"x-request-id", b"saattaen-demo", b"connection"})
"""The headers of a problem that its page has too."""


class PagesLayer:
    """Wraps the app, outermost: a problem at a page's address becomes a page, in the reader's language."""

    def __init__(self, app: ASGIApp, *, pages: Pages) -> None:
        self._app, self._pages = app, pages

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
                    await self._as_page(Request(scope), begun, bytes(body))(scope, receive, send)

        await self._app(scope, receive, tell)

    def _as_page(self, request: Request, begun: Message, body: bytes) -> ASGIApp:
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
            return see_other(f"/sign-in/again?next={quote(way_back(here), safe='')}")
        page = self._pages.render(
            request, "shell/problem.html", status=status, told=told_of(code, status), code=code,
            number=str(problem.get("request_id", "")) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
        )  # fmt: skip
        for name, value in begun["headers"]:
            if name.lower() in _KEPT:
                page.raw_headers.append((name, value))
        return page


def _is_problem(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(PROBLEM_TYPE.encode())
        for name, value in message["headers"]
    )
