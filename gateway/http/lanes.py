"""One lane: places for partners, and beside them a few for requests that nobody can tell the partner of yet.

A token says nothing before it was verified, and verifying it costs a signature. So a request with a token that was not
seen before has a place of its own kind until then, and the place of its partner from then on. Among those who are
not known the addresses that they come from take turns, so that whoever sends forged tokens waits for his own; and a
place whose token did not prove to be anybody's rests for a while, which bounds what forgeries cost.
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
    """How long a place is empty after a token that proved to be nobody's."""
    first: float
    """How long the first request with a token waits for a place of its partner's, once that is known."""


class Lane:
    """The places of one lane. All of it serves one event loop."""

    def __init__(self, partners: FairPlaces, strangers: Rests, patience: float) -> None:
        def few() -> FairPlaces:
            return FairPlaces(
                About(), places=strangers.places, shared=strangers.places, patience=patience, fixed={}
            )  # fmt: skip

        self._partners, self._strangers = partners, strangers
        self._of = {NEW: few(), NOBODY: few()}

    def place_for(self, whose: str, address: str) -> Place:
        """Return what a request of *whose* (a partner, `NEW` or `NOBODY`) from *address* is to wait for."""
        kind = self._of.get(whose)
        if kind is None:
            return Place(self._partners, whose)
        return Place(kind, address, self._partners, self._strangers) if whose == NEW else Place(kind, address)

    @property
    def in_service(self) -> int:
        """How many places are taken; one that rests is."""
        return self._partners.in_service + sum(one.in_service for one in self._of.values())

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return self._partners.waiting + sum(one.waiting for one in self._of.values())


class Place:
    """One request's place. `take` it before any work, and `leave` it afterwards in any case."""

    def __init__(
        self, places: FairPlaces, holder: str, next_places: FairPlaces | None = None, strangers: Rests | None = None
    ) -> None:
        self._places, self._holder, self._next, self._strangers = places, holder, next_places, strangers
        self._is_held = False
        self.was_lost = False
        """Whether the partner whom the token belongs to had no place for it."""

    async def take(self) -> bool:
        """Return True once it is there, False when none became free in time."""
        self._is_held = await self._places.enter(self._holder)
        return self._is_held

    async def belongs_to(self, partner: str) -> bool:
        """Go on in the partner's places, as its token was verified. Return False when none became free in time."""
        if self._next is None or self._strangers is None or not self._is_held:
            return True
        self._places.leave(self._holder)
        self._places, self._holder, self._next, self._is_held = self._next, partner, None, False
        self._is_held = await self._places.enter(partner, patience=self._strangers.first)
        self.was_lost = not self._is_held
        return self._is_held

    def leave(self) -> None:
        """Give the place back; after a token that proved to be nobody's, once it has rested."""
        if not self._is_held:
            return
        self._is_held = False
        if self._next is None or self._strangers is None:
            self._places.leave(self._holder)
        else:
            asyncio.get_running_loop().call_later(self._strangers.rest, self._places.leave, self._holder)
