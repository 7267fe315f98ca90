"""Where the log stands, for those who watch over it: checkpoint, second volume, what the last verification found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from audit.checkpoint import Verifier, verify_note
from audit.errors import SignatureInvalid
from audit.store import Head
from audit.writing import current_head
from gateway.disclosure.log_finding import SearchStore
from gateway.disclosure.verification import Verified
from gateway.errors import StoreUnavailable


@dataclass(frozen=True, slots=True)
class LogState:
    """Where the open log stands. `kept` is how many of its entries are known outside the database; None without a
    second volume. No witness is asked yet: a note bears the log's own signatures alone."""

    origin: str
    size: int
    last_entry_at: int
    signed: bool
    kept: int | None
    verified: Verified | None


class LogWatch:
    """Looks where the log stands. *anchored* returns how many entries of a log the second volume knows."""

    def __init__(
        self, store: SearchStore, name: str, verifiers: Callable[[Head], Sequence[Verifier]],
        last_verified: Callable[[], Awaitable[Verified | None]], anchored: Callable[[str], int] | None,
    ) -> None:  # fmt: skip
        self._store, self._name, self._verifiers = store, name, verifiers
        self._last_verified, self._anchored = last_verified, anchored

    async def now(self) -> LogState:
        """Return where it stands at this instant; raises StoreUnavailable where there is no open log."""
        verified = await self._last_verified()
        return await asyncio.to_thread(self._now, verified)

    def _now(self, verified: Verified | None) -> LogState:
        with self._store.read() as reader:
            head = current_head(reader.heads(), self._name)
        if head is None:
            raise StoreUnavailable("there is no open log")
        kept = None if self._anchored is None else self._anchored(head.origin)
        return LogState(head.origin, head.size, head.last_time, self._is_signed(head), kept, verified)

    def _is_signed(self, head: Head) -> bool:
        try:
            return verify_note(head.note, self._verifiers(head), head.origin).size == head.size
        except SignatureInvalid:
            return False
