"""How we are known to a custodian's server: by nothing, by our certificate, or by a token that our key asks for."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx
from authlib.common.errors import AuthlibBaseError
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from adapters.custodian.fhir_server.mapping import ClientCredentials, Credentials
from gateway.errors import SettingsError

ASSERTION_SECONDS = 240
"""SMART Backend Services takes assertions of at most five minutes."""


class Signed(Protocol):
    """Sends requests with whatever the credentials add to them."""

    async def send(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> httpx.Response:
        """Return the whole answer. Raises httpx's errors, or ValueError where no token is to be had."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


def open_client(credentials: Credentials, *, transport: httpx.AsyncBaseTransport, timeout: httpx.Timeout) -> Signed:
    """Return a client over *transport*. Raises SettingsError for a key that is none."""
    if isinstance(credentials, ClientCredentials):
        return _WithToken(credentials, transport, timeout)
    # A certificate is shown by the transport itself.
    return _Plain(httpx.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False))


class _Plain:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> httpx.Response:
        return await self._client.request(method, address, headers=dict(headers), content=body)

    async def aclose(self) -> None:
        await self._client.aclose()


class _WithToken:
    """Authlib's client: it asks for a token when there is none, or when the one at hand is about to end."""

    def __init__(
        self, credentials: ClientCredentials, transport: httpx.AsyncBaseTransport, timeout: httpx.Timeout
    ) -> None:
        self._credentials = credentials
        self._client = _authlib_client(credentials, transport, timeout)
        self._asking = asyncio.Lock()

    async def send(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> httpx.Response:
        try:
            await self._have_token()
            answer: httpx.Response = await self._client.request(method, address, headers=dict(headers), content=body)
        except (AuthlibBaseError, JoseError, KeyError, TypeError):
            # Its errors quote the server's words.
            raise ValueError("no token is to be had") from None
        if answer.status_code == 401:
            # Revoked before its end: the next request asks for another.
            self._client.token = None
        return answer

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _have_token(self) -> None:
        async with self._asking:
            token = self._client.token
            if not token or token.is_expired(leeway=10):
                await self._client.fetch_token(
                    self._credentials.token_endpoint, grant_type="client_credentials", scope=self._credentials.scope
                )


def _authlib_client(credentials: ClientCredentials, transport: httpx.AsyncBaseTransport, timeout: httpx.Timeout) -> Any:
    from authlib.deprecate import AuthlibDeprecationWarning

    with warnings.catch_warnings():
        # It speaks through httpx where httpx2 is not installed, and says at every start that it will not do so forever.
        warnings.simplefilter("ignore", AuthlibDeprecationWarning)
        from authlib.integrations.httpx_client import AsyncOAuth2Client
    from authlib.oauth2.rfc7523 import PrivateKeyJWT
    from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign

    key = read_key(credentials.key)
    algorithm = algorithm_of(key)

    class ShortAssertion(PrivateKeyJWT):  # type: ignore[misc]  # Authlib carries no types.
        """Authlib's assertion, with the end, the key's id and the algorithm that SMART asks for."""

        def sign(self, auth: Any, token_endpoint: str) -> str:
            header = {"typ": "JWT", "kid": str(key.kid)}
            signed: str = private_key_jwt_sign(
                key, client_id=auth.client_id, token_endpoint=token_endpoint, header=header, alg=algorithm,
                expires_in=ASSERTION_SECONDS,
            )  # fmt: skip
            return signed

    client = AsyncOAuth2Client(
        credentials.client_id, key, token_endpoint_auth_method=PrivateKeyJWT.name, transport=transport, timeout=timeout,
        follow_redirects=False, trust_env=False,
    )  # fmt: skip
    client.register_client_auth_method(ShortAssertion(credentials.token_endpoint))
    return client


def read_key(path: Path) -> ECKey | RSAKey:
    """Return the private key in a JWK file. Raises SettingsError for one that SMART does not know."""
    try:
        key = JWKRegistry.import_key(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, JoseError):
        raise SettingsError(f"The key {path.name} of a custodian's server is not a JWK.") from None
    if not isinstance(key, ECKey | RSAKey) or not key.is_private or not key.kid:
        raise SettingsError(f"The key {path.name} of a custodian's server must be a private EC or RSA key with a kid.")
    algorithm_of(key)
    return key


def algorithm_of(key: ECKey | RSAKey) -> str:
    """Return the algorithm that goes with the key: ES384 or RS384 as SMART has them, ES256 for a P-256 key."""
    if isinstance(key, RSAKey):
        return "RS384"
    found = {"P-256": "ES256", "P-384": "ES384"}.get(key.curve_name)
    if found is None:
        raise SettingsError("The key of a custodian's server must be of the curve P-256 or P-384.")
    return found
