"""Is the log whole: what can be checked of it in a moment, however long it is, each time somebody reads their log.

1. each log's latest checkpoint bears a signature of ours, and its head leads to the signed root; 2. what this process
saw signed before is still the beginning of it; 3. each entry shown is in the signed tree, by its own bytes. Reading
every entry is `verify`'s work, and is not done here: whoever tells of this check says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from audit.checkpoint import Checkpoint, Verifier, verify_note
from audit.errors import ProofInvalid, SignatureInvalid
from audit.merkle import Frontier, Tree, leaf_hash, verify_consistency, verify_inclusion
from audit.store import Head, LogHashes, LogReader


class Snapshots(Protocol):
    """Opens snapshots of the logs."""

    def read(self) -> AbstractContextManager[LogReader]:
        """Begin a snapshot for reading."""
        ...


@dataclass(frozen=True, slots=True)
class Wholeness:
    """What the check found. `until` (microseconds) is when the last signed entry was written, None without any log.

    `entries` is how many the signed trees hold, `shown` how many of those asked about are in them by their own bytes.
    """

    sound: bool
    until: int | None
    entries: int
    shown: int
    faults: tuple[str, ...] = ()


class WholenessCheck:
    """Checks it. Remembers the checkpoints that it saw, so that no later one may contradict them."""

    def __init__(self, store: Snapshots, verifiers: Callable[[Head], Sequence[Verifier]]) -> None:
        self._store, self._verifiers = store, verifiers
        self._seen: dict[str, Checkpoint] = {}

    async def check(self, places: Collection[tuple[str, int]] = ()) -> Wholeness:
        """Return what stands now of every log, and of the entries at these places (origin, index)."""
        return await asyncio.to_thread(self._check, places)

    def _check(self, places: Collection[tuple[str, int]]) -> Wholeness:
        faults: list[str] = []
        shown = entries = 0
        # What was seen is taken before the snapshot begins: another check may see a later head meanwhile.
        seen = dict(self._seen)
        with self._store.read() as reader:
            heads = reader.heads()
            faults += [f"{origin}: there is no such log any more" for origin in _gone(seen, heads)]
            for head in heads:
                try:
                    # 1 and 2
                    checkpoint = self._checked(reader, head, seen.get(head.origin))
                    # 3
                    entries += checkpoint.size
                    shown += _included(reader, checkpoint, [index for origin, index in places if origin == head.origin])
                except (ProofInvalid, SignatureInvalid, ValueError) as error:
                    faults.append(f"{head.origin}: {error}")
        until = max((head.last_time for head in heads if head.size), default=None)
        return Wholeness(not faults, until, entries, shown, tuple(faults))

    def _checked(self, reader: LogReader, head: Head, before: Checkpoint | None) -> Checkpoint:
        now = verify_note(head.note, self._verifiers(head), head.origin)
        if now.size != head.size or Frontier.from_bytes(head.size, head.frontier).root() != now.root:
            raise ProofInvalid("the head is not the one that was signed")
        if before is not None and before.size > now.size:
            raise ProofInvalid(f"it has {now.size} entries and had {before.size}")
        if before is not None and before.size > 0:
            proof = Tree(LogHashes(reader, head.origin), now.size).consistency_proof(before.size)
            verify_consistency(before.size, before.root, now.size, now.root, proof)
        self._seen[head.origin] = now
        return now


def _gone(seen: Mapping[str, Checkpoint], heads: Sequence[Head]) -> list[str]:
    there = {head.origin for head in heads}
    return [origin for origin in seen if origin not in there]


def _included(reader: LogReader, checkpoint: Checkpoint, indexes: Sequence[int]) -> int:
    """Return how many there are of these entries; raises ProofInvalid for one that is altered or not there."""
    tree = Tree(LogHashes(reader, checkpoint.origin), checkpoint.size)
    for index in indexes:
        rows = reader.leaves(checkpoint.origin, index, index + 1)
        if not rows:
            raise ProofInvalid(f"entry {index} is not there")
        path = tree.inclusion_proof(index)
        verify_inclusion(leaf_hash(rows[0].entry), index, checkpoint.size, path, checkpoint.root)
    return len(indexes)
