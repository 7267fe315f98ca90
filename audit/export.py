"""Writing a log out as a C2SP tile folder: checkpoint, key, tiles and entry bundles, as any verifier reads them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from audit.checkpoint import Verifier
from audit.errors import AuditError
from audit.store import Head, LogReader
from audit.tiles import ENTRIES, Tile, pack_bundle, tiles_of


def folder_name(origin: str) -> str:
    """Return the name of an origin's folder: the origin with hyphens for slashes."""
    return origin.replace("/", "-")


def tile_bytes(reader: LogReader, origin: str, tile: Tile) -> bytes:
    """Return a tile's bytes; raises AuditError when the store does not hold all of it."""
    if tile.level == ENTRIES:
        rows = reader.leaves(origin, tile.start, tile.end)
        count, data = len(rows), pack_bundle([row.entry for row in rows])
    else:
        hashes = reader.hashes(origin, tile.level, tile.start, tile.end)
        count, data = len(hashes), b"".join(hashes)
    if count != tile.width:
        raise AuditError(f"log {origin} does not hold all of {tile.path()}")
    return data


def export_log(reader: LogReader, head: Head, verifier: Verifier, folder: Path, *, entries: bool = True) -> None:
    """Write one log into *folder*, which is made; the checkpoint comes last, so that it covers what is there.

    Full tiles that are there already are left as they are. Without *entries* only hashes are written, which may be
    public.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for tile in tiles_of(head.size):
        if tile.level == ENTRIES and not entries:
            continue
        path = folder / tile.path()
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, tile_bytes(reader, head.origin, tile))
    _write(folder / "log.vkey", f"{verifier.vkey()}\n".encode())
    _write(folder / "checkpoint", head.note)


def export_logs(
    reader: LogReader,
    verifier_of: Collection[Verifier],
    folder: Path,
    *,
    entries: bool = True,
) -> list[Path]:
    """Write every log for which there is a verifier, one folder for each origin; return the folders."""
    by_name = {verifier.name: verifier for verifier in verifier_of}
    written: list[Path] = []
    for head in reader.heads():
        verifier = by_name.get(head.origin)
        if verifier is not None:
            target = folder / folder_name(head.origin)
            export_log(reader, head, verifier, target, entries=entries)
            written.append(target)
    return written


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".new")
    partial.write_bytes(data)
    partial.replace(path)
