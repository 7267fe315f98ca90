"""One custodian's server on the wire: bounded in time and size, asked at its pinned address alone, left alone while it
keeps failing.

Each server has connections, credentials and a circuit breaker of its own, so that one that hangs holds up nobody who
asks another. No redirect is followed, no proxy or password is taken from the environment, and nothing that a server
sends is ever an address to go to.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

import httpx

from adapters.breaker import Breaker
from adapters.custodian.fhir_server.credentials import Signed, open_client
from adapters.custodian.fhir_server.mapping import ClientCertificate, Server
from adapters.custodian.fhir_server.wire import Wire
from gateway.directory.identity_trace import url_holds_identity_code
from gateway.errors import CustodianUnavailable

FHIR_JSON = "application/fhir+json"
_TAKEN = ("application/fhir+json", "application/json")
_HEADERS = {
    "accept": FHIR_JSON,
    # What is compressed cannot be measured while it comes.
    "accept-encoding": "identity",
    # A parameter that the server does not know is an error there, not a wider search.
    "prefer": "handling=strict",
    "user-agent": "saattaen",
}


class ServerConnection:
    """A server that is asked. Use it inside `async with`, once."""

    def __init__(self, server: Server, *, breaker: Breaker | None = None) -> None:
        # They tell whole addresses at INFO; an address of ours may hold a page's ticket.
        for name in ("httpx", "httpcore", "authlib"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._server, limits = server, server.limits
        self._breaker = breaker or Breaker(time.monotonic, failures=limits.failures, pause=limits.pause)
        patience = server.patience
        self._client: Signed = open_client(
            server.credentials,
            transport=_Bounded(_transport(server), limits.answer_bytes),
            timeout=httpx.Timeout(
                patience.read, connect=patience.connect, write=patience.read, pool=patience.connect
            ),
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def search(self, resource: str, form: Mapping[str, str]) -> bytes:
        """Return the answer to a search by POST: no parameter stands in the address. Raises CustodianUnavailable."""
        body = urlencode(form).encode()
        sent = _HEADERS | {"content-type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", f"{self._server.base}/{resource}/_search", sent, body)

    async def next_page(self, link: str) -> bytes:
        """Return the page that a server's `next` link names, from our own address of it. Raises CustodianUnavailable
        for a link that leads elsewhere, or that holds what no address may hold."""
        base = self._server.base
        if not link.startswith((f"{base}?", f"{base}/")) or urlsplit(link).fragment or url_holds_identity_code(link):
            raise CustodianUnavailable("the server's next page is not one that is asked for")
        return await self._ask("GET", link, _HEADERS, None)

    async def _ask(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        if not self._breaker.may_try():
            raise CustodianUnavailable("the server is not asked at present")
        try:
            async with asyncio.timeout(self._server.patience.whole):
                answer = await self._client.send(method, address, headers, body)
        except httpx.PoolTimeout:
            # We ask too much at once; that says nothing of the server.
            raise CustodianUnavailable("too many wait for this server") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError):
            # The errors of the client quote addresses and bodies; none of that goes on.
            self._breaker.failed()
            raise CustodianUnavailable("the server does not answer as it should") from None
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        media = answer.headers.get("content-type", "").split(";")[0].strip().lower()
        if answer.status_code != 200 or media not in _TAKEN:
            # A redirect ends here too: it is an answer that is not one.
            raise CustodianUnavailable(f"the server answered {answer.status_code}")
        return answer.content


class _TooLarge(httpx.TransportError):
    """More came than is taken; the rest was not read."""


class _Bounded(httpx.AsyncBaseTransport):
    """Gives up on an answer, whatever asked for it, as soon as more than *most* bytes of it have come."""

    def __init__(self, inner: httpx.AsyncBaseTransport, most: int) -> None:
        self._inner, self._most = inner, most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        told = answer.headers.get("content-length", "0")
        if answer.headers.get("content-encoding", "identity") != "identity" or not told.isdigit():
            await answer.aclose()
            raise _TooLarge("an answer whose size is not told")
        if int(told) > self._most or not isinstance(answer.stream, httpx.AsyncByteStream):
            await answer.aclose()
            raise _TooLarge("more than is taken")
        return httpx.Response(
            answer.status_code, headers=answer.headers, extensions=answer.extensions,
            stream=_Counted(answer.stream, self._most),
        )  # fmt: skip

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, most: int) -> None:
        self._inner, self._most = inner, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = 0
        async for piece in self._inner:
            came += len(piece)
            if came > self._most:
                raise _TooLarge("more than is taken")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def _transport(server: Server) -> Wire:
    trust = ssl.create_default_context(cafile=None if server.authorities is None else str(server.authorities))
    if isinstance(server.credentials, ClientCertificate):
        trust.load_cert_chain(server.credentials.certificate, server.credentials.key)
    return Wire(trust, server.limits.connections)
