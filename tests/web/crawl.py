"""Every page that somebody can come to: found by following links, one page of each kind."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from html import unescape
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI
from starlette.routing import Match, Route

from gateway.web.addresses import ROOMS
from tests.web.people import Visitor

_LINK = re.compile(r'<a\s[^>]*?href="([^"]+)"')
PASSED_BY = frozenset({"/leave", "/choose/language/{language}", "/choose/text-size/{size}", "/static/{digest}/{name}"})
"""Addresses that are no pages."""


def routes_of(app: FastAPI) -> Iterator[Route]:
    """Return every route of the application, those of its routers too: no router of ours has a prefix."""
    for one in app.routes:
        router = getattr(one, "original_router", None)
        yield from (route for route in ([one] if router is None else router.routes) if isinstance(route, Route))


def kind_of(app: FastAPI, path: str) -> str:
    """Return the route's template that serves a path."""
    for route in routes_of(app):
        matched, _ = route.matches({"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []})
        if matched is Match.FULL:
            return route.path
    return path


def page_routes(app: FastAPI, room: str) -> Iterator[str]:
    """Return the templates of every page of a room that can be opened by a link."""
    for route in routes_of(app):
        if "GET" in (route.methods or ()) and route.path.split("/")[1:2] == [room]:
            yield route.path


def links(answer: httpx.Response) -> list[str]:
    """Return the addresses of ours that a page leads to, in its order."""
    found = (unescape(one) for one in _LINK.findall(answer.text))
    return [one for one in found if one.startswith("/") and one.split("/")[1].split("?")[0] in (*ROOMS, "")]


async def pages_of(
    app: FastAPI, visitor: Visitor, start: str, at_most: int = 120
) -> AsyncIterator[tuple[str, httpx.Response]]:
    """Yield one page of each kind that can be reached from *start*, with its address."""
    seen, waiting = set[str](), [start]
    while waiting and len(seen) < at_most:
        address = waiting.pop(0)
        path = urlsplit(address).path
        kind = kind_of(app, path)
        if kind in seen or kind in PASSED_BY:
            continue
        seen.add(kind)
        answer = await visitor.get(address)
        if answer.headers.get("content-type", "").startswith("text/html"):
            yield address, answer
            waiting += links(answer)
