"""Reading a body whole before anything is done with it: bounded in size, in time and, all together, in memory."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Message, Receive

from gateway.http.problems import EdgeError

MAX_BODY: Final = 2 * 1024 * 1024
MAX_TOGETHER: Final = 64 * 1024 * 1024
"""How many bytes of bodies may be held at once, by one process."""
SECONDS: Final = 20.0
"""How long a sender may take for its body."""


class Bodies:
    """Reads the bodies of one process's requests."""

    def __init__(self, *, most: int = MAX_BODY, together: int = MAX_TOGETHER, seconds: float = SECONDS) -> None:
        self.most, self._together, self._seconds = most, together, seconds
        self._held = 0

    async def read(self, receive: Receive) -> bytes:
        """Return the body, which counts as held until `forget` is called with it.

        Raises EdgeError for one that is too large, too slow or not whole, or when too much is held already.
        """
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds):
                while await self._more(body, receive):
                    pass
        except TimeoutError:
            self.forget(body)
            raise EdgeError("body-too-slow") from None
        except BaseException:
            self.forget(body)
            raise
        return bytes(body)

    def forget(self, body: bytes | bytearray) -> None:
        """Take a body out of what is held."""
        self._held -= len(body)

    async def _more(self, body: bytearray, receive: Receive) -> bool:
        message = await receive()
        if message["type"] != "http.request":
            # The sender has gone. What is there of a body may mean something else than the whole of it.
            raise EdgeError("body-too-slow")
        piece: bytes = message.get("body", b"")
        body += piece
        self._held += len(piece)
        if len(body) > self.most:
            raise EdgeError("body-too-large")
        if self._held > self._together:
            raise EdgeError("too-busy")
        return bool(message.get("more_body", False))


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that hands over *body* in one piece, and then what else comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
