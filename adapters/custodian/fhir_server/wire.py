"""httpx's requests sent by aiohttp: an answer costs a third of what httpx's own transport takes for one.

httpx's transport asks every connection of its pool, at every request, whether it still stands, and at each of its locks
which asynchronous library it runs under. What httpx is here for is Authlib's client, which speaks through it alone.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

_KEPT_SECONDS = 30.0


class Wire(httpx.AsyncBaseTransport):
    """Sends requests over at most *connections* connections, to servers that *trust* knows.

    It follows no redirect, keeps no cookie, takes no proxy from the environment and unpacks nothing. Each request
    says in its time-outs, as httpx has them, how long it waits for what.
    """

    def __init__(self, trust: ssl.SSLContext, connections: int) -> None:
        self._trust, self._connections = trust, connections
        self._places = asyncio.Semaphore(connections)
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, its body still to be read. Raises httpx's errors."""
        patience = request.extensions["timeout"]
        body = await request.aread()
        try:
            async with asyncio.timeout(patience["pool"]):
                await self._places.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("every connection is taken") from None
        try:
            with _as_httpx_says():
                answer = await self._opened().request(
                    request.method, URL(str(request.url), encoded=True), headers=request.headers.multi_items(),
                    data=body or None, allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(sock_connect=patience["connect"], sock_read=patience["read"]),
                )  # fmt: skip
        except BaseException:
            self._places.release()
            raise
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Body(answer, self._places))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, ssl=self._trust, keepalive_timeout=_KEPT_SECONDS
            )  # fmt: skip
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )  # fmt: skip
        return self._session


class _Body(httpx.AsyncByteStream):
    """The body as it comes; its connection has a place until it is closed."""

    def __init__(self, answer: aiohttp.ClientResponse, places: asyncio.Semaphore) -> None:
        self._answer, self._places = answer, places
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx_says():
            async for piece in self._answer.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            # A connection whose answer was not read to its end is of no use any more.
            self._answer.close()
            self._places.release()


@contextmanager
def _as_httpx_says() -> Iterator[None]:
    """Raise aiohttp's errors as httpx's."""
    try:
        yield
    except TimeoutError:
        raise httpx.ReadTimeout("the server is silent") from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise httpx.NetworkError("the server cannot be reached, or does not speak as it should") from None
