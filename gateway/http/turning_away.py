"""The answer to whoever is turned away, made beforehand: whoever floods is answered often."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope, Send

from gateway.http.problems import EdgeError, answer

PACED: Final = "saattaen.paced"
"""In the scope of a request that had no place, as how many of those that are turned away it counts: whoever holds its
connection paces what comes next on it."""
_MARK: Final = "0123456789abcdef"
"""Stands in a prepared answer where the request's id goes."""


def _prepared(path: str) -> tuple[list[tuple[bytes, bytes]], tuple[bytes, bytes]]:
    response = answer(EdgeError("too-busy"), path, _MARK)
    before, _, after = bytes(response.body).partition(_MARK.encode())
    return [one for one in response.raw_headers if one[0] != b"content-length"], (before, after)


_AS_PROBLEM: Final = _prepared("/")
_AS_OUTCOME: Final = _prepared("/fhir")


async def turn_away(scope: Scope, send: Send) -> None:
    """Tell a request to come again, in the words of `problems.answer`."""
    path, request_id = scope["path"], scope["saattaen.request_id"]
    scope[PACED] = 1
    headers, (before, after) = _AS_OUTCOME if path == "/fhir" or path.startswith("/fhir/") else _AS_PROBLEM
    body = before + request_id.encode() + after
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 503, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
