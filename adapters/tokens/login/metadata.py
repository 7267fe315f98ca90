"""What a provider says of itself: read from its well-known address, compared with what we were told, for a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
from joserfc.jwk import KeySet

from adapters.tokens.compact import CompactInvalid, parse_json_object
from adapters.tokens.login.checked_token import parse_keys
from adapters.tokens.login.providers import LOOPBACK, ProviderRow
from gateway.identification import NotIdentified

REFRESHED_AFTER = timedelta(days=1)
_KEYS_AGAIN_AFTER = timedelta(minutes=1)
"""A token with an unknown key has the keys read again, and no flood of such tokens a flood of readings."""
_WELL_KNOWN = "/.well-known/openid-configuration"
_LARGEST = 256 * 1024
TIMEOUT = httpx.Timeout(5.0)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The addresses of a provider, and its keys."""

    authorization: str
    token: str
    ending: str | None
    answers_with_issuer: bool
    keys_at: str
    keys: KeySet = field(repr=False)
    read_at: datetime
    keys_read_at: datetime


class MetadataSource:
    """The metadata of one provider, read when it is needed first and then daily."""

    def __init__(
        self, row: ProviderRow, now: Callable[[], datetime], transport: httpx.AsyncBaseTransport | None
    ) -> None:  # fmt: skip
        self._row, self._now, self._transport = row, now, transport
        self._known: Metadata | None = None

    async def get(self) -> Metadata:
        """Return it. Raises NotIdentified where the provider does not answer, or answers for another issuer."""
        known, now = self._known, self._now()
        if known is None or not known.read_at <= now < known.read_at + REFRESHED_AFTER:
            self._known = known = await self._read(now)
        return known

    async def renew_keys(self) -> Metadata:
        """Return it with the keys read again, at most once a minute."""
        known, now = await self.get(), self._now()
        if now - known.keys_read_at >= _KEYS_AGAIN_AFTER:
            self._known = known = await self._read(now)
        return known

    async def _read(self, now: datetime) -> Metadata:
        try:
            # RFC 8414 would put the path elsewhere; OpenID Connect Discovery 4 appends it.
            told = parse_json_object(await self._fetch(self._row.issuer.rstrip("/") + _WELL_KNOWN))
            # CVE-2026-104056 and its kin: metadata is believed for the issuer that was asked, and for no other.
            if told.get("issuer") != self._row.issuer:
                raise NotIdentified("mismatch")
            keys_at = self._address(told, "jwks_uri")
            return Metadata(
                self._address(told, "authorization_endpoint"), self._address(told, "token_endpoint"),
                self._address(told, "end_session_endpoint") if "end_session_endpoint" in told else None,
                told.get("authorization_response_iss_parameter_supported") is True,
                keys_at, parse_keys(await self._fetch(keys_at)), now, now,
            )  # fmt: skip
        except (CompactInvalid, httpx.HTTPError):
            raise NotIdentified("provider-unavailable") from None

    def _address(self, told: dict[str, object], name: str) -> str:
        value = told.get(name)
        parts = urlsplit(value) if isinstance(value, str) else None
        if parts is None or not parts.hostname or parts.fragment or parts.username:
            raise CompactInvalid("an address is missing in the metadata")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise CompactInvalid("an address in the metadata is not https")
        return str(value)

    async def _fetch(self, address: str) -> bytes:
        async with (
            httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT, trust_env=False) as web,
            web.stream("GET", address, headers={"accept": "application/json"}) as answer,
        ):
            if answer.status_code != 200:
                raise CompactInvalid("the provider does not show its metadata")
            content = b""
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > _LARGEST:
                    raise CompactInvalid("the provider's metadata is too large")
            return content
