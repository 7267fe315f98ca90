"""Requests to a custodian's server by aiohttp: bounded in time, in connections and in what is read of an answer.

httpx takes twice as long for one, and its own transport three times as long again: it asks every connection of its
pool, at every request, whether it still stands. It is here for Authlib alone, whose client speaks through it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import httpx
from yarl import URL

_KEPT_SECONDS = 30.0
_NOT_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class WireError(OSError):
    """The server cannot be reached, is silent, or does not speak as it should; nothing of what it said is told."""


class NoPlace(Exception):
    """Every connection is taken: we ask too much at once, which says nothing of the server."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How many seconds are waited for a place and a connection, and between two pieces of an answer."""

    connect: float
    read: float


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """A whole answer. Names of headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Wire:
    """Asks over at most *connections* connections, servers that *trust* knows; reads at most *most* bytes an answer.

    It follows no redirect, keeps no cookie, takes no proxy from the environment and unpacks nothing.
    """

    def __init__(self, trust: ssl.SSLContext, connections: int, most: int, waits: Waits) -> None:
        self._trust, self._connections, self._most = trust, connections, most
        self._connect = waits.connect
        self._waits = aiohttp.ClientTimeout(sock_connect=waits.connect, sock_read=waits.read)
        self._places = asyncio.Semaphore(connections)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Return the answer; *address* goes out as it is. Raises WireError, NoPlace where no place is free in time."""
        async with self._place():
            try:
                async with self._opened().request(
                    method, URL(address, encoded=True), headers=headers, data=body, allow_redirects=False,
                    timeout=self._waits,
                ) as answer:  # fmt: skip
                    return Answer(answer.status, answer.headers, await self._read(answer))
            except WireError:
                raise
            except TimeoutError:
                raise WireError("the server is silent") from None
            except (aiohttp.ClientError, OSError, ValueError):
                # Their words quote addresses and what the server said.
                raise WireError("the server cannot be reached, or does not speak as it should") from None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        told = answer.headers.get("content-length", "0")
        if answer.headers.get("content-encoding", "identity") != "identity" or not told.isdigit():
            answer.close()
            raise WireError("the size of an answer is not told")
        pieces: list[bytes] = []
        came = int(told)
        if came <= self._most:
            came = 0
            async for piece in answer.content.iter_any():
                pieces.append(piece)
                came += len(piece)
                if came > self._most:
                    break
        if came > self._most:
            # The rest is not read, so the connection is of no use any more.
            answer.close()
            raise WireError("more comes than is taken")
        return b"".join(pieces)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._places.locked():
            try:
                async with asyncio.timeout(self._connect):
                    await self._places.acquire()
            except TimeoutError:
                raise NoPlace("every connection is taken") from None
        else:
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, ssl=self._trust, keepalive_timeout=_KEPT_SECONDS
            )  # fmt: skip
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False,
                skip_auto_headers=_NOT_ADDED,
            )  # fmt: skip
        return self._session


class WireTransport(httpx.AsyncBaseTransport):
    """A wire for those who speak through httpx. Its errors come through as they are."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, as whole as `Wire.ask` has it."""
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        answer = await self._wire.ask(request.method, str(request.url), headers, await request.aread() or None)
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.content)
