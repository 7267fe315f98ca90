"""Files that a crash leaves whole: the old one or the new one."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, whole: write, fsync, rename, fsync the folder."""
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    _sync(path.parent)


class Slots:
    """A file of two places, written in turn: one fdatasync a writing, and a crash leaves the one before whole."""

    SIZE = 1 << 17
    _HEAD = 44

    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if is_new:
            os.pwrite(self._file, bytes(2 * self.SIZE), 0)  # Later writings change no length, so fdatasync is enough.
            os.fsync(self._file)
            _sync(path.parent)
        self._number, self._data = self._newest()

    def read(self) -> bytes | None:
        """Return what was written last, None where nothing was; raises ValueError when neither place is whole."""
        return self._data

    def write(self, data: bytes) -> None:
        """Replace what is there; raises OSError, and ValueError for more than a place holds."""
        if len(data) > self.SIZE - self._HEAD:
            raise ValueError("it does not fit its place")
        body = (self._number + 1).to_bytes(8) + len(data).to_bytes(4) + data
        os.pwrite(self._file, sha256(body).digest() + body, ((self._number + 1) % 2) * self.SIZE)
        os.fdatasync(self._file)
        self._number, self._data = self._number + 1, data

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def _newest(self) -> tuple[int, bytes | None]:
        found: list[tuple[int, bytes | None]] = []
        is_blank = True
        for place in (0, 1):
            raw = os.pread(self._file, self.SIZE, place * self.SIZE)
            is_blank = is_blank and not any(raw[: self._HEAD])
            length = int.from_bytes(raw[40:44])
            body = raw[32 : self._HEAD + length]
            if len(body) == 12 + length and sha256(body).digest() == raw[:32]:
                found.append((int.from_bytes(body[:8]), body[12:]))
        if not found and not is_blank:
            raise ValueError("neither of its places is whole")
        return max(found, default=(0, None), key=lambda one: one[0])


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
