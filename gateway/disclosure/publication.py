"""What of the log may leave: checkpoints, tiles of hashes, proofs, and to a party the opening of its own releases."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import orjson

from audit.entry import Opening, pack_openings, parse_entry, unseal
from audit.errors import AuditError
from audit.keys import DataKeys
from audit.log import Log
from audit.store import Head, LogReader, LogStore
from audit.tiles import ENTRIES, parse_tile_path

C = TypeVar("C")
T = TypeVar("T")
_RELEASES = frozenset({"disclosure", "search", "custodian.read"})


class Publication(Generic[C]):
    """Serves the log from snapshots of its store; see `gateway.http.audit_routes.LogPublisher`."""

    def __init__(self, store: LogStore[C], log: Log[C], keys: DataKeys, name: str) -> None:
        self._store, self._log, self._keys, self._name = store, log, keys, name

    async def checkpoint(self, year: str) -> bytes | None:
        """Return the latest signed checkpoint of a year's log."""
        return await self._of(year, lambda reader, head: head.note)

    async def tile(self, year: str, path: str) -> bytes | None:
        """Return a tile of hashes; entries are not published."""
        try:
            tile = parse_tile_path(path)
        except ValueError:
            return None
        if tile.level == ENTRIES:
            return None

        def read(reader: LogReader, head: Head) -> bytes | None:
            if not tile.exists_at(head.size):
                return None
            return b"".join(reader.hashes(head.origin, tile.level, tile.start, tile.end))

        return await self._of(year, read)

    async def proof(self, year: str, index: int) -> bytes | None:
        """Return an entry's inclusion proof under the latest checkpoint, without its opening."""
        return await self._receipt(year, index, None)

    async def consistency(self, year: str, old: int, new: int) -> list[str] | None:
        """Return the proof that the tree of size *old* is a prefix of that of size *new*."""
        try:
            hashes = await self._log.consistency_proof(self._origin(year), old, new)
        except AuditError:
            return None
        return [base64.b64encode(one).decode() for one in hashes]

    async def opening(self, year: str, index: int, service: str) -> bytes | None:
        """Return proof and opening of a release, to the recipient actor and body, to its custodian the body alone."""

        def read(reader: LogReader, head: Head) -> bytes | None:
            leaves = reader.leaves(head.origin, index, index + 1)
            events = reader.events(head.origin, index, index + 1)
            if not leaves or not events or events[0].row.kind not in _RELEASES or events[0].row.outcome != "permit":
                return None
            commitments = parse_entry(leaves[0].entry).commitments
            opened: dict[str, Opening] = {}
            for _, sealed in reader.sealed(head.origin, index, index + 1):
                key = self._keys.find(sealed.key_id)
                if key is not None:
                    commitment = commitments[sealed.section]
                    opened[sealed.section] = unseal(sealed, commitment, key, head.origin, events[0].event_id)
            shown = _shown(opened, service)
            return pack_openings(leaves[0].entry, shown) if shown else None

        extra = await self._of(year, read)
        return None if extra is None else await self._receipt(year, index, extra)

    async def vkeys(self) -> bytes:
        """Return the verifier keys of each log, a line each, the current one first."""

        def read() -> bytes:
            with self._store.read() as reader:
                keys = [one for head in reader.heads() for one in self._log.verifiers(head.origin)]
            return "".join(f"{one.vkey()}\n" for one in keys).encode()

        # The store is read, and a signing process of its own is asked, which may hang.
        return await asyncio.to_thread(read)

    async def _receipt(self, year: str, index: int, extra: bytes | None) -> bytes | None:
        try:
            return (await self._log.receipt(self._origin(year), index, extra=extra)).to_text()
        except AuditError:
            return None

    async def _of(self, year: str, read: Callable[[LogReader, Head], T | None]) -> T | None:
        def snapshot() -> T | None:
            with self._store.read() as reader:
                head = _head(reader.heads(), self._origin(year))
                return None if head is None else read(reader, head)

        return await asyncio.to_thread(snapshot)

    def _origin(self, year: str) -> str:
        return f"{self._name}/audit/{year}"


def _head(heads: Sequence[Head], origin: str) -> Head | None:
    return next((head for head in heads if head.origin == origin), None)


def _shown(opened: dict[str, Opening], service: str) -> tuple[Opening, ...]:
    """Return what *service* may see. The subject section is nobody's but the client's and the officer's."""
    if "b" not in opened:
        return ()
    body = orjson.loads(opened["b"].plaintext)
    documents = body.get("documents", [])
    if not documents:
        # Nothing was released: what a search did not find is opened as little as what it was refused.
        return ()
    if body.get("recipient") == service:
        return tuple(opened[name] for name in ("a", "b") if name in opened)
    if {row["custodian"] for row in documents} == {service}:
        return (opened["b"],)
    return ()
