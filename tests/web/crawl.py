"""Every page that somebody can come to: found by following links, one page of each kind."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from html import unescape

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match

from gateway.web.addresses import ROOMS
from tests.web.people import Visitor

_LINK = re.compile(r'<(?:a\s[^>]*?href|img\s[^>]*?src)="([^"]+)"')
PASSED_BY = frozenset({"/leave", "/choose/language/{language}", "/choose/text-size/{size}", "/static/{digest}/{name}"})
"""Addresses that are no pages."""


def routes(app: FastAPI) -> Iterator[BaseRoute]:
    """Yield every route, those of included routers too."""
    for one in iter_route_contexts(app.routes):
        yield one.original_route


def kind_of(app: FastAPI, path: str) -> str:
    """Return the route's template that serves a path."""
    for route in routes(app):
        matched, _ = route.matches({"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []})
        if matched is Match.FULL:
            return str(getattr(route, "path", path))
    return path


def routes_of(app: FastAPI, room: str, method: str) -> Iterator[str]:
    """Yield the templates of every address of a room that takes a method."""
    for route in routes(app):
        path, methods = str(getattr(route, "path", "")), getattr(route, "methods", None) or ()
        if method in methods and path.split("/")[1:2] == [room]:
            yield path


def links(answer: httpx.Response) -> list[str]:
    """Return the addresses of ours that a page leads to, in its order."""
    found = (unescape(one) for one in _LINK.findall(answer.text))
    return [one for one in found if one.startswith("/") and one.split("/")[1].split("?")[0] in (*ROOMS, "")]


async def pages_of(
    app: FastAPI, visitor: Visitor, starts: Sequence[str], *, each: bool = False, at_most: int = 400
) -> AsyncIterator[tuple[str, httpx.Response]]:
    """Yield *starts* and one answer of each kind that can be reached from there, with its address; or *each*."""
    seen, waiting, count = set[str](), list(starts), 0
    while waiting and count < at_most:
        address = waiting.pop(0)
        path, _, query = address.partition("#")[0].partition("?")
        kind = kind_of(app, path)
        # What is searched for and found are two pages at one address.
        key = address if each else f"{kind}?" if query else kind
        if address in seen or kind in PASSED_BY or (key in seen and address not in starts):
            continue
        seen |= {key, address}
        answer, count = await visitor.get(address), count + 1
        yield address, answer
        if answer.headers.get("content-type", "").startswith("text/html"):
            waiting += links(answer)
