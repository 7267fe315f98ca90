"""Client assertions: a partner system proves who it is with a JWT that it signed (RFC 7523, private_key_jwt).

Authlib's class tells the order of the steps; every step is ours, since by itself it accepts an `exp` ten years ahead,
an `aud` that is an array, any `typ`, and refuses most of our algorithms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion

from adapters.tokens.compact import (
    CompactInvalid,
    numeric_date,
    parse_header,
    parse_unverified_claims,
    verify_compact,
)
from adapters.tokens.keys import ASSERTION_ALGORITHMS, PublicKey, parse_public_keys
from gateway.disclosure.ports import Clock

AUTH_METHOD = "private_key_jwt"
ASSERTION_TYPE: str = JWTBearerClientAssertion.CLIENT_ASSERTION_TYPE
TYPES = frozenset({"JWT", "client-authentication+jwt"})
"""SMART's `typ` and RFC 10070's; no other kind of token is an assertion."""
MAX_LIFETIME = 300
"""Seconds from `iat`, or from now where there is none, to `exp`."""
SKEW = 10
"""Seconds that a partner's clock may be ahead: FAPI 2.0 wants 0 to 10 accepted and more than 60 refused."""
_JTI = re.compile(r"[!-~]{1,255}", re.ASCII)
_UNPROVEN = "The client assertion was not accepted: its client, key or signature is not known here."
"""One answer until the signature is proven, so that nobody learns which clients and keys there are."""


class RegisteredPartner(Protocol):
    """What the register knows of a partner system."""

    @property
    def id(self) -> str: ...
    @property
    def jwks(self) -> str: ...
    @property
    def scope(self) -> str: ...


class ReplayStore(Protocol):
    """Remembers assertions. One (issuer, jti) counts once, over all threads and processes."""

    def first_use(self, issuer: str, jti: str, expires: datetime, now: datetime) -> bool:
        """Record the use and return True, or return False when it was used before."""
        ...


class Allowed(Protocol):
    """How many assertions of a partner are accepted for now."""

    def ask(self, partner: str) -> None:
        """Raise TooBusy where the partner has used up what it may."""
        ...

    def spend(self, partner: str) -> None:
        """Count one that was accepted."""
        ...


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A partner system in Authlib's eyes. It prints as its id and nothing else, for Authlib logs it."""

    id: str
    scope: str = field(repr=False)
    keys: tuple[PublicKey, ...] = field(repr=False)

    @classmethod
    def of(cls, partner: RegisteredPartner) -> OAuthClient:
        """Return the client of a registered partner, its keys checked once more."""
        return cls(partner.id, partner.scope, parse_public_keys(partner.jwks))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return whether the client may authenticate so."""
        return method == AUTH_METHOD

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the client may use the grant."""
        return grant_type == "client_credentials"


