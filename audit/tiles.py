"""C2SP tlog-tiles: paths, widths, hash tiles and entry bundles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.errors import EntryInvalid
from audit.merkle import HASH_SIZE, TILE_HEIGHT, TILE_WIDTH

ENTRIES = -1
"""The level that stands for entry bundles in a `Tile`."""
MAX_ENTRY = 0xFFFF
_PATH = re.compile(r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: its level (or ENTRIES), its number in the level, and how many hashes or entries it holds."""

    level: int
    number: int
    width: int = TILE_WIDTH

    @property
    def start(self) -> int:
        """The index, in the level, of the tile's first hash or entry."""
        return self.number * TILE_WIDTH

    @property
    def end(self) -> int:
        """The index after its last."""
        return self.start + self.width

    def path(self) -> str:
        """Return the path below the log's prefix: `tile/<L>/<N>[.p/<W>]`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_number_path(self.number)}{partial}"

    def exists_at(self, size: int) -> bool:
        """Return whether a log of *size* entries serves this tile. Narrower partials of a wider tile are served too."""
        count = size >> (TILE_HEIGHT * max(self.level, 0))
        return self.width > 0 and self.end <= count


def parse_tile_path(path: str) -> Tile:
    """Read a tile's path; raises ValueError for anything that `Tile.path` would not have written."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise ValueError("not a tile's path")
    level = ENTRIES if match[1] == "entries" else int(match[1])
    tile = Tile(level, int(match[2].replace("x", "").replace("/", "")), int(match[3]) if match[3] else TILE_WIDTH)
    if level > 63 or tile.width > TILE_WIDTH or tile.path() != path:
        raise ValueError("not a tile's path")
    return tile


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile of a log of *size* entries: full ones, and at each level the one partial if there is any."""
    yield from _level(ENTRIES, size)
    level = 0
    while count := size >> (TILE_HEIGHT * level):
        yield from _level(level, count)
        level += 1


def _level(level: int, count: int) -> Iterator[Tile]:
    full, rest = divmod(count, TILE_WIDTH)
    for number in range(full):
        yield Tile(level, number)
    if rest:
        yield Tile(level, full, rest)


def _number_path(number: int) -> str:
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    return "/".join(reversed(groups))


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length in two bytes, big-endian."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise EntryInvalid(f"an entry has at most {MAX_ENTRY} bytes")
        parts.append(len(entry).to_bytes(2, "big"))
        parts.append(entry)
    return b"".join(parts)


def unpack_bundle(bundle: bytes) -> list[bytes]:
    """Return the entries of a bundle; raises EntryInvalid when a length points outside it."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        start = at + 2
        end = start + int.from_bytes(bundle[at:start], "big")
        if start > len(bundle) or end > len(bundle):
            raise EntryInvalid("an entry bundle ends in the middle of an entry")
        entries.append(bundle[start:end])
        at = end
    return entries


def unpack_hashes(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile."""
    return [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]
