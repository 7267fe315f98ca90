"""Signing receipts, and verifying one offline: the JWS and a JWK Set are all that is needed."""

from __future__ import annotations

from collections.abc import Mapping

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key
from joserfc.util import urlsafe_b64decode

from adapters.tokens.compact import CompactInvalid, parse_json_object
from gateway.consent.receipt import TYPE
from gateway.errors import RequestInvalid, SettingsError

ALGORITHM = "ES256"
MAX_SIZE = 262_144
_HEADER = frozenset({"alg", "typ", "kid"})


class ReceiptInvalid(RequestInvalid):
    """Not a receipt that one of these keys has signed. The text says what to do and holds nothing of the receipt."""


class JwsReceiptSigner:
    """Signs with our ES256 keys for receipts, by kid. The current one signs; the others stay published, since receipts
    live long."""

    def __init__(self, current: str, private: Mapping[str, Mapping[str, str]]) -> None:
        self.renew(current, private)

    def renew(self, current: str, private: Mapping[str, Mapping[str, str]]) -> None:
        """Use other keys from now on."""
        keys = {kid: ECKey.import_key({**row, "kid": kid}) for kid, row in private.items()}
        if current not in keys or not all(key.is_private for key in keys.values()):
            raise SettingsError("the current key for receipts is missing; make a new one")
        self._using = (current, keys)

    def sign(self, payload: bytes) -> str:
        """Return the compact JWS over *payload*; see `gateway.consent.receipt.ReceiptSigner`."""
        current, keys = self._using
        header = {"alg": ALGORITHM, "kid": current, "typ": TYPE}
        return jws.serialize_compact(header, payload, keys[current], algorithms=[ALGORITHM])

    def jwks(self) -> dict[str, object]:
        """Return the public halves, to be published and kept beside receipts."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
                for kid, key in self._using[1].items()
            ]
        }


def verify_receipt(receipt: str, jwks: bytes) -> dict[str, object]:
    """Return the content of a compact JWS that a key of the JWK Set has signed. Needs no network.

    1. The header names ES256, our type and a key, and nothing else. 2. The set holds that key, a P-256 one. 3. The
    signature verifies. 4. The content is one JSON object. Raises ReceiptInvalid.
    """
    token = receipt.strip()
    if len(token) > MAX_SIZE or not token.isascii() or token.count(".") != 2:
        raise ReceiptInvalid("this is no receipt: a compact JWS has three parts")
    try:
        # 1. The header.
        header = parse_json_object(urlsafe_b64decode(token.split(".")[0].encode()))
        if header.keys() != _HEADER or header["alg"] != ALGORITHM or header["typ"] != TYPE:
            raise ReceiptInvalid("this is no receipt: its header is another one's")
        # 2. The key.
        key = _find(jwks, header["kid"])
        # 3. The signature.
        verified = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
        # 4. The content.
        return parse_json_object(bytes(verified.payload or b""))
    except (CompactInvalid, JoseError, ValueError, TypeError, IndexError) as error:
        raise ReceiptInvalid("the signature does not verify: do not trust this receipt") from error


def _find(jwks: bytes, kid: object) -> Key:
    rows = parse_json_object(jwks).get("keys")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and row.get("kid") == kid and (row.get("kty"), row.get("crv")) == ("EC", "P-256"):
            return ECKey.import_key(row)
    raise ReceiptInvalid("the key set does not hold the key that the receipt names")
