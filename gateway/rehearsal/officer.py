"""What the officer can open of the log with the gateway's keys: the entries that a step has left."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.disclosure.opened import Opened, Opener
from gateway.open_gateway import Gateway


def mark(gateway: Gateway) -> dict[str, int]:
    """Return how long each log is now."""
    with gateway.log_store.read() as reader:
        return {head.origin: head.size for head in reader.heads()}


def entries_since(gateway: Gateway, before: Mapping[str, int], kinds: frozenset[str]) -> list[Opened]:
    """Return the entries of these kinds that came since *before*, opened, in the log's order."""
    opener = Opener(gateway.keys)
    with gateway.log_store.read() as reader:
        return [
            entry
            for head in reader.heads()
            for entry in opener.read(reader, head, before.get(head.origin, 0), head.size)
            if entry.kind in kinds
        ]
