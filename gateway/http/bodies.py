"""Reading a body whole before anything is done with it: bounded in size, in time and, all together, in memory.

Nothing is known of the sender yet, so nobody may keep out another: what an act needs counts for nobody, and of the rest
an address has a share.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Final

from starlette.types import Message, Receive

from gateway.http.problems import EdgeError

MAX_BODY: Final = 2 * 1024 * 1024
"""The most where documents, scans and imports come in."""
MAX_ELSEWHERE: Final = 256 * 1024
FREE: Final = 64 * 1024
"""So much of each body counts for nobody: the bound on connections bounds it already, and a withdrawal is smaller."""
MAX_TOGETHER: Final = 64 * 1024 * 1024
"""How many bytes of bodies beyond that may be held at once, by one process."""
SHARE: Final = 4
"""One address may hold a part in so many of that."""
SECONDS: Final = 20.0
"""How long a sender may take for its body."""


_LARGE: Final = re.compile(r"/fhir/[A-Za-z]+(?:/[^/]+)?|/api/v1/consents|/desk/drafts/[^/]+/proof")
"""Where a document is deposited, a consent imported and a paper's scan sent."""


class Bodies:
    """Reads the bodies of one process's requests."""

    def __init__(
        self, *, most: int = MAX_BODY, together: int = MAX_TOGETHER, seconds: float = SECONDS, free: int = FREE
    ) -> None:
        self._most, self._together, self._seconds, self._free = most, together, seconds, free
        self._held = 0
        self._of_address: Counter[str] = Counter()

    def most_at(self, path: str) -> int:
        """Return how many bytes a body may have that is sent to *path*."""
        return self._most if _LARGE.fullmatch(path) else min(self._most, MAX_ELSEWHERE)

    async def read(self, receive: Receive, path: str = "", address: str = "") -> bytes:
        """Return the body that *address* sends to *path*; it counts as held until `forget` is called with both.

        Raises EdgeError for one that is too large, too slow or not whole, or when too much is held already.
        """
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds):
                while await self._more(body, receive, self.most_at(path), address):
                    pass
        except TimeoutError:
            self.forget(body, address)
            raise EdgeError("body-too-slow") from None
        except BaseException:
            self.forget(body, address)
            raise
        return bytes(body)

    def forget(self, body: bytes | bytearray, address: str = "") -> None:
        """Take a body out of what is held."""
        self._hold(-self._counting(body), address)

    def _counting(self, body: bytes | bytearray) -> int:
        return max(0, len(body) - self._free)

    def _hold(self, size: int, address: str) -> None:
        if size:
            self._held += size
            self._of_address[address] += size
            if not self._of_address[address]:
                del self._of_address[address]

    async def _more(self, body: bytearray, receive: Receive, most: int, address: str) -> bool:
        message = await receive()
        if message["type"] != "http.request":
            # The sender has gone. What is there of a body may mean something else than the whole of it.
            raise EdgeError("body-too-slow")
        piece: bytes = message.get("body", b"")
        before = self._counting(body)
        body += piece
        counting = self._counting(body)
        self._hold(counting - before, address)
        if len(body) > most:
            raise EdgeError("body-too-large")
        if counting and (self._held > self._together or self._of_address[address] > max(most, self._together // SHARE)):
            raise EdgeError("too-busy")
        return bool(message.get("more_body", False))


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that hands over *body* in one piece, and then what else comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