class PartnerAssertion(JWTBearerClientAssertion):
    """Checks the assertion of one request and keeps its claims in `claims`.

    1. Header: `alg`, `typ`, `kid` alone; `typ` is JWT or client-authentication+jwt.
    2. `sub` names a registered client, and a `client_id` parameter, where there is one, names the same.
    3. Exactly one of its keys bears the `kid` and takes the `alg`; the signature verifies by it.
    4. `iss` = `sub`; `aud` is one string: our issuer or our token endpoint.
    5. `exp` is ahead and at most 300 seconds after `iat`; `iat` and `nbf` at most 10 seconds ahead.
    6. Where partners are paced, it has not used up what it may for now: else TooBusy, and nothing is kept.
    7. `jti` has not been seen before from this issuer. Only then it counts.
    """

    CLIENT_AUTH_METHOD = AUTH_METHOD

    def __init__(
        self, audiences: frozenset[str], replay: ReplayStore, clock: Clock, allowed: Allowed | None = None
    ) -> None:  # fmt: skip
        super().__init__()
        self._audiences, self._replay, self._clock, self._allowed = audiences, replay, clock, allowed
        self._algorithm = self._kid = ""
        self.claims: Mapping[str, object] = {}

    def __call__(self, query_client: Callable[[str], OAuthClient | None], request: object) -> OAuthClient | None:
        """Return the client that the assertion proves; None without an assertion; raises InvalidClientError."""

        def find(client_id: str) -> OAuthClient:
            found = query_client(client_id)
            if found is None:
                raise InvalidClientError(description=_UNPROVEN)
            return found

        client: OAuthClient | None = super().__call__(find, request)
        return client

    def extract_assertion(self, assertion: str) -> tuple[dict[str, object], dict[str, object]]:
        """Steps 1 and the reading of `sub` for 2."""
        try:
            self._algorithm, typ, self._kid = parse_header(assertion)
            claims = parse_unverified_claims(assertion)
        except CompactInvalid:
            raise InvalidClientError(description=_UNPROVEN) from None
        if typ not in TYPES or self._algorithm not in ASSERTION_ALGORITHMS:
            raise InvalidClientError(description=_UNPROVEN)
        if not isinstance(claims.get("sub"), str):
            raise InvalidClientError(description=_UNPROVEN)
        return {"alg": self._algorithm, "typ": typ, "kid": self._kid}, claims

    def resolve_client_public_key(self, client: OAuthClient) -> PublicKey:
        """Step 3: the one key."""
        fitting = [key for key in client.keys if key.kid == self._kid and key.takes(self._algorithm)]
        if len(fitting) != 1:
            raise InvalidClientError(description=_UNPROVEN)
        return fitting[0]

    def process_assertion_claims(self, assertion: str, resolve_key: PublicKey) -> Mapping[str, object]:
        """Step 3: the signature; then the claims."""
        try:
            claims = verify_compact(assertion, resolve_key.key, self._algorithm)
        except CompactInvalid:
            raise InvalidClientError(description=_UNPROVEN) from None
        self.verify_claims(claims)
        self.claims = claims
        return claims

    def verify_claims(self, claims: Mapping[str, object]) -> None:
        """Steps 4 to 7."""
        issuer, jti, audience = claims.get("iss"), claims.get("jti"), claims.get("aud")
        if not isinstance(issuer, str) or issuer != claims.get("sub"):
            raise InvalidClientError(description="iss and sub are both the client_id.")
        # An array could name another server too, which could then use the assertion here (CVE-2025-27370).
        if not isinstance(audience, str) or audience not in self._audiences:
            raise InvalidClientError(description="aud is one string: the issuer or the token endpoint.")
        now = self._clock.now()
        expires = self._check_times(claims, now)
        if not isinstance(jti, str) or not _JTI.fullmatch(jti):
            raise InvalidClientError(description="jti is needed: one to 255 printable ASCII characters.")
        if self._allowed is not None:
            self._allowed.ask(issuer)
        if not self._replay.first_use(issuer, jti, datetime.fromtimestamp(expires, UTC), now):
            raise InvalidClientError(description="This assertion was used before; sign a new one with a new jti.")
        if self._allowed is not None:
            self._allowed.spend(issuer)

    def _check_times(self, claims: Mapping[str, object], now: datetime) -> float:
        instant = now.timestamp()
        expires = numeric_date(claims.get("exp"))
        issued = numeric_date(claims.get("iat", instant))
        begins = numeric_date(claims.get("nbf", instant))
        if expires is None or issued is None or begins is None:
            raise InvalidClientError(description="exp is needed; exp, iat and nbf are numbers.")
        if expires <= instant:
            raise InvalidClientError(description="The assertion has ended.")
        if issued > instant + SKEW or begins > instant + SKEW:
            raise InvalidClientError(description="iat or nbf lies in the future; set your clock.")
        if expires - issued > MAX_LIFETIME:
            raise InvalidClientError(description="exp lies at most 300 seconds ahead.")
        return expires
