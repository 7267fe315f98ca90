"""Access tokens (RFC 9068): issued for five minutes, checked at each use. Authlib has no part in it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from adapters.tokens.acting import Acting, ActingInvalid
from adapters.tokens.compact import CompactInvalid, numeric_date, parse_header, sign_compact, verify_compact
from adapters.tokens.keys import TokenKeys
from gateway.disclosure.ports import Clock
from gateway.disclosure.request import Requester
from gateway.errors import TokenInvalid

ALGORITHM = "ES256"
TYPE = "at+jwt"
MAX_LIFETIME = 300
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new access token. It prints nothing of itself."""

    token: str = field(repr=False)
    token_id: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class ReadToken:
    """An access token whose signature and shape have been checked, with the key that did."""

    partner: str
    token_id: str
    kid: str
    expires: datetime
    scopes: frozenset[str]
    acting: Acting


class Revocations(Protocol):
    """Remembers tokens that were revoked before their end."""

    async def is_revoked(self, token_id: str) -> bool:
        """Return whether the token of that id was revoked."""
        ...


class AccessTokens:
    """Issues and reads access tokens of one issuer for one audience, the FHIR base."""

    def __init__(
        self, *, issuer: str, audience: str, keys: TokenKeys, clock: Clock, lifetime: int = MAX_LIFETIME
    ) -> None:
        if not 1 <= lifetime <= MAX_LIFETIME:
            raise ValueError("an access token lives at most 300 seconds")
        self._issuer, self.audience, self._keys = issuer, audience, keys
        self.clock, self._lifetime = clock, lifetime

    @property
    def keys(self) -> TokenKeys:
        """The keys in use."""
        return self._keys

    def trust(self, keys: TokenKeys) -> None:
        """Use other keys from now on; tokens by a key that is not among them end."""
        self._keys = keys

    def issue(self, partner: str, scopes: tuple[str, ...], acting: Acting) -> IssuedToken:
        """Return a token for the partner, bound to what it claimed."""
        issued = int(self.clock.now().timestamp())
        token_id = secrets.token_hex(16)
        claims = {
            "iss": self._issuer,
            "aud": self.audience,
            "sub": partner,
            "client_id": partner,
            "iat": issued,
            "exp": issued + self._lifetime,
            "jti": token_id,
            "scope": " ".join(scopes),
            "extensions": acting.to_extensions(),
        }
        header = {"typ": TYPE, "kid": self._keys.current}
        token = sign_compact(header, claims, self._keys.signing, ALGORITHM)
        return IssuedToken(token, token_id, self._lifetime)

    def read(self, token: str) -> ReadToken:
        """Check all of a token that does not change with time, and its end; raises TokenInvalid.

        1. Header: `alg` ES256, `typ` at+jwt, `kid` of a trusted key; nothing else (RFC 9068 4, RFC 8725).
        2. The signature by that key.
        3. `iss`, `aud`; `sub` = `client_id`; `jti`; a life of at most 300 seconds that has not ended.
        4. The bound claims.
        """
        try:
            algorithm, typ, kid = parse_header(token)
            key = self._keys.find(kid)
            if algorithm != ALGORITHM or typ != TYPE or key is None:
                raise TokenInvalid("not an access token of ours")
            claims = verify_compact(token, key, ALGORITHM)
            read = self._read_claims(claims, kid)
        except (CompactInvalid, ActingInvalid):
            raise TokenInvalid("not an access token of ours") from None
        self.check_end(read)
        return read

    def check_end(self, token: ReadToken) -> None:
        """Raise TokenInvalid when the token has ended; the end is exclusive."""
        if self.clock.now() >= token.expires:
            raise TokenInvalid("the token has ended")

    def _read_claims(self, claims: Mapping[str, object], kid: str) -> ReadToken:
        partner, token_id, scope = claims.get("client_id"), claims.get("jti"), claims.get("scope")
        issued, expires = numeric_date(claims.get("iat")), numeric_date(claims.get("exp"))
        if claims.get("iss") != self._issuer or claims.get("aud") != self.audience:
            raise TokenInvalid("not an access token of ours")
        if not isinstance(partner, str) or partner != claims.get("sub"):
            raise TokenInvalid("not an access token of ours")
        if not isinstance(token_id, str) or not isinstance(scope, str) or issued is None or expires is None:
            raise TokenInvalid("not an access token of ours")
        if not 0 < expires - issued <= MAX_LIFETIME:
            raise TokenInvalid("not an access token of ours")
        end = datetime.fromtimestamp(expires, UTC)
        return ReadToken(partner, token_id, kid, end, frozenset(scope.split()), Acting.parse(claims.get("extensions")))


class AccessTokenVerifier:
    """Turns a bearer token into a Requester. The signature is checked once a token; end, key and revocation each time.

    What it remembers is found by a token's exact bytes alone, so it never answers for a token that it has not checked.
    *organisation_of* gives the directory's code for `urn:oid:...`; an organisation that the directory does not know
    keeps its URN, which no partner's organisation equals, so that the policy refuses it.
    """

    def __init__(
        self, tokens: AccessTokens, revocations: Revocations, organisation_of: Callable[[str], str | None]
    ) -> None:
        self._tokens, self._revocations, self._organisation_of = tokens, revocations, organisation_of
        self._read: OrderedDict[str, ReadToken] = OrderedDict()

    async def verify(self, token: str) -> Requester:
        """Return who bears the token and what it is bound to; raises TokenInvalid."""
        read = self._read.get(token)
        if read is None:
            read = self._tokens.read(token)
            self._read[token] = read
            if len(self._read) > _REMEMBERED:
                self._read.popitem(last=False)
        else:
            self._read.move_to_end(token)
            if self._tokens.keys.find(read.kid) is None:
                del self._read[token]
                raise TokenInvalid("the token's key is not trusted any more")
            self._tokens.check_end(read)
        if await self._revocations.is_revoked(read.token_id):
            raise TokenInvalid("the token was revoked")
        acting = read.acting
        return Requester(
            system=read.partner,
            organisation=self._organisation_of(acting.organisation) or acting.organisation,
            service=acting.service,
            role=acting.role,
            purpose=acting.purpose,
            assurance=acting.assurance,
            person=acting.person,
            person_name=acting.person_name,
            token_id=read.token_id,
            scope=read.scopes,
        )
