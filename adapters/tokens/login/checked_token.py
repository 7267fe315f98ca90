"""ID tokens and logout tokens, believed step by step: header, key, signature, issuer, audience, times.

Authlib's own reading takes the algorithms from the provider's metadata, and an `aud` without us where `azp` is us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, RSAKey

from adapters.tokens.compact import (
    MAX_SIZE,
    CompactInvalid,
    numeric_date,
    parse_json_object,
    parse_unverified_header,
    verify_compact,
)
from adapters.tokens.login.providers import ProviderRow
from gateway.identification import NotIdentified

SKEW = 30
"""Seconds that a provider's clock may differ from ours."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_ID_TYPES, _LOGOUT_TYPES = frozenset({None, "JWT"}), frozenset({"logout+jwt"})
_OLDEST = 600
"""Seconds since its `iat`, for a token that came just now."""
_HEADER = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
"""The last two name a certificate, and nothing is done with them. A key in the token itself only an attacker needs."""
_KEY_OF: Mapping[str, tuple[str, str | None]] = {
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "PS256": ("RSA", None), "RS256": ("RSA", None),
    "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519"),
}  # fmt: skip


class KeyUnknown(Exception):
    """The token's key is not among the provider's keys as we know them: they may have changed."""


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """Claims of a token that holds; `at` is when it was checked."""

    claims: Mapping[str, object]
    at: datetime

    def text(self, name: str, longest: int = 255) -> str | None:
        """Return a claim that is a text of some length, None for anything else."""
        value = self.claims.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable() else None

    def instant(self, name: str) -> datetime | None:
        """Return a claim that is a NumericDate."""
        value = numeric_date(self.claims.get(name))
        try:
            return None if value is None else datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError):
            return None


def check_id_token(token: str, row: ProviderRow, keys: KeySet, nonce: str, now: datetime) -> CheckedToken:
    """Return what an ID token says. Raises NotIdentified, or KeyUnknown.

    1. Header: an algorithm that the provider's row lists, no key in it. 2. One key of the provider's fits it, and the
    signature verifies. 3. `iss`, `aud` and `azp`. 4. `exp` and `iat`. 5. `nonce` is the question's.
    """
    checked = _check(token, row, keys, _ID_TYPES, now)
    if not nonce or checked.claims.get("nonce") != nonce:
        raise NotIdentified("mismatch")
    return checked


def check_logout_token(token: str, row: ProviderRow, keys: KeySet, now: datetime) -> CheckedToken:
    """Return what a logout token says (OpenID Connect Back-Channel Logout 1.0, 2.6). Raises as `check_id_token`.

    Steps 1 to 4 as there, `typ` being logout+jwt; 5. `events` holds the logout event; 6. no `nonce`, so that an ID
    token is no logout token; 7. `sub` or `sid`; 8. `jti`, which the caller lets count once.
    """
    checked = _check(token, row, keys, _LOGOUT_TYPES, now)
    events = checked.claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise NotIdentified("token-invalid")
    if "nonce" in checked.claims or checked.text("jti") is None:
        raise NotIdentified("token-invalid")
    for name in ("sub", "sid"):
        if name in checked.claims and checked.text(name) is None:
            raise NotIdentified("token-invalid")
    if "sub" not in checked.claims and "sid" not in checked.claims:
        raise NotIdentified("token-invalid")
    return checked


def _check(token: str, row: ProviderRow, keys: KeySet, types: frozenset[str | None], now: datetime) -> CheckedToken:
    try:
        # 1. The header.
        if len(token) > MAX_SIZE or not token.isascii() or token.count(".") != 2:
            raise NotIdentified("token-invalid")
        header = parse_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if header.keys() - _HEADER or algorithm not in row.algorithms or header.get("typ") not in types:
            raise NotIdentified("token-invalid")
        # 2. Key and signature.
        claims = verify_compact(token, _find(keys, str(algorithm), kid), str(algorithm))
    except CompactInvalid:
        raise NotIdentified("token-invalid") from None
    # 3. For whom it is, and by whom.
    if claims.get("iss") != row.issuer:
        raise NotIdentified("mismatch")
    _check_audience(claims, row.client_id)
    # 4. When.
    instant = now.timestamp()
    expires, issued = numeric_date(claims.get("exp")), numeric_date(claims.get("iat"))
    if expires is None or issued is None or expires <= instant - SKEW:
        raise NotIdentified("token-invalid")
    if not instant - _OLDEST <= issued <= instant + SKEW:
        raise NotIdentified("token-invalid")
    return CheckedToken(claims, now)


def _check_audience(claims: Mapping[str, object], client_id: str) -> None:
    audience, party = claims.get("aud"), claims.get("azp")
    named = audience if isinstance(audience, list) else [audience]
    if client_id not in named or not all(isinstance(one, str) for one in named):
        raise NotIdentified("mismatch")
    # OpenID Connect Core 3.1.3.7, steps 4 and 5: among several, it must have been issued to us.
    if (len(named) > 1 or party is not None) and party != client_id:
        raise NotIdentified("mismatch")


def _find(keys: KeySet, algorithm: str, kid: object) -> Key:
    kind, curve = _KEY_OF[algorithm]
    fitting = [
        key
        for key in keys.keys
        if key.key_type == kind
        and (curve is None or key.as_dict(private=False).get("crv") == curve)
        and (kid is None or key.kid == kid)
        and key.get("use") in (None, "sig")
        and key.get("alg") in (None, algorithm)
    ]
    if len(fitting) != 1:
        raise KeyUnknown
    return fitting[0]


def parse_keys(content: bytes) -> KeySet:
    """Return a provider's public signature keys; what is none is left out. Raises CompactInvalid."""
    rows = parse_json_object(content).get("keys")
    if not isinstance(rows, list) or len(rows) > 50:
        raise CompactInvalid("not a JWK Set")
    found: list[Key] = []
    for row in rows:
        if isinstance(row, dict) and row.get("kty") in ("EC", "RSA", "OKP") and "d" not in row:
            try:
                key = KeySet.import_key_set({"keys": [row]}).keys[0]
            except (JoseError, ValueError, TypeError, KeyError):
                continue
            if not isinstance(key, RSAKey) or key.public_key.key_size >= 2048:
                found.append(key)
    return KeySet(found)
