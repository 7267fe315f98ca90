"""A small HTTP client on bare sockets: it costs next to nothing, so that what is measured is the server."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Answered:
    """An answer: its status, header lines by lower-case name, body, and how long it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Wire:
    """One connection that is kept."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answered:
        """Send a request and read its answer; a connection that was closed is opened again."""
        reader, writer = self._pair or await asyncio.open_connection(self._host, self._port)
        self._pair = (reader, writer)
        lines = [f"{method} {path} HTTP/1.1", "host: x", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        began = time.perf_counter()
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            found = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            content = await reader.readexactly(int(found.get("content-length", "0")))
        except (asyncio.IncompleteReadError, OSError):
            await self.close()
            raise
        if found.get("connection") == "close":
            await self.close()
        return Answered(int(head[0].split()[1]), found, content, time.perf_counter() - began)

    async def close(self) -> None:
        """Close the connection."""
        if self._pair is not None:
            self._pair[1].close()
            self._pair = None
