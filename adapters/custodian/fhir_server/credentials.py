"""How we are known to a custodian's server: by nothing, by our certificate, or by a token that our key asks for."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx
from authlib.common.errors import AuthlibBaseError
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from adapters.custodian.fhir_server.mapping import ClientCredentials, Credentials
from adapters.custodian.fhir_server.wire import Answer, Wire, WireTransport
from gateway.errors import SettingsError

# What a header may hold.
_TOKEN = re.compile("[ -~]+")
ASSERTION_SECONDS = 240
"""SMART Backend Services takes assertions of at most five minutes."""


class Signed(Protocol):
    """Sends requests with whatever the credentials add to them."""

    async def send(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Return the whole answer. Raises the wire's errors, or ValueError where no token is to be had."""
        ...


def signing(credentials: Credentials, wire: Wire) -> Signed:
    """Return who sends over *wire* with these credentials. Raises SettingsError for a key that is none."""
    # A certificate is shown by the wire itself.
    return _WithToken(credentials, wire) if isinstance(credentials, ClientCredentials) else _Plain(wire)


class _Plain:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        return await self._wire.ask(method, address, headers, body)


class _WithToken:
    """Sends a token that Authlib's client asks for, when there is none or the one at hand is about to end."""

    def __init__(self, credentials: ClientCredentials, wire: Wire) -> None:
        self._credentials, self._wire = credentials, wire
        self._client = _authlib_client(credentials, wire)
        self._asking = asyncio.Lock()

    async def send(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        try:
            token = await self._have_token()
        except (AuthlibBaseError, JoseError, KeyError, TypeError, httpx.HTTPError):
            # Their errors quote the server's words.
            raise ValueError("no token is to be had") from None
        answer = await self._wire.ask(method, address, {**headers, "authorization": f"Bearer {token}"}, body)
        if answer.status == 401:
            # Revoked before its end: the next request asks for another.
            self._client.token = None
        return answer

    async def _have_token(self) -> str:
        async with self._asking:
            token = self._client.token
            if not token or token.is_expired(leeway=10):
                await self._client.fetch_token(
                    self._credentials.token_endpoint, grant_type="client_credentials", scope=self._credentials.scope
                )
                token = self._client.token
            if str(token["token_type"]).lower() != "bearer" or not _TOKEN.fullmatch(str(token["access_token"])):
                raise ValueError("a token came that is not a bearer's")
            return str(token["access_token"])


def _authlib_client(credentials: ClientCredentials, wire: Wire) -> Any:
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
        credentials.client_id, key, token_endpoint_auth_method=PrivateKeyJWT.name, transport=WireTransport(wire),
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
