"""Checks what a custodian signed: a partner import is a compact JWS by a key registered for the custodian's service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from adapters.tokens.compact import CompactInvalid, parse_json_object
from adapters.tokens.keys import parse_public_keys

TYPE = "saattaen-import+jws"
MAX_SIZE = 262_144
_HEADER = frozenset({"alg", "typ", "kid"})


class PartnerKeys(Protocol):
    """A partner system, as far as a signature asks."""

    @property
    def jwks(self) -> str: ...
    @property
    def suspended(self) -> bool: ...


class PartnerSeal:
    """Opens imports that partner systems signed. *find* gives a partner system by its id, *acts_for* its services."""

    def __init__(self, find: Callable[[str], PartnerKeys | None], acts_for: Callable[[str], Collection[str]]) -> None:
        self._find = find
        self._acts_for = acts_for

    def open(self, signed: str, service: str) -> Mapping[str, object] | None:
        """Return the signed claims, None for whatever does not verify; see `gateway.consent.ports.ImportSeal`.

        The claim `iss` names the partner system; it must be registered for *service* and not be suspended.
        """
        if len(signed) > MAX_SIZE or not signed.isascii() or signed.count(".") != 2:
            return None
        try:
            header, claims = (parse_json_object(urlsafe_b64decode(part.encode())) for part in signed.split(".")[:2])
            algorithm, issuer = str(header.get("alg")), claims.get("iss")
            if header.keys() != _HEADER or header["typ"] != TYPE or not isinstance(issuer, str):
                return None
            partner = self._find(issuer)
            if partner is None or partner.suspended or service not in self._acts_for(issuer):
                return None
            keys = parse_public_keys(partner.jwks)
            key = next(one for one in keys if one.kid == header["kid"] and one.takes(algorithm))
            verified = jws.deserialize_compact(signed, key.key, algorithms=[algorithm])
            return parse_json_object(bytes(verified.payload or b""))
        except (CompactInvalid, JoseError, ValueError, TypeError, IndexError, StopIteration):
            return None  # Evidence that does not hold is no evidence: the giving is refused as such.
