"""Answers at a steady pace, so that how long a sign-in took does not tell whether the person was known before."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True, slots=True)
class Pace:
    """Every block ends at a whole number of steps after its beginning, in seconds.

    Enrolling somebody makes keys and rows, finding somebody does not: both end at the same step.
    """

    step: float = 0.3
    clock: Callable[[], float] = monotonic
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Let the block last whole steps, however it ends."""
        began = self.clock()
        try:
            yield
        finally:
            took = self.clock() - began
            await self.wait(math.ceil(took / self.step) * self.step - took)
