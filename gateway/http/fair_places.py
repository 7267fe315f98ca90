"""A bounded number of places for requests that are worked on, shared fairly between partner systems.

A partner that has the gateway to itself may take every place. While another one is about, who got more of late than its
part holds its share of fewer places, half of that once it has others waiting, and lets those come to their end first
who had less; the others may fill those places, and one each in any case. So a request never finds more than those
before it. Who finds no place waits for its turn, partner by partner; who waits too long is told to come again, and not
before that: an answer at once would only bring the next request of somebody who floods.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress

_ABOUT_SECONDS = 2.0
"""How long a partner counts as being about after its last request."""
_COUNTED_SECONDS = 0.1
_HALVED_SECONDS = 1.0
"""How often what a partner had so far comes to count for half."""
_FIRST_SECONDS = 0.05
"""How long a place of somebody who had less is waited for: longer than a read takes, shorter than others' patience."""


class About:
    """Which partners are about, in whichever lane."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._seen: dict[str, float] = {}
        self._had: dict[str, int] = {}
        self._together = 0
        self._counted = self._halved = 0.0
        self.number = 0
        """How many partners are about."""

    def see(self, partner: str) -> None:
        """Note a request of *partner*."""
        now = self.now()
        if partner not in self._seen:
            self.number += 1
        self._seen[partner] = now
        if now - self._counted >= _COUNTED_SECONDS:
            self._counted = now
            self._seen = {one: at for one, at in self._seen.items() if now - at < _ABOUT_SECONDS}
            self.number = len(self._seen)
            if now - self._halved >= _HALVED_SECONDS:
                self._halved = now
                self._had = {one: count // 2 for one, count in self._had.items() if one in self._seen}
                self._together = sum(self._had.values())

    def count(self, partner: str) -> None:
        """Note that *partner* got a place."""
        self._had[partner] = self._had.get(partner, 0) + 1
        self._together += 1

    def had(self, partner: str) -> int:
        """Return how many places *partner* got of late."""
        return self._had.get(partner, 0)

    def is_modest(self, partner: str) -> bool:
        """Return whether *partner* got no more of late than each would of equal parts."""
        return self.had(partner) * self.number <= self._together


class FairPlaces:
    """*places* for a partner that is alone, *shared* for all together otherwise; waiting ends after *patience* seconds.

    Whoever stands in *fixed* is no partner: it holds at most so many places, and does not count as being about. Nobody
    holds more than *each*. With *newest_first* a place goes to whoever waits and had least of late, so that somebody
    who comes for the first time stands behind nobody, however many others ask without end; else they take turns. All of
    it serves one event loop, and each `enter` that returned True is followed by one `leave`.
    """

    def __init__(
        self, about: About, *, places: int, shared: int, patience: float, fixed: Mapping[str, int],
        each: int | None = None, newest_first: bool = False,
    ) -> None:  # fmt: skip
        self._newest_first = newest_first
        self._about, self._places, self._shared, self._patience = about, places, shared, patience
        self._fixed, self._each = fixed, each
        self._held: dict[str, int] = {}
        self._taken: dict[str, float] = {}
        self._waiting: OrderedDict[str, deque[asyncio.Future[bool]]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self.in_service = 0
        """How many places are taken."""

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return sum(map(len, self._waiting.values()))

    def waiting_of(self, partner: str) -> int:
        """How many requests of *partner* wait."""
        return len(self._waiting.get(partner, ()))

    async def enter(self, partner: str, *, patience: float | None = None) -> bool:
        """Return True once *partner* has a place, False when none became free in time, or within another *patience*."""
        if partner not in self._fixed:
            self._about.see(partner)
        if partner not in self._waiting and self._may_hold(partner):
            self._take(partner)
            return True
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.setdefault(partner, deque()).append(turn)
        timer = loop.call_later(self._patience if patience is None else patience, _give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.result():
                self.leave(partner)
            raise
        finally:
            timer.cancel()
            if turn.cancelled() or not turn.result():
                self._step_out(partner, turn)
            self._forget_done(partner)

    def leave(self, partner: str) -> None:
        """Give a place back; whoever's turn it is takes it."""
        self.in_service -= 1
        left = self._held[partner] - 1
        if left:
            self._held[partner] = left
        else:
            del self._held[partner]
            self._taken.pop(partner, None)
        if self._waiting:
            self._hand_on()

    def _may_hold(self, partner: str) -> bool:
        if self.in_service >= self._places:
            return False
        held, number = self._held.get(partner, 0), self._about.number
        if self._each is not None and held >= self._each:
            return False
        if partner in self._fixed:
            return held < self._fixed[partner]
        if number <= 1:
            return True
        if self._about.is_modest(partner):
            # Some that came together are done together, in one batch of the log; a place is kept for who comes next.
            return not held or self.in_service < self._shared - (partner in self._waiting)
        share = self._shared // number
        if partner in self._waiting:
            # It asks for more than it gets. A place less costs it little, and others feel it less.
            share //= 2
            if self._would_disturb(partner):
                return False
        # At least one each: nobody is kept out by how many others there are.
        return held < max(1, share)

    def _would_disturb(self, partner: str) -> bool:
        """Return whether somebody who had less of late took a place just now: that request comes to its end first."""
        had, now = self._about.had(partner), self._about.now()
        first = [
            at for one, at in self._taken.items()
            if one != partner and now - at < _FIRST_SECONDS and self._about.had(one) < had
        ]  # fmt: skip
        if first and self._timer is None:
            # A request that takes long does not keep others out for so long.
            self._timer = asyncio.get_running_loop().call_later(max(first) + _FIRST_SECONDS - now, self._look_again)
        return bool(first)

    def _look_again(self) -> None:
        self._timer = None
        self._hand_on()

    def _take(self, partner: str) -> None:
        if partner not in self._fixed:
            self._about.count(partner)
            self._taken[partner] = self._about.now()
        self.in_service += 1
        self._held[partner] = self._held.get(partner, 0) + 1

    def _hand_on(self) -> None:
        if self._newest_first:
            for partner in list(self._waiting):
                self._forget_done(partner)
            for partner in sorted(self._waiting, key=self._about.had):
                self._waiting.move_to_end(partner)
        passed = 0
        while passed < len(self._waiting) and self.in_service < self._places:
            partner = next(iter(self._waiting))
            self._waiting.move_to_end(partner)
            self._forget_done(partner)
            queue = self._waiting.get(partner)
            if queue is None:
                continue
            if not self._may_hold(partner):
                passed += 1
                continue
            passed = 0
            self._take(partner)
            queue.popleft().set_result(True)
            self._forget_done(partner)

    def _step_out(self, partner: str, turn: asyncio.Future[bool]) -> None:
        """Take out of the queue who has given up, also from behind others who wait on."""
        with suppress(KeyError, ValueError):
            self._waiting[partner].remove(turn)

    def _forget_done(self, partner: str) -> None:
        queue = self._waiting.get(partner)
        if queue is None:
            return
        while queue and queue[0].done():
            queue.popleft()
        if not queue:
            del self._waiting[partner]


def _give_up(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)
