"""Data keys without a database."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from audit.keys import DataKey, KeyName


@dataclass
class MemoryKeys:
    """A store of data keys; `destroy` is erasure."""

    keys: dict[KeyName, DataKey] = field(default_factory=dict)

    def get_or_create(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey]:
        """Return the keys of these names, making those that are missing."""
        for name in names:
            if name not in self.keys:
                self.keys[name] = DataKey(secrets.token_hex(16), secrets.token_bytes(32))
        return {name: self.keys[name] for name in names}

    def find(self, key_id: str) -> DataKey | None:
        """Return the key of this id."""
        return next((key for key in self.keys.values() if key.id == key_id), None)

    def find_all(self, key_ids: Collection[str]) -> Mapping[str, DataKey]:
        """Return the keys of these ids."""
        return {key.id: key for key in self.keys.values() if key.id in key_ids}

    def destroy(self, owner: str) -> None:
        """Destroy an owner's keys."""
        self.keys = {name: key for name, key in self.keys.items() if name.owner != owner}
