"""A circuit breaker: a server that keeps failing is left alone for a while, and then tried once."""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """Opens after *failures* in a row; then lets one try through every *pause* seconds until one succeeds.

    *clock* is a monotonic one, in seconds.
    """

    def __init__(self, clock: Callable[[], float], *, failures: int = 5, pause: float = 1.0) -> None:
        self._clock, self._limit, self._pause = clock, failures, pause
        self._failures = 0
        self._next_try = 0.0

    def may_try(self) -> bool:
        """Return whether to ask at all. While open, a True uses up the one try of this pause."""
        if self._failures < self._limit:
            return True
        if self._clock() < self._next_try:
            return False
        self._next_try = self._clock() + self._pause
        return True

    def succeeded(self) -> None:
        """Close again."""
        self._failures = 0

    def failed(self) -> None:
        """Count one more failure."""
        self._failures += 1
        if self._failures >= self._limit:
            self._next_try = self._clock() + self._pause
