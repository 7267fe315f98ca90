"""Keeping what protects a person outside the store too, before anyone is told that it was written."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from audit.entry import Draft
from audit.errors import NotKept

KEEPING: Final = 10.0
"""Seconds that somebody waits for the other place, unless they are told otherwise."""


class Keeper(Protocol):
    """Keeps the heads and the protective events of a store somewhere else."""

    def protects(self, draft: Draft) -> bool:
        """Return whether an event takes something away from who may see."""
        ...

    def keep(self) -> None:
        """Make every protective event that the store holds durable elsewhere too, with the heads.

        Raises NotKept when that cannot be done now, LogForked when the store holds less than was kept.
        """
        ...


class Keeping:
    """A keeper for many who wait: at most one keeping runs, and whoever comes meanwhile shares the next.

    Nobody waits longer than *patience* seconds: a volume that hangs must not hold whoever withdraws for ever.
    """

    def __init__(self, keeper: Keeper, patience: float = KEEPING) -> None:
        self._keeper, self._patience = keeper, patience
        self._lock = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def keep(self) -> None:
        """Return once a keeping is done that began after this was called. It is not stopped with its waiter."""
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._keep())
        try:
            await asyncio.wait_for(asyncio.shield(self._next), self._patience)
        except TimeoutError:
            raise NotKept("the second place does not answer") from None

    def keep_now(self) -> None:
        """Keep in this thread, for those who have no event loop."""
        self._keeper.keep()

    async def _keep(self) -> None:
        async with self._lock:
            self._next = None  # It begins now: who comes from here on may have written what it does not see.
            await asyncio.to_thread(self._keeper.keep)
