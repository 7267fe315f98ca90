"""Which directory and which policies judge now: a change of either is an entry, and forces every open judgement
anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from audit.entry import Draft, IndexRow
from audit.writing import Writing


class WorldStore(Protocol):
    """Keeps the digests in use, inside the write transaction."""

    def current(self, connection: object) -> tuple[str, str]:
        """Return (directory digest, policy revision) as last recorded."""
        ...

    def record(self, connection: object, directory: str, policy: str) -> None:
        """Record both."""
        ...


@dataclass(frozen=True, slots=True)
class WorldChange:
    """The item that records what this gateway judges by; it writes nothing where nothing has changed."""

    store: WorldStore
    directory: str
    policy: str
    new_event_id: Callable[[], str]

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Compare, and write an entry for each that differs."""
        directory, policy = self.store.current(tx.connection)
        drafts = []
        if directory != self.directory:
            drafts.append(self._draft("directory", directory, self.directory))
        if policy != self.policy:
            drafts.append(self._draft("policy", policy, self.policy))
        if drafts:
            self.store.record(tx.connection, self.directory, self.policy)
        return None, drafts

    def _draft(self, kind: str, old: str, new: str) -> Draft:
        return Draft(self.new_event_id(), IndexRow(kind, "na"), {"old": old, "new": new})
