"""The manifest of a copy: what lies beside it and tells what it is, so that nothing else is put back for it."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

MANIFEST = "manifest.json"
NAMES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
"""How the file of a copy is called, by the store that it is of."""
_VERSION = 1


class BackupFailed(Exception):
    """A copy cannot be made or put back; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a copy is: of which database, when, its digest, the schema and the log heads in it (none for data keys).

    `keks` are the key-encryption keys without which its data keys cannot be read; a copy of an older version of this
    program names none.
    """

    what: str
    at: str
    store: str
    file: str
    sha256: str
    schema: str | None
    checkpoints: Mapping[str, bytes]
    keks: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the manifest as JSON."""
        notes = {origin: b64encode(note).decode() for origin, note in self.checkpoints.items()}
        whole = {
            "v": _VERSION, "what": self.what, "at": self.at, "store": self.store, "file": self.file,
            "sha256": self.sha256, "schema": self.schema, "checkpoints": notes,
            "keks": list(self.keks),
        }  # fmt: skip
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Return the manifest of a copy, the copy's file compared with it; raises BackupFailed."""
        try:
            whole = orjson.loads((folder / MANIFEST).read_bytes())
            if whole["v"] != _VERSION:
                raise BackupFailed(f"The manifest in {folder} is of a version that this program does not know.")
            found = cls(
                whole["what"], whole["at"], whole["store"], whole["file"], whole["sha256"], whole["schema"],
                {origin: b64decode(note) for origin, note in whole["checkpoints"].items()},
                tuple(map(str, whole.get("keks", ()))),
            )  # fmt: skip
            if found.file != NAMES.get(found.store):
                raise BackupFailed(f"The manifest in {folder} names a file that no copy of ours has.")
            digest = digest_of(folder / found.file)
        except FileNotFoundError as error:
            raise BackupFailed(f"{folder} is no whole copy: {Path(error.filename).name} is missing.") from None
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            raise BackupFailed(f"The manifest in {folder} cannot be read.") from None
        if digest != found.sha256:
            raise BackupFailed(f"{folder / found.file} is not the file that its manifest tells of: take another copy.")
        return found


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
