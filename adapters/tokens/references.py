"""References to clients that one service can use and another cannot: our id, encrypted for the service."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.consent.model import ClientId


class ServiceReferences:
    """Makes and reads references of 64 hexadecimal digits: always the same one for a service and a client."""

    def __init__(self, key: bytes) -> None:
        """*key* is a secret of no less than 32 bytes."""
        self._cipher = AESSIV(HKDF(SHA256(), 64, None, b"reference of a client to a service").derive(key))

    def of(self, service: str, client: ClientId) -> str:
        """Return the reference by which *service* reaches a client."""
        return self._cipher.encrypt(bytes.fromhex(client), [service.encode()]).hex()

    def client(self, service: str, reference: str) -> ClientId | None:
        """Return whom a reference of *service* leads to; None for another service's, and for any other text."""
        try:
            return ClientId(self._cipher.decrypt(bytes.fromhex(reference), [service.encode()]).hex())
        except (ValueError, InvalidTag):
            return None
