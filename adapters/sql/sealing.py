"""Sealing what tells of a person: AES-256-GCM under the client's data key, bound to what it is and whose."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence

from cryptography.exceptions import InvalidTag

from audit.keys import DataKey, DataKeys, KeyName
from gateway.errors import StoreUnavailable

_NONCE = 12


class Sealing:
    """Seals and opens bytes for a client. Destroying the client's data key destroys all that was sealed under it."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys

    def seal(self, client: str, kind: str, plain: bytes) -> bytes:
        """Return key id, nonce and ciphertext in one; *kind* says what it is and opens as nothing else."""
        key = self._key(client)
        nonce, name = secrets.token_bytes(_NONCE), key.id.encode()
        return bytes([len(name)]) + name + nonce + key.cipher.encrypt(nonce, plain, _bound_to(client, kind))

    def open(self, client: str, kind: str, sealed: bytes) -> bytes | None:
        """Return what was sealed, None where its key was destroyed. Raises StoreUnavailable where it does not open."""
        key = self._keys.find(key_of(sealed))
        return None if key is None else open_under(key, client, kind, sealed)

    def open_each(self, kind: str, sealed: Sequence[tuple[str, bytes | None]]) -> list[bytes | None]:
        """Return what was sealed for each of these clients, as `open` does: each key is looked up once."""
        names = {key_of(one) for _, one in sealed if one is not None}
        keys = {name: self._keys.find(name) for name in names}
        opened: list[bytes | None] = []
        for client, one in sealed:
            key = None if one is None else keys[key_of(one)]
            opened.append(None if key is None or one is None else open_under(key, client, kind, one))
        return opened

    def make_log_keys(self, clients: Collection[str], year: int) -> None:
        """Make the keys under which the log of *year* will seal what tells of these clients, where they are missing.

        They are there before the first entry, so that this one costs what it costs about nobody.
        """
        self._keys.get_or_create([KeyName("subject-year", client, year) for client in clients])

    def _key(self, client: str) -> DataKey:
        name = KeyName("client-documents", client, 0)
        return self._keys.get_or_create([name])[name]


def key_of(sealed: bytes) -> str:
    """Return the id of the key that *sealed* opens under."""
    return sealed[1 : 1 + sealed[0]].decode()


def open_under(key: DataKey, client: str, kind: str, sealed: bytes) -> bytes:
    """Return what was sealed under *key*. Raises StoreUnavailable where it does not open."""
    start = 1 + sealed[0]
    nonce, content = sealed[start : start + _NONCE], sealed[start + _NONCE :]
    try:
        return key.cipher.decrypt(nonce, content, _bound_to(client, kind))
    except InvalidTag as error:
        raise StoreUnavailable(f"a sealed {kind} does not open under its key") from error


def _bound_to(client: str, kind: str) -> bytes:
    return f"saattaen-sealed/v1\n{kind}\n{client}".encode()
