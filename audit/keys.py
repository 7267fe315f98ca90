"""The keys that sealed sections live and die by: one a person and year, so that destroying it erases them.

The store of keys is elsewhere; this is what the log asks of it.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KeyKind = Literal["subject-year", "actor-year", "client-documents"]
_TOKEN_INFO = b"saattaen-index/v1"


class KeyName(NamedTuple):
    """Whose key, for what, and of which year."""

    kind: KeyKind
    owner: str
    year: int


class DataKey:
    """An unwrapped data key; it prints as its id and nothing else."""

    __slots__ = ("_index_key", "_secret", "_token", "cipher", "id")

    def __init__(self, key_id: str, secret: bytes) -> None:
        if len(secret) != 32:
            raise ValueError("a data key has 32 bytes")
        self.id = key_id
        self.cipher = AESGCM(secret)
        self._secret = secret
        self._index_key: bytes | None = None
        self._token = ("", "")

    def token(self, owner: str) -> str:
        """Return the index token of an owner under this key; a key has one owner, whose token is remembered."""
        known, token = self._token
        if known != owner or not token:
            if self._index_key is None:  # HKDF-SHA-256 without salt, one block.
                extracted = hmac.digest(bytes(32), self._secret, "sha256")
                self._index_key = hmac.digest(extracted, _TOKEN_INFO + b"\x01", "sha256")
            token = hmac.digest(self._index_key, owner.encode(), "sha256").hex()
            self._token = (owner, token)
        return token

    def __repr__(self) -> str:
        return f"DataKey({self.id})"


def index_token(key: DataKey, owner: str) -> str:
    """Return the name under which the index knows an owner in the year of the key. It dies with the key."""
    return key.token(owner)


class DataKeys(Protocol):
    """The store of data keys."""

    def get_or_create(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey]:
        """Return the keys of these names; those made now are durable before this returns."""
        ...

    def find(self, key_id: str) -> DataKey | None:
        """Return the key of this id, None when it was destroyed; raises when it is there and does not unwrap."""
        ...

    def find_all(self, key_ids: Collection[str]) -> Mapping[str, DataKey]:
        """Return the keys of these ids by id, without those that were destroyed; raises as `find` does."""
        ...
