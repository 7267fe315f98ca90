"""The lane of people's pages: places for those who are signed in, and a few for visitors whom nobody knows.

Sessions take turns, and so do the addresses that visitors come from. A visitor's place rests after each page, and that
of a session which asks faster than anybody clicks does too: so whoever asks without end gets a page now and then, and
neither other people nor partner systems feel it. Who waits stands in a short queue of their own; beyond it they are
told to come again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from gateway.http.fair_places import About, FairPlaces

SESSION: Final = "saattaen.session"
"""In the scope of a page's request that somebody signed in sent: the reference of the session, once it was found."""
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class PeopleBounds:
    """How much is done for people at once. Times in seconds."""

    signed_in: int = 16
    """Pages that are worked on at once, of all who are signed in together."""
    each: int = 4
    """The same of one session: a browser asks for a page and what is in it."""
    quick: int = 20
    """Pages that a session gets without a pause. What it had counts for half after each second: ten a second is quicker
    than anybody reads."""
    rest: float = 0.25
    """How long a place is empty after a page of a session that is quicker."""
    visitors: int = 8
    """Pages that are worked on at once for those who are not signed in, and for the first one of each who is."""
    visitors_rest: float = 0.2
    """How long such a place is empty after a page that was nobody's: so many such pages are made in a second."""
    queue: int = 8
    """Requests of one session or address that may wait for `patience`."""
    queues: int = 64
    """The same of all sessions, and of all addresses, together, beyond the first of each."""
    patience: float = 5.0
    short_patience: float = 0.07
    """How long a request waits that found the queue full, before it is told to come again."""


class PeopleLane:
    """The places of people's pages. All of it serves one event loop."""

    def __init__(self, bounds: PeopleBounds | None = None) -> None:
        self.bounds = bounds or PeopleBounds()
        self.about = About()
        self.sessions = _places(self.about, self.bounds.signed_in, self.bounds.each, self.bounds.patience)
        self.visitors = _places(About(), self.bounds.visitors, self.bounds.visitors, self.bounds.patience)
        self.resting = 0
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def place_for(self, cookie: str | None, address: str) -> PersonsPlace:
        """Return what a request with this session cookie, from this address, is to wait for."""
        session = None if cookie is None else self._known.get(_digest(cookie))
        return PersonsPlace(self, session, cookie, address)

    def learn(self, cookie: str, session: str) -> None:
        """Remember that the store found this session by this cookie; of cookies the digests alone, the latest ones."""
        self._known[_digest(cookie)] = session
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    @property
    def in_service(self) -> int:
        """How many pages are worked on."""
        return self.sessions.in_service + self.visitors.in_service - self.resting

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return self.sessions.waiting + self.visitors.waiting


class PersonsPlace:
    """One request's place among people's. `take` it before any work, and `leave` it afterwards in any case."""

    was_lost: Final = False

    def __init__(self, lane: PeopleLane, session: str | None, cookie: str | None, address: str) -> None:
        self._lane, self._session, self._cookie = lane, session, cookie
        self._places = lane.visitors if session is None else lane.sessions
        self._holder = address if session is None else session
        self._is_held = False

    async def take(self) -> bool:
        """Return True once it is there, False when none became free in time."""
        bounds, own = self._lane.bounds, self._places.waiting_of(self._holder)
        # Whoever has nothing waiting yet is not sent away because of others who have.
        is_full = own >= bounds.queue or (own > 0 and self._places.waiting >= bounds.queues)
        patience = bounds.short_patience if is_full else bounds.patience
        self._is_held = await self._places.enter(self._holder, patience=patience)
        return self._is_held

    def leave(self, session: str | None = None) -> None:
        """Give the place back, once it has rested where it is to. *session* is whose request it proved to be."""
        if not self._is_held:
            return
        self._is_held = False
        if session is not None and self._cookie is not None and self._session is None:
            self._lane.learn(self._cookie, session)
        rest = self._rest(session)
        if not rest:
            self._places.leave(self._holder)
            return
        self._lane.resting += 1
        asyncio.get_running_loop().call_later(rest, self._has_rested)

    def _rest(self, session: str | None) -> float:
        bounds = self._lane.bounds
        if self._session is None:
            return bounds.visitors_rest if session is None else 0.0
        return bounds.rest if self._lane.about.had(self._session) > bounds.quick else 0.0

    def _has_rested(self) -> None:
        self._lane.resting -= 1
        self._places.leave(self._holder)


def _places(about: About, number: int, each: int, patience: float) -> FairPlaces:
    return FairPlaces(
        about, places=number, shared=number, patience=patience, fixed={}, each=each, newest_first=True
    )  # fmt: skip


def _digest(cookie: str) -> bytes:
    return sha256(cookie.encode()).digest()
