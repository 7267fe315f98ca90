"""One lane: places for partners, and beside them a few for requests that nobody can tell the partner of yet.

A token says nothing before it was verified, and verifying it costs a signature. So a request with a token that was not
seen before has a place of its own kind until then, and the place of its partner from then on. Among those who are
not known the addresses that they come from take turns, so that whoever sends forged tokens waits for his own; and a
place whose request did not prove to be anybody's rests for a while, which bounds what strangers cost.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from gateway.http.fair_places import About, FairPlaces

NEW: Final = "a token not seen before"
NOBODY: Final = "no token"


@dataclass(frozen=True, slots=True)
class Rests:
    """What strangers get. Times in seconds."""

    places: int
    """Requests that are worked on at once, of those with a new token and of those without one, each."""
    rest: float
    """How long a place is empty after a request that proved to be nobody's."""
    first: float
    """How long the first request with a token waits for a place of its partner's, once that is known."""


class Lane:
    """The places of one lane. All of it serves one event loop."""

    def __init__(self, partners: FairPlaces, strangers: Rests, patience: float) -> None:
        def few() -> FairPlaces:
            return FairPlaces(
                About(), places=strangers.places, shared=strangers.places, patience=patience, fixed={},
                newest_first=True,
            )  # fmt: skip

        self.partners, self.strangers = partners, strangers
        self._kinds = {NEW: few(), NOBODY: few()}
        self._resting = 0

    def place_for(self, whose: str, address: str) -> Place:
        """Return what a request of *whose* (a partner, `NEW` or `NOBODY`) from *address* is to wait for."""
        kind = self._kinds.get(whose)
        return Place(self.partners, whose) if kind is None else Place(kind, address, self)

    def rest(self, places: FairPlaces, holder: str) -> None:
        """Give a place back after a while, in which nobody is worked on there."""
        self._resting += 1
        asyncio.get_running_loop().call_later(self.strangers.rest, self._has_rested, places, holder)

    def _has_rested(self, places: FairPlaces, holder: str) -> None:
        self._resting -= 1
        places.leave(holder)

    @property
    def in_service(self) -> int:
        """How many requests are worked on."""
        return self.partners.in_service + sum(one.in_service for one in self._kinds.values()) - self._resting

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return self.partners.waiting + sum(one.waiting for one in self._kinds.values())


class Place:
    """One request's place. `take` it before any work, and `leave` it afterwards in any case."""

    def __init__(self, places: FairPlaces, holder: str, lane: Lane | None = None) -> None:
        """*lane* is given where nobody knows yet whose the request is."""
        self._places, self._holder, self._lane = places, holder, lane
        self._is_held = False
        self.was_lost = False
        """Whether the partner whom the token belongs to had no place for it."""

    @property
    def is_strangers(self) -> bool:
        """Whether nobody knows yet whose request it is."""
        return self._lane is not None

    async def take(self) -> bool:
        """Return True once it is there, False when none became free in time."""
        self._is_held = await self._places.enter(self._holder)
        return self._is_held

    async def belongs_to(self, partner: str) -> bool:
        """Go on in the partner's places, as its token was verified. Return False when none became free in time."""
        lane = self._lane
        if lane is None or not self._is_held:
            return True
        self.leave_at_once()
        self._places, self._holder, self._lane = lane.partners, partner, None
        self._is_held = await self._places.enter(partner, patience=lane.strangers.first)
        self.was_lost = not self._is_held
        return self._is_held

    def leave(self) -> None:
        """Give the place back; where nobody knows whose the request was, once it has rested."""
        if self._lane is None:
            self.leave_at_once()
        elif self._is_held:
            self._is_held = False
            self._lane.rest(self._places, self._holder)

    def leave_at_once(self) -> None:
        """Give the place back of somebody who proved to be known, though not by a token."""
        if self._is_held:
            self._is_held = False
            self._places.leave(self._holder)
