"""How soon a connection that was turned away is read again, when very many are.

Whoever was turned away was told to come again in seconds. Who asks again at once, on so many connections that turning
them away would itself fill the event loop, is read again in turn: so many connections each hundredth of a second, and
fewer where the loop is late. Nobody else waits for it, and a few who are turned away do not either.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

Later = Callable[[float, Callable[[], None]], object]
"""Calls something after so many seconds."""


class Pacing:
    """*each* connections every so many *seconds*; for one event loop. What waits is bounded by the connections."""

    def __init__(self, each: int, seconds: float, later: Later | None = None) -> None:
        self._each, self._seconds = each, seconds
        self._later = later or (lambda delay, end: asyncio.get_running_loop().call_later(delay, end))
        self._left = each
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._is_running = False

    @property
    def waiting(self) -> int:
        """How many connections wait for their turn."""
        return len(self._waiting)

    def is_at_once(self, go_on: Callable[[], None], weight: int = 1) -> bool:
        """Return True where a connection may go on now; else *go_on* is called when it is its turn.

        A request that costs more than to be turned away counts for *weight* of them.
        """
        if not self._is_running:
            self._begin()
        if self._left > 0:
            self._left -= weight
            return True
        self._waiting.append((weight, go_on))
        return False

    def _begin(self) -> None:
        self._left = self._each
        self._is_running = True
        self._later(self._seconds, self._end)

    def _end(self) -> None:
        if self._left == self._each:
            self._is_running = False  # Nobody was turned away meanwhile.
            return
        self._begin()
        while self._left > 0 and self._waiting:
            weight, go_on = self._waiting.popleft()
            self._left -= weight
            go_on()
