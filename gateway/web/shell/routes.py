"""The routes that need no room: front page, language, size of text, help, the quick way out, static files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.directory.names import LANGUAGES
from gateway.errors import StoreUnavailable
from gateway.http.problems import EdgeError
from gateway.web.addresses import way_back
from gateway.web.doors import Doors
from gateway.web.language import COOKIE, has_chosen
from gateway.web.page import SIZE_COOKIE, SIZES, Pages, see_other, static_address
from gateway.web.session import Kind, Session
from gateway.web.sign_in.security_log import DONE, role_of, tell

QUICK_EXIT: Final = "https://www.ilmatieteenlaitos.fi/"
"""Where somebody is who left quickly: the weather, which anyone looks at."""
_STATIC: Final = Path(__file__).parents[1] / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}  # fmt: skip
_YEAR: Final = 365 * 24 * 3600


def shell_router(pages: Pages, doors: Doors) -> APIRouter:
    """Return the routes of the shell."""
    router = APIRouter(include_in_schema=False)
    secure = doors.secure

    @router.get("/")
    async def front(request: Request) -> Response:
        session = await doors.find(request)
        if session is not None:
            return see_other(home_of(session))
        return pages.render(request, "shell/front.html", chosen=has_chosen(request))

    @router.get("/choose/language/{language}")
    async def language(request: Request, language: str, back: str = "/") -> Response:
        if language not in LANGUAGES:
            raise EdgeError("no-such-address")
        return _chosen(COOKIE, language, back)

    @router.get("/choose/text-size/{size}")
    async def text_size(request: Request, size: str, back: str = "/") -> Response:
        if size not in SIZES:
            raise EdgeError("no-such-address")
        return _chosen(SIZE_COOKIE, size, back)

    def _chosen(cookie: str, value: str, back: str) -> Response:
        answer = see_other(way_back(back))
        answer.set_cookie(cookie, value, max_age=_YEAR, httponly=True, secure=secure, samesite="lax")
        return answer

    @router.get("/help")
    async def help_page(request: Request) -> Response:
        return pages.render(request, "shell/help.html", await doors.find(request), directory=pages.directory)

    @router.get("/help/accessibility")
    async def accessibility(request: Request) -> Response:
        return pages.render(request, "shell/accessibility.html", await doors.find(request))

    @router.get("/leave")
    async def leave(request: Request) -> Response:
        # Ending a session is all that a stranger's link could do here: it costs its reader a new sign-in, no more.
        value = request.cookies.get(doors.cookie)
        # Whoever must be gone is gone, whatever the store does: the browser forgets its session in any case.
        with suppress(StoreUnavailable):
            session = await doors.find(request)
            if value is not None and session is not None:
                await doors.sessions.end(value)
                tell("sign-out", session.provider, DONE, role=role_of(session.signed_in), session=session)
        answer = RedirectResponse(QUICK_EXIT, 303, headers={"clear-site-data": '"cache"', "cache-control": "no-store"})
        answer.delete_cookie(doors.cookie, secure=secure, httponly=True, samesite="lax")
        return answer

    @router.get("/static/{digest}/{name}")
    async def static(request: Request, digest: str, name: str) -> Response:
        file = _STATIC / name
        if file.parent != _STATIC or file.suffix not in _TYPES or not file.is_file():
            raise EdgeError("no-such-address")
        if request.scope["path"] != static_address(name):
            raise EdgeError("no-such-address")
        return Response(
            file.read_bytes(), media_type=_TYPES[file.suffix],
            headers={"cache-control": f"public, max-age={_YEAR}, immutable", "x-content-type-options": "nosniff"},
        )  # fmt: skip

    return router


def home_of(session: Session) -> str:
    """Return where somebody who is signed in begins."""
    signed_in = session.signed_in
    if signed_in.kind is Kind.CLIENT:
        return "/portal"
    return "/desk" if signed_in.services and signed_in.roles else "/oversight"
