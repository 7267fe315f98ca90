"""An act that a partner's system may send once more, after a connection that broke: what is kept of it, and how long.

A key is the partner system's own. The first request with it takes it; whoever comes with it meanwhile is told to wait,
whoever comes afterwards with the same act is given the same answer, and with another act is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Protocol

LASTS: Final = timedelta(hours=24)
"""How long a key and its answer are kept, from the first request on."""
HELD: Final = timedelta(seconds=60)
"""How long a request has a key to itself. If it is not answered by then, its process has died, and the next may try."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered. It prints without its content."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """The key is this request's. *form* is the one-time key by which the act itself is done once, however often it is
    tried: it stays the same until the key is forgotten."""

    form: str


class Clash(Enum):
    """Why a key is not to be had."""

    UNDER_WAY = "under-way"
    OTHER_ACT = "other-act"


class KeptAnswers(Protocol):
    """Keeps keys and answers. Every method raises StoreUnavailable where the store does not answer."""

    async def take(self, system: str, key: str, act: bytes, now: datetime) -> Begun | Answered | Clash:
        """Take a partner system's key for an act, told by its digest; or return what was answered, or the clash."""
        ...

    async def keep(self, system: str, key: str, answered: Answered) -> None:
        """Keep the answer to the act that has the key."""
        ...

    async def let_go(self, system: str, key: str) -> None:
        """Let the same act be tried again at once: nobody can say whether it was done."""
        ...

    async def forget(self, system: str, key: str) -> None:
        """Forget the key: nothing was recorded under it."""
        ...
