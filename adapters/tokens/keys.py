"""Public keys that partners register, and our own keys for access tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from adapters.tokens.compact import CompactInvalid, parse_json_object
from gateway.errors import BodyInvalid, SettingsError

ASSERTION_ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "PS256": ("RSA", None),
    "RS384": ("RSA", None),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""What an assertion may be signed with, and the key type and curve that each takes.

RS384 and ES384 are SMART's (a server supports one of them, clients both); PS256, ES256 and EdDSA are FAPI 2.0's, and
`Ed25519` is the name that RFC 9864 gives to EdDSA. Authlib by itself accepts RS256, ES256 and HS256: RS256 is left out
as neither profile asks for it, and HS256 because a shared secret would let us sign in a partner's name.
"""
_MEMBERS = {"EC": {"crv", "x", "y"}, "OKP": {"crv", "x"}, "RSA": {"n", "e"}}
_COMMON = {"kty", "kid", "use", "alg", "key_ops"}
_KID = re.compile(r"[!-~]{1,128}")
_MAX_KEYS = 10


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A registered key. `algorithm` is the only one that it takes, where its owner said so."""

    kid: str
    key: Key
    kty: str
    curve: str | None
    algorithm: str | None

    def takes(self, algorithm: str) -> bool:
        """Return whether a signature under *algorithm* may be checked with this key."""
        return ASSERTION_ALGORITHMS.get(algorithm) == (self.kty, self.curve) and self.algorithm in (None, algorithm)


def parse_public_keys(text: str) -> tuple[PublicKey, ...]:
    """Return the keys of a JWK Set that a partner registers; raises BodyInvalid with each fault and its place.

    Bare public signature keys only: EC P-256 or P-384, Ed25519, RSA of 2048 bits and more with exponent 65537; each
    with a `kid` of its own. joserfc alone would take a mixed set with secrets and RSA of 1024 bits.
    """
    try:
        rows = parse_json_object(text.encode()).get("keys")
    except (CompactInvalid, UnicodeEncodeError):
        raise BodyInvalid("the keys are not a JWK Set (JSON)", (("$", 'a JWK Set: {"keys": [...]}'),)) from None
    if not isinstance(rows, list) or not 1 <= len(rows) <= _MAX_KEYS:
        raise BodyInvalid("a JWK Set has one to ten keys", (("$.keys", f"one to {_MAX_KEYS} keys"),))
    keys: list[PublicKey] = []
    faults: list[tuple[str, str]] = []
    for index, row in enumerate(rows):
        try:
            keys.append(_parse_key(row))
        except ValueError as error:
            faults.append((f"$.keys[{index}]", str(error)))
    for name, values in (("kid", [key.kid for key in keys]), ("key", [key.key.thumbprint() for key in keys])):
        if len(set(values)) != len(values):
            faults.append(("$.keys", f"each {name} once"))
    if faults:
        told = "; ".join(f"{path}: {say}" for path, say in faults)
        raise BodyInvalid(f"these keys cannot be registered: {told}", tuple(faults))
    return tuple(keys)


def check_public_keys(text: str) -> str:
    """Return the JWK Set as it is stored, after the checks of `parse_public_keys`."""
    return json.dumps(
        {"keys": [{**key.key.as_dict(private=False), "kid": key.kid} for key in parse_public_keys(text)]},
        sort_keys=True,
    )


def _parse_key(row: object) -> PublicKey:
    if not isinstance(row, dict):
        raise ValueError("a key is a JSON object")
    kty, kid, algorithm = row.get("kty"), row.get("kid"), row.get("alg")
    if not isinstance(kty, str) or kty not in _MEMBERS:
        raise ValueError("kty is EC, OKP or RSA; secrets are never registered")
    if row.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}:
        raise ValueError("this is a private key: register its public half, and replace it, for it has been shown")
    if unknown := row.keys() - _MEMBERS[kty] - _COMMON:
        raise ValueError(f"a bare key is needed; leave out {len(unknown)} other member(s), certificates and URLs too")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise ValueError("kid is needed: one to 128 printable ASCII characters")
    if row.get("use", "sig") != "sig" or row.get("key_ops", ["verify"]) != ["verify"]:
        raise ValueError("the key must be for signatures: use is sig, key_ops is [verify]")
    if algorithm is not None and ASSERTION_ALGORITHMS.get(str(algorithm), ("",))[0] != kty:
        raise ValueError("alg, where given, is one of " + ", ".join(ASSERTION_ALGORITHMS) + " and fits kty")
    try:
        key = import_key(cast("dict[str, str | list[str]]", row))
        raw = key.public_key if not isinstance(key.raw_value, bytes) else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("the key's numbers do not make a key") from None
    curve = row["crv"] if isinstance(key, ECKey | OKPKey) else None
    if isinstance(key, RSAKey):
        if not isinstance(raw, RSAPublicKey) or not 2048 <= raw.key_size <= 8192 or raw.public_numbers().e != 65537:
            raise ValueError("RSA needs 2048 to 8192 bits and the exponent 65537")
    elif (kty, curve) not in ASSERTION_ALGORITHMS.values():
        raise ValueError("crv is P-256, P-384 or Ed25519")
    return PublicKey(kid, key, kty, curve, algorithm)


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Our ES256 keys for access tokens, by kid. `current` signs; the others are still trusted."""

    current: str
    private: Mapping[str, Mapping[str, str]] = field(repr=False)
    _keys: dict[str, Key] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys: dict[str, Key] = {}
        for kid, row in self.private.items():
            if (row.get("kty"), row.get("crv")) != ("EC", "P-256") or "d" not in row:
                raise SettingsError("a key for access tokens is no private P-256 key; rotate it")
            keys[kid] = ECKey.import_key({**row, "kid": kid})
        if self.current not in keys:
            raise SettingsError("the current key for access tokens is missing")
        object.__setattr__(self, "_keys", keys)

    def find(self, kid: str) -> Key | None:
        """Return the trusted key of that id."""
        return self._keys.get(kid)

    @property
    def signing(self) -> Key:
        """The key that signs now."""
        return self._keys[self.current]

    def jwks(self) -> dict[str, object]:
        """Return the public halves, as the JWKS endpoint shows them."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "ES256"}
                for kid, key in self._keys.items()
            ]
        }
