"""How many assertions a partner system may have accepted: at once, and in a second from then on, by this process.

Counted is what was proven alone: signed by the partner, in order, and used for the first time. A client_id that anyone
can write, a forgery, and an assertion that somebody else caught and sends again use up nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import TooBusy


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast. A token lasts for minutes and serves one worker: a thousand workers need a few tokens a second."""

    at_once: int = 200
    per_second: float = 20.0
    elapsed: Callable[[], float] = time.monotonic
    """Seconds that only ever grow: setting the clock gives nobody more."""


class Allowance:
    """What each partner has left. Threads share it; it holds no more partners than are registered."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def ask(self, partner: str) -> None:
        """Raise TooBusy where *partner* has used up what it may for now. Nothing is counted by asking."""
        with self._lock:
            if self._now(partner)[0] < 1:
                raise TooBusy("the partner asked for more tokens than it may for now")

    def spend(self, partner: str) -> None:
        """Count one. Some that were asked for at once may all be counted: it falls below nothing by them."""
        with self._lock:
            left, at = self._now(partner)
            self._left[partner] = (left - 1, at)

    def _now(self, partner: str) -> tuple[float, float]:
        at = self._pace.elapsed()
        left, since = self._left.get(partner, (float(self._pace.at_once), at))
        return min(self._pace.at_once, left + (at - since) * self._pace.per_second), at
