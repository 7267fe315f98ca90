"""Hop 1: the access token becomes a Requester, or the request ends here with a 401 and a counter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Scope

from gateway.disclosure.observing import Observer
from gateway.disclosure.request import Requester
from gateway.errors import StoreUnavailable, TokenInvalid

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
"""What a token is made of (RFC 6750 2.1), before any equals signs at its end."""
_LONGEST = 8192


class TokenVerifier(Protocol):
    """Checks access tokens."""

    async def verify(self, token: str) -> Requester:
        """Return who bears the token; raises TokenInvalid."""
        ...


Verified = Callable[[Scope, str, str], Awaitable[None]]


class Authenticator:
    """Finds the token in a request and has it checked; a FastAPI dependency: `Depends(authenticator)`.

    *refused* is called for each request that ends here: a counter, for nothing of such a request is worth a log entry.
    *verified* is told whose a request's token was, once it was verified; it may make the request wait.
    """

    def __init__(
        self, verifier: TokenVerifier, refused: Callable[[], None] = lambda: None, verified: Verified | None = None
    ) -> None:
        self._verifier, self._refused, self._verified = verifier, refused, verified

    async def __call__(self, request: Request) -> Requester:
        """Return the requester that the raw headers name, or raise TokenInvalid.

        The token stands in one Authorization header, once. A token in the query ends the request even beside a good
        header: it is in logs by now, and its owner should hear of it. Raises TooBusy where *verified* does.
        """
        scope = request.scope
        try:
            token = _find_token(scope["headers"], scope["query_string"])
            requester = await self._verifier.verify(token)
        except TokenInvalid:
            self._refused()
            raise
        if self._verified is not None:
            await self._verified(scope, token, requester.system)
        return requester


class ObservedVerifier:
    """A verifier that tells an observer of its hop."""

    def __init__(self, verifier: TokenVerifier, observer: Observer) -> None:
        self._verifier, self._observer = verifier, observer

    async def verify(self, token: str) -> Requester:
        """Return who bears the token; raises TokenInvalid."""
        with self._observer.hop("authenticate"):
            try:
                return await self._verifier.verify(token)
            except StoreUnavailable:
                self._observer.failed("store")
                raise


def challenge(resource_metadata: str) -> str:
    """Return the WWW-Authenticate of a 401; *resource_metadata* is the URL of RFC 9728's document."""
    return f'Bearer realm="saattaen", resource_metadata="{resource_metadata}"'


def _find_token(headers: Iterable[tuple[bytes, bytes]], query: bytes) -> str:
    given = [value for name, value in headers if name.lower() == b"authorization"]
    if len(given) != 1 or len(given[0]) > _LONGEST:
        raise TokenInvalid("one Authorization header is needed")
    scheme, _, rest = given[0].partition(b" ")
    token = rest.lstrip(b" ")
    letters = token.rstrip(b"=")
    # To take away what it may be made of is far cheaper than to match it letter by letter.
    if scheme.lower() != b"bearer" or not letters or letters.translate(None, _LETTERS):
        raise TokenInvalid("the Authorization header bears no Bearer token")
    if not query:
        return token.decode()
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise TokenInvalid("the query is too long to be looked through") from None
    if any(name.lower() == "access_token" for name, _ in pairs):
        raise TokenInvalid("a token is never sent in the address")
    return token.decode()
