"""What a ring holds: keys that sign, keys that wrap, keys derived from one secret. They print without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """ES256 keys by kid, as private JWKs. `current` signs, the others are kept to verify by."""

    current: str
    private: Mapping[str, Mapping[str, str]] = field(repr=False)

    def public_jwks(self) -> dict[str, object]:
        """Return the public halves as a JWK Set."""
        public = [{name: row[name] for name in ("kty", "crv", "x", "y")} for row in self.private.values()]
        return {
            "keys": [
                {**row, "kid": kid, "use": "sig", "alg": "ES256"} for kid, row in zip(self.private, public, strict=True)
            ]
        }


@dataclass(frozen=True, slots=True)
class WrappingKeys:
    """AES-256 keys that wrap data keys, by id. `current` wraps, the others still unwrap."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DerivedKeys:
    """Keys of 32 bytes derived from one secret, each by its purpose (RFC 5869; a uniform secret needs expand alone)."""

    secret: bytes = field(repr=False)

    def key(self, purpose: str) -> bytes:
        """Return the key for *purpose*."""
        return HKDFExpand(hashes.SHA256(), 32, f"saattaen/{purpose}/v1".encode()).derive(self.secret)


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key, for a list: which, how old, whether it is the one in use. No secret."""

    kind: str
    id: str
    created: str
    current: bool
