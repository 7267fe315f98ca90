"""Who is let in: each request waits for a place in its lane before anything is done for it, or is turned away in time.

Withdrawals, prohibitions, confirmations and what else protects a person have a lane of their own, so that no flood of
reads is ever in front of them. Within a lane partners share fairly. A request counts for the partner that its token was
found to belong to at an earlier use; tokens not seen before, and requests without one, have a few places of their own.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.disclosure.observing import Lane, Observer
from gateway.http.fair_places import About, FairPlaces
from gateway.http.problems import EdgeError, answer

URGENT: Final = re.compile(
    r"/api/v1/(?:consents/[^/]+/(?:withdraw|confirm)|prohibitions|refusals|confirmations/[^/]+|relations/[^/]+/end)"
    r"|/oauth/revoke"
)
"""The addresses whose POST is urgent."""
_NEVER_WAITS: Final = "/health/"
_REMEMBERED: Final = 10_000
_NEW, _NONE, _PEOPLE = "a token not seen before", "no token", "people"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is done at once. Times in seconds."""

    places: int = 32
    """Requests that are worked on at once for a partner that is alone; enough to fill a batch of the log."""
    shared: int = 4
    """The same for all together while several partners are about: what one of them finds before it."""
    strangers: int = 4
    """The same for requests whose token was not seen before, and for those without one."""
    urgent: int = 16
    people: int = 16
    """The same for people's pages, all together: they bear no token, and a flood of strangers must not shut them."""
    people_patience: float = 5.0
    patience: float = 0.07
    """How long a read waits for a place before it is told to come again."""
    urgent_patience: float = 5.0


class KnownPartners:
    """Whose token is whose, of tokens that were verified; by their digests, the latest ones alone."""

    def __init__(self) -> None:
        self._of: OrderedDict[bytes, str] = OrderedDict()

    def learn(self, token: str, partner: str) -> None:
        """Remember that a token was verified as *partner*'s."""
        digest = sha256(token.encode()).digest()
        if digest not in self._of:
            self._of[digest] = partner
            if len(self._of) > _REMEMBERED:
                self._of.popitem(last=False)

    def find(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Return the partner for whom a request with these headers counts."""
        for name, value in headers:
            if name == b"authorization":
                return self._of.get(sha256(value[7:]).digest(), _NEW)
        return _NONE


class Admission:
    """The lanes of one process, and whose requests are whose."""

    def __init__(self, bounds: Bounds | None = None, is_page: Callable[[str], bool] = lambda path: False) -> None:
        """*is_page* tells which paths people read."""
        bounds = bounds or Bounds()
        self._is_page = is_page
        about, fixed = About(), dict.fromkeys((_NEW, _NONE), bounds.strangers)
        self.partners = KnownPartners()
        self._normal = FairPlaces(
            about, places=bounds.places, shared=bounds.shared, patience=bounds.patience, fixed=fixed
        )  # fmt: skip
        self._urgent = FairPlaces(
            about, places=bounds.urgent, shared=bounds.urgent, patience=bounds.urgent_patience, fixed=fixed
        )  # fmt: skip

        self._people = FairPlaces(
            About(), places=bounds.people, shared=bounds.people, patience=bounds.people_patience,
            fixed={_PEOPLE: bounds.people},
        )  # fmt: skip

    def whose(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Return for whom a request counts: a partner, or people."""
        return _PEOPLE if self._is_page(path) else self.partners.find(headers)

    def lane_of(self, method: str, path: str) -> tuple[Lane, FairPlaces]:
        """Return the lane of a request."""
        if self._is_page(path):
            return "people", self._people
        if method == "POST" and URGENT.fullmatch(path):
            return "urgent", self._urgent
        return "normal", self._normal

    @property
    def in_service(self) -> int:
        """How many requests are worked on."""
        return self._normal.in_service + self._urgent.in_service + self._people.in_service

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return self._normal.waiting + self._urgent.waiting + self._people.waiting


class AdmissionLayer:
    """Wraps the app, inside of `limits.Limits`: a body is there by now, so no slow sender holds a place."""

    def __init__(self, app: ASGIApp, *, admission: Admission, observer: Observer | None = None) -> None:
        self._app, self._admission, self._observer = app, admission, observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request once it has a place."""
        path = scope["path"]
        if scope["type"] != "http" or path.startswith(_NEVER_WAITS):
            await self._app(scope, receive, send)
            return
        lane, places = self._admission.lane_of(scope["method"], path)
        partner = self._admission.whose(path, scope["headers"])
        if not await places.enter(partner):
            if self._observer is not None:
                self._observer.shed(lane, "no-place")
            await _turn_away(path, scope["saattaen.request_id"], send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            places.leave(partner)


_MARK: Final = "0123456789abcdef"
"""Stands in a prepared answer where the request's id goes."""


def _prepared(path: str) -> tuple[list[tuple[bytes, bytes]], tuple[bytes, bytes]]:
    response = answer(EdgeError("too-busy"), path, _MARK)
    before, _, after = bytes(response.body).partition(_MARK.encode())
    return [one for one in response.raw_headers if one[0] != b"content-length"], (before, after)


_AS_PROBLEM: Final = _prepared("/")
_AS_OUTCOME: Final = _prepared("/fhir")


async def _turn_away(path: str, request_id: str, send: Send) -> None:
    """Answer as `problems.answer` does, made beforehand: whoever floods is answered often."""
    headers, (before, after) = _AS_OUTCOME if path == "/fhir" or path.startswith("/fhir/") else _AS_PROBLEM
    body = before + request_id.encode() + after
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 503, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
