"""The log from outside: checkpoint and tiles for anyone, proofs, and to each party the opening of its own releases."""

from __future__ import annotations

import re
from typing import Any, Protocol

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.disclosure.request import Requester
from gateway.errors import NotAvailable, RequestInvalid
from gateway.http.acting import RELEASES, Door
from gateway.http.openapi import needs, problems
from gateway.http.problems import EdgeError

_YEAR = re.compile(r"\d{4}(-[1-9]\d{0,3})?", re.ASCII)
_NUMBER = re.compile(r"0|[1-9]\d{0,14}", re.ASCII)
_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"


def _told(description: str, media_type: str = _TEXT) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string"}}}
    return {200: {"description": description, "content": content}}


_PUBLIC = problems("no-such-address", "request-invalid", token=False)


class LogPublisher(Protocol):
    """What of the log may leave. A log that does not exist, and a tile beyond its size, give None."""

    async def checkpoint(self, year: str) -> bytes | None:
        """Return the latest signed checkpoint."""
        ...

    async def tile(self, year: str, path: str) -> bytes | None:
        """Return a tile of hashes by its tlog-tiles path; entries are not published."""
        ...

    async def proof(self, year: str, index: int) -> bytes | None:
        """Return the inclusion proof of an entry (`tlog-proof@v1`) under the latest checkpoint, without its opening."""
        ...

    async def consistency(self, year: str, old: int, new: int) -> list[str] | None:
        """Return the consistency proof between two sizes, as base64 hashes."""
        ...

    async def opening(self, year: str, index: int, service: str) -> bytes | None:
        """Return the proof with the sections that *service* may see: its own releases' actor and body, else None."""
        ...

    async def vkeys(self) -> bytes:
        """Return the verifier keys of every log, a line each."""
        ...


def audit_router(log: LogPublisher, door: Door) -> APIRouter:
    """Return the routes under /audit."""
    router = APIRouter(prefix="/audit", tags=["Log"])
    may_open = Depends(door.admits(RELEASES, "release.open"))

    @router.get(
        "/log.vkey",
        summary="Verifier keys of the logs",
        response_class=Response,
        responses=_told("A key a line") | problems(token=False),
        openapi_extra=needs(None),
    )
    async def vkeys() -> Response:
        return Response(await log.vkeys(), media_type=_TEXT)

    @router.get(
        "/log/{year}/checkpoint",
        summary="The latest signed checkpoint",
        response_class=Response,
        responses=_told("A C2SP checkpoint, a signed note") | _PUBLIC,
        openapi_extra=needs(None),
    )
    async def checkpoint(year: str) -> Response:
        note = await log.checkpoint(parse_year(year))
        return _text(note, {"Cache-Control": "public, max-age=2"})

    @router.get(
        "/log/{year}/tile/{path:path}",
        summary="A tile of hashes (C2SP tlog-tiles)",
        response_class=Response,
        responses=_told("Up to 256 hashes, one after another", _BYTES) | _PUBLIC,
        openapi_extra=needs(None),
    )
    async def tile(year: str, path: str) -> Response:
        found = await log.tile(parse_year(year), f"tile/{path}")
        if found is None:
            raise EdgeError("no-such-address")
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(found, media_type="application/octet-stream", headers=headers)

    @router.get(
        "/log/{year}/proof",
        summary="Inclusion proof of an entry, without its opening",
        response_class=Response,
        responses=_told("A proof, tlog-proof@v1") | _PUBLIC,
        openapi_extra=needs(None),
    )
    async def proof(year: str, index: str) -> Response:
        return _text(await log.proof(parse_year(year), parse_number(index, "index")), {})

    @router.get(
        "/log/{year}/consistency",
        summary="Consistency proof between two sizes",
        response_class=Response,
        responses=_told("Base64 hashes, a line each") | _PUBLIC,
        openapi_extra=needs(None),
    )
    async def consistency(year: str, old: str, new: str) -> Response:
        hashes = await log.consistency(parse_year(year), parse_number(old, "old"), parse_number(new, "new"))
        return _text(None if hashes is None else ("\n".join(hashes) + "\n").encode(), {})

    @router.get(
        "/log/{year}/opening/{index}",
        summary="Proof and opening of one of your own releases",
        response_class=Response,
        responses=_told("A proof, tlog-proof@v1, with the sections that you may see")
        | problems("no-such-address", "request-invalid"),
        openapi_extra=needs(RELEASES),
    )
    async def opening(year: str, index: str, requester: Requester = may_open) -> Response:
        found = await log.opening(parse_year(year), parse_number(index, "index"), requester.service)
        if found is None:
            raise NotAvailable
        return _text(found, {})

    return router


def parse_year(text: str) -> str:
    """Return the year of a log as an address names it. Raises EdgeError for what is none."""
    if not _YEAR.fullmatch(text):
        raise EdgeError("no-such-address")
    return text


def parse_number(text: str, name: str) -> int:
    """Return a whole number of an address. Raises RequestInvalid, naming it."""
    if not _NUMBER.fullmatch(text):
        raise RequestInvalid(f"{name} is a whole number.", path=name)
    return int(text)


def _text(content: bytes | None, headers: dict[str, str]) -> Response:
    if content is None:
        raise EdgeError("no-such-address")
    return Response(content, media_type=_TEXT, headers=headers)
