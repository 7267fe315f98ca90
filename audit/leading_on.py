"""Whether a log grew from a head that was seen before, told in the moment that there is under the head lock."""

from __future__ import annotations

from collections.abc import Sequence

from audit.errors import LogForked, ProofInvalid
from audit.merkle import TILE_WIDTH, Frontier, Tree, verify_consistency
from audit.store import Head, LogHashes, LogReader


def check_led_on(reader: LogReader, heads: Sequence[Head], seen: Head) -> None:
    """Raise LogForked unless the log of *seen* stands among *heads* and begins with everything that was seen of it.

    Where nobody else wrote, that is a comparison. What another process wrote is read as leaf hashes while it is little,
    else as a consistency proof.
    """
    head = next((one for one in heads if one.origin == seen.origin), None)
    if head is None or head.size < seen.size:
        have = 0 if head is None else head.size
        raise LogForked(
            f"log {seen.origin} has {have} entries and had {seen.size} a moment ago: the database has lost its end"
        )
    if not _leads_on(reader, head, seen):
        raise LogForked(f"log {seen.origin} is not the one that had {seen.size} entries a moment ago")


def _leads_on(reader: LogReader, head: Head, seen: Head) -> bool:
    if head.size == seen.size:
        return head.frontier == seen.frontier
    hashes = LogHashes(reader, seen.origin)
    try:
        before, now = (Frontier.from_bytes(one.size, one.frontier) for one in (seen, head))
        if head.size - seen.size <= TILE_WIDTH:
            for leaf in hashes.hashes(0, seen.size, head.size):
                before.push(leaf)
            return before.to_bytes() == now.to_bytes()
        if seen.size:
            proof = Tree(hashes, head.size).consistency_proof(seen.size)
            verify_consistency(seen.size, before.root(), head.size, now.root(), proof)
    except (ProofInvalid, ValueError):
        return False
    return True
