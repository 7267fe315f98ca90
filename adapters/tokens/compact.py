"""Compact JWS, opened strictly: joserfc checks the signature, and what it is lenient about is refused here first.

joserfc parses with `json.loads`, which takes the last of two members of one name, NaN, and any depth (RFC 8725 2.4).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import Key
from joserfc.util import urlsafe_b64decode

_HEADER = frozenset({"alg", "typ", "kid"})
MAX_SIZE = 8192
"""No token of ours and no assertion is longer; many proxies refuse longer headers."""


class CompactInvalid(Exception):
    """Not a JWS that we accept. The text never holds anything of it."""


class _Registry(jws.JWSRegistry):
    """The one algorithm asked for. joserfc warns at each use of `EdDSA` (RFC 9864 says `Ed25519`): we accept both."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise CompactInvalid("algorithm not allowed")
        return self.algorithms[name]


def parse_header(token: str) -> tuple[str, str, str]:
    """Return the unverified `alg`, `typ` and `kid` of a compact JWS; raises CompactInvalid.

    Each must be there, and nothing else may be: no `crit` or `b64`, and no key from the token itself (`jwk`, `jku`,
    `x5c`, `x5u`), which only an attacker needs.
    """
    if len(token) > MAX_SIZE or not token.isascii() or token.count(".") != 2:
        raise CompactInvalid("not a compact JWS")
    header = _parse(_decode(token.split(".")[0]))
    if header.keys() != _HEADER:
        raise CompactInvalid("the header holds alg, typ and kid and nothing else")
    alg, typ, kid = (header[name] for name in ("alg", "typ", "kid"))
    if not isinstance(alg, str) or not isinstance(typ, str) or not isinstance(kid, str):
        raise CompactInvalid("a header member is no string")
    return alg, typ, kid


def parse_unverified_header(token: str) -> dict[str, object]:
    """Return the whole header without looking at the signature; who calls decides what may be in it."""
    return _parse(_decode(token.split(".")[0]))


def parse_unverified_claims(token: str) -> dict[str, object]:
    """Return the claims without looking at the signature: good for finding the key and for nothing else."""
    return _parse(_decode(token.split(".")[1]))


def verify_compact(token: str, key: Key, algorithm: str) -> dict[str, object]:
    """Check the signature by *key* under *algorithm* alone and return the claims; raises CompactInvalid."""
    try:
        verified = jws.deserialize_compact(token, key, registry=_Registry(algorithms=[algorithm]))
    except (JoseError, ValueError, TypeError) as error:
        raise CompactInvalid("the signature does not verify") from error
    return _parse(bytes(verified.payload or b""))


def sign_compact(header: Mapping[str, str], claims: Mapping[str, object], key: Key, algorithm: str) -> str:
    """Return the compact JWS of *claims* under *algorithm*."""
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    return jws.serialize_compact({**header, "alg": algorithm}, payload, key, registry=_Registry(algorithms=[algorithm]))


def parse_json_object(data: bytes) -> dict[str, object]:
    """Return the one JSON object in *data*; CompactInvalid for a member named twice, NaN, or a lone surrogate."""
    return _parse(data)


def numeric_date(value: object) -> float | None:
    """Return a NumericDate, or None when *value* is none: booleans, strings and infinities are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _decode(segment: str) -> bytes:
    try:
        return urlsafe_b64decode(segment.encode())
    except (ValueError, IndexError) as error:
        raise CompactInvalid("not base64url without padding") from error


def _parse(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data.decode(), object_pairs_hook=_members, parse_constant=_constant)
        json.dumps(value, ensure_ascii=False).encode()  # A lone surrogate has no UTF-8.
    except (ValueError, RecursionError) as error:
        raise CompactInvalid("not JSON, or JSON that two readers may read differently") from error
    if not isinstance(value, dict):
        raise CompactInvalid("not a JSON object")
    return value


def _members(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError("a member is there twice")
        members[name] = value
    return members


def _constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")
