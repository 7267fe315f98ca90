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
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

import httpx

from adapters.breaker import Breaker
from adapters.custodian.fhir_server.credentials import Signed, signing
from adapters.custodian.fhir_server.mapping import ClientCertificate, Server
from adapters.custodian.fhir_server.wire import NoPlace, Waits, Wire
from gateway.directory.identity_trace import url_holds_identity_code
from gateway.disclosure.observing import outgoing_headers
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
        # As it goes out, whatever an operator wrote.
        self._base = str(httpx.URL(server.base)).rstrip("/")
        self._breaker = breaker or Breaker(time.monotonic, failures=limits.failures, pause=limits.pause)
        waits = Waits(server.patience.connect, server.patience.read)
        self._wire = Wire(_trust(server), limits.connections, limits.answer_bytes, waits)
        self._signing: Signed = signing(server.credentials, self._wire)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.aclose()

    async def search(self, resource: str, form: Mapping[str, str]) -> bytes:
        """Return the answer to a search by POST: no parameter stands in the address. Raises CustodianUnavailable."""
        body = urlencode(form).encode()
        sent = _HEADERS | {"content-type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", f"{self._base}/{resource}/_search", sent, body)

    async def capability(self) -> bytes:
        """Return what the server says of itself: that it answers, and knows us. Raises CustodianUnavailable."""
        return await self._ask("GET", f"{self._base}/metadata", _HEADERS, None)

    async def next_page(self, link: str) -> bytes:
        """Return the page that a server's `next` link names, from our own address of it. Raises CustodianUnavailable
        for a link that leads elsewhere, or that holds what no address may hold."""
        try:
            # As it goes out: what no address holds is encoded, and steps upwards are taken.
            address = str(httpx.URL(link))
        except httpx.InvalidURL:
            address = ""
        is_ours = _is_below(self._server.base, link) and _is_below(self._base, address)
        if not is_ours or urlsplit(link).fragment or url_holds_identity_code(link):
            raise CustodianUnavailable("the server's next page is not one that is asked for")
        return await self._ask("GET", address, _HEADERS, None)

    async def _ask(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        if not self._breaker.may_try():
            raise CustodianUnavailable("the server is not asked at present")
        try:
            async with asyncio.timeout(self._server.patience.whole):
                answer = await self._signing.send(method, address, {**headers, **outgoing_headers()}, body)
        except NoPlace:
            raise CustodianUnavailable("too many wait for this server") from None
        except (OSError, TimeoutError, ValueError):
            self._breaker.failed()
            raise CustodianUnavailable("the server does not answer as it should") from None
        if answer.status >= 500 or answer.status in (408, 429):
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        media = answer.headers.get("content-type", "").split(";")[0].strip().lower()
        if answer.status != 200 or media not in _TAKEN:
            # A redirect ends here too: it is an answer that is not one.
            raise CustodianUnavailable(f"the server answered {answer.status}")
        return answer.content


def _is_below(base: str, address: str) -> bool:
    return address.startswith((f"{base}?", f"{base}/"))


def _trust(server: Server) -> ssl.SSLContext:
    trust = ssl.create_default_context(cafile=None if server.authorities is None else str(server.authorities))
    if isinstance(server.credentials, ClientCertificate):
        trust.load_cert_chain(server.credentials.certificate, server.credentials.key)
    return trust
