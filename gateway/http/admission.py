"""Who is let in: each request waits for a place in its lane before anything is done for it, or is turned away in time.

Withdrawals, prohibitions, confirmations and what else protects a person have a lane of their own, so that no flood of
reads is ever in front of them; so have people's pages (`people_lane`). Within a lane partners share fairly. A request
counts for the partner that its token was found to belong to, at an earlier use or by now (`lanes`).
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.disclosure.observing import Lane as LaneName
from gateway.disclosure.observing import Observer
from gateway.errors import TooBusy
from gateway.http.fair_places import About, FairPlaces
from gateway.http.lanes import NEW, NOBODY, Lane, Place, Rests
from gateway.http.people_lane import SESSION, PeopleBounds, PeopleLane, PersonsPlace
from gateway.http.turning_away import PACED, turn_away
from gateway.http.whence import whence

URGENT: Final = re.compile(
    r"/api/v1/(?:consents/[^/]+/(?:withdraw|confirm)|prohibitions|refusals|confirmations/[^/]+|relations/[^/]+/end)"
    r"|/oauth/revoke"
)
"""The addresses whose POST is urgent."""
_NEVER_WAITS: Final = "/health/"
_WEIGHT_OF_HEALTH: Final = 5
_REMEMBERED: Final = 10_000
_PLACE: Final = "saattaen.place"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is done at once. Times in seconds."""

    places: int = 32
    """Requests that are worked on at once for a partner that is alone; enough to fill a batch of the log."""
    shared: int = 4
    """The same for all together while several partners are about: what one of them finds before it."""
    strangers: int = 4
    """The same for requests whose token is not verified yet, and for those without one."""
    rest: float = 0.01
    """How long such a place is empty after a request that was nobody's: so many forgeries are looked at in a second."""
    first_patience: float = 1.0
    """How long the first request with a token waits for its partner's place: after a restart every token is new."""
    urgent: int = 16
    people: PeopleBounds = field(default_factory=PeopleBounds)
    patience: float = 0.07
    """How long a read waits for a place before it is told to come again."""
    urgent_patience: float = 5.0
    held_back: float = 0.07
    """How long a request is kept, without a place, that is told to come again since its partner has had its share."""


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
                return self._of.get(sha256(value[7:]).digest(), NEW)
        return NOBODY


class Admission:
    """The lanes of one process, and whose requests are whose."""

    def __init__(
        self, bounds: Bounds | None = None, is_page: Callable[[str], bool] = lambda path: False, cookie: str = "",
    ) -> None:  # fmt: skip
        """*is_page* tells which paths people read, *cookie* is the name of the cookie of their sessions."""
        bounds = bounds or Bounds()
        self._is_page, self._held_back = is_page, bounds.held_back
        about = About()
        strangers = Rests(bounds.strangers, bounds.rest, bounds.first_patience)
        self.partners = KnownPartners()
        self._normal = Lane(
            FairPlaces(about, places=bounds.places, shared=bounds.shared, patience=bounds.patience, fixed={}),
            strangers, bounds.patience,
        )  # fmt: skip
        self._urgent = Lane(
            FairPlaces(
                about, places=bounds.urgent, shared=bounds.urgent, patience=bounds.urgent_patience, fixed={}
            ),
            replace(strangers, first=max(strangers.first, bounds.urgent_patience)), bounds.urgent_patience,
        )  # fmt: skip
        self._people, self._cookie = PeopleLane(bounds.people), cookie

    def place_for(self, scope: Scope) -> tuple[LaneName, Place | PersonsPlace]:
        """Return the lane of a request, and what it is to wait for there."""
        path = scope["path"]
        if self._is_page(path):
            value = HTTPConnection(scope).cookies.get(self._cookie)
            return "people", self._people.place_for(value, whence(scope))
        whose, address = self.partners.find(scope["headers"]), whence(scope)
        if scope["method"] == "POST" and URGENT.fullmatch(path):
            return "urgent", self._urgent.place_for(whose, address)
        return "normal", self._normal.place_for(whose, address)

    async def verified(self, scope: Scope, token: str, partner: str) -> None:
        """Let a request go on as *partner*'s, whose token was verified. Raises TooBusy without a place for it."""
        self.partners.learn(token, partner)
        place = scope.get(_PLACE)
        if isinstance(place, Place) and not await place.belongs_to(partner):
            raise TooBusy("the partner has no place for another request")

    async def hold_back(self, scope: Scope) -> None:
        """Return when a request may be told that its partner, which proved who it is, has had its share for now.

        Told at once, it would come again at once. Meanwhile it holds no place: others' requests go before it.
        """
        place = scope.get(_PLACE)
        if isinstance(place, Place):
            place.leave_at_once()
            place.was_lost = True
        scope[PACED] = 1
        await asyncio.sleep(self._held_back)

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
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(_NEVER_WAITS):
            scope[PACED] = _WEIGHT_OF_HEALTH
            await self._app(scope, receive, send)
            return
        lane, place = self._admission.place_for(scope)
        if not await place.take():
            self._tell_shed(lane)
            await turn_away(scope, send)
            return
        scope[_PLACE] = place
        if isinstance(place, PersonsPlace):
            try:
                await self._app(scope, receive, send)
            finally:
                place.leave(scope.get(SESSION))
            return
        try:
            await self._app(
                scope, receive, _proving(place, send) if place.is_strangers and scope["method"] == "POST" else send
            )
        finally:
            place.leave()
            if place.was_lost:
                self._tell_shed(lane)

    def _tell_shed(self, lane: LaneName) -> None:
        if self._observer is not None:
            self._observer.shed(lane, "no-place")


def _proving(place: Place, send: Send) -> Send:
    """Return a `send` that gives the place back at once where the answer is that what was posted was done.

    Without a token that is done for partners alone, who proved by their assertion who they are: for a token, mostly.
    """

    async def proving(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 300 and place.is_strangers:
            place.leave_at_once()
        await send(message)

    return proving
