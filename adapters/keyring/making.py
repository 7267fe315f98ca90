"""New keys, and the form in which they are written down."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec


def new_key(kind: str, at: datetime) -> dict[str, str]:
    """Return a new key of a kind as its file has it: an id, when it was made, and the secret."""
    created = at.isoformat()
    if kind in ("tokens", "receipts"):
        jwk = ec_jwk(ec.generate_private_key(ec.SECP256R1()))
        return {"id": thumbprint(jwk), "created": created, **jwk}
    return {
        "id": f"{kind}-{at:%Y%m%d}-{secrets.token_hex(4)}",
        "created": created,
        "secret": b64(secrets.token_bytes(32)),
    }


def ec_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """Return a P-256 key as a private JWK."""
    numbers = key.private_numbers()
    parts = {"x": numbers.public_numbers.x, "y": numbers.public_numbers.y, "d": numbers.private_value}
    return {"kty": "EC", "crv": "P-256"} | {name: b64(value.to_bytes(32)) for name, value in parts.items()}


def thumbprint(jwk: Mapping[str, str]) -> str:
    """Return the id of a key that signs: what RFC 7638 makes of its public half."""
    # RFC 7638: the required members, sorted, no whitespace.
    required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return b64(sha256(json.dumps(required, separators=(",", ":"), sort_keys=True).encode()).digest())


def b64(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Return what `b64` wrote; raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
