"""Where a tree is read from when it is verified: a store's rows, or an exported folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from audit.checkpoint import Checkpoint
from audit.errors import EntryInvalid
from audit.findings import Report
from audit.merkle import HASH_SIZE, TILE_WIDTH
from audit.store import LeafRow, LogReader
from audit.tiles import ENTRIES, Tile, tiles_of, unpack_bundle, unpack_hashes


class Source(Protocol):
    """What a tree is checked against. Missing things are None."""

    @property
    def hashes_only(self) -> bool:
        """Whether there are no entries at all, by intention."""
        ...

    def entries(self, start: int, end: int) -> Sequence[bytes | None]:
        """Return the entries [start, end)."""
        ...

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes | None]:
        """Return the hashes [start, end) of a level; level 0 are the leaves."""
        ...


class RowSource:
    """One log of a store as a source."""

    hashes_only = False

    def __init__(self, reader: LogReader, origin: str) -> None:
        self._reader = reader
        self._origin = origin
        self._read: tuple[int, int, dict[int, LeafRow]] = (0, 0, {})

    def entries(self, start: int, end: int) -> Sequence[bytes | None]:
        """Return the entries [start, end)."""
        rows = self._rows(start, end)
        return [rows[index].entry if index in rows else None for index in range(start, end)]

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes | None]:
        """Return the hashes [start, end) of a level; level 0 are the leaves."""
        if level == 0:
            rows = self._rows(start, end)
            return [rows[index].leaf if index in rows else None for index in range(start, end)]
        found = self._reader.hashes(self._origin, level, start, end)
        return [*found, *[None] * (end - start - len(found))]

    def _rows(self, start: int, end: int) -> dict[int, LeafRow]:
        if self._read[:2] != (start, end):  # Entries and leaves are asked for in turn; they are read once.
            self._read = (start, end, {row.index: row for row in self._reader.leaves(self._origin, start, end)})
        return self._read[2]


class FolderSource:
    """An exported folder as a source. Tiles that are missing or of a wrong length are told once."""

    def __init__(self, report: Report, folder: Path, checkpoint: Checkpoint) -> None:
        self._report = report
        self._folder = folder
        self._checkpoint = checkpoint
        self._tiles = {(tile.level, tile.number): tile for tile in tiles_of(checkpoint.size)}
        self.hashes_only = bool(checkpoint.size) and not (folder / "tile" / "entries").is_dir()

    def entries(self, start: int, end: int) -> Sequence[bytes | None]:
        """Return the entries [start, end)."""
        return [None] * (end - start) if self.hashes_only else self._read(ENTRIES, start, end)

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes | None]:
        """Return the hashes [start, end) of a level; level 0 are the leaves."""
        return self._read(level, start, end)

    def _read(self, level: int, start: int, end: int) -> Sequence[bytes | None]:
        result: list[bytes | None] = []
        for number in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
            tile = self._tiles[(level, number)]
            result.extend(self._tile(tile))
        offset = start % TILE_WIDTH
        return result[offset : offset + end - start]

    def _tile(self, tile: Tile) -> Sequence[bytes | None]:
        try:
            data = (self._folder / tile.path()).read_bytes()
            found = unpack_bundle(data) if tile.level == ENTRIES else unpack_hashes(data)
            if len(found) == tile.width and all(tile.level == ENTRIES or len(one) == HASH_SIZE for one in found):
                return found
            what = f"it should hold {tile.width} items"
        except OSError:
            what = "it cannot be read"
        except EntryInvalid as error:
            what = str(error)
        self._report.found(self._checkpoint.origin, tile.path(), what)
        return [None] * tile.width
