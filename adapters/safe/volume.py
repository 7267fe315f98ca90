"""A folder on another volume: the anchor, and the kept events in numbered files, each written durably and whole."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.anchor import Anchor
from audit.durable import write_durably
from audit.errors import AuditError

_ANCHOR = "anchor.json"
_EVENTS = "events"
_NONCE = 12


class SafeVolume:
    """The folder, and the key that kept events are sealed under: whoever has the volume alone reads nothing of them.

    Whatever the disk refuses raises OSError.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self._cipher = AESGCM(key)

    def create(self) -> None:
        """Make the folder and an empty anchor; one that is there stays. Other users are kept out."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / _EVENTS).mkdir(mode=0o700, exist_ok=True)
        with self.held():
            if not (self.folder / _ANCHOR).exists():
                self.write(Anchor())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the volume alone among all processes."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @property
    def is_open_to_others(self) -> bool:
        """Whether other users may enter the folder."""
        return bool(stat.S_IMODE(self.folder.stat().st_mode) & 0o077)

    def anchor(self) -> Anchor | None:
        """Return the anchor, None where none was made; raises AuditError for one that is damaged."""
        try:
            return Anchor.from_bytes((self.folder / _ANCHOR).read_bytes())
        except FileNotFoundError:
            return None

    def write(self, anchor: Anchor) -> None:
        """Replace the anchor."""
        write_durably(self.folder / _ANCHOR, anchor.to_bytes())

    def add(self, number: int, events: bytes) -> None:
        """Seal and store the events of one keeping as file *number*; the same number again replaces it."""
        name, nonce = _name(number), secrets.token_bytes(_NONCE)
        write_durably(self.folder / _EVENTS / name, nonce + self._cipher.encrypt(nonce, events, name.encode()))

    def events(self, count: int) -> Iterator[bytes]:
        """Yield what was stored in the files 1 to *count*, in order; raises AuditError where one is missing or altered.

        A file after these belongs to a keeping that nobody was told of, and is yielded too.
        """
        number = 1
        while number <= count or (self.folder / _EVENTS / _name(number)).exists():
            name = _name(number)
            try:
                sealed = (self.folder / _EVENTS / name).read_bytes()
                yield self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
            except FileNotFoundError:
                raise AuditError(f"{_EVENTS}/{name} is missing on the second volume") from None
            except (InvalidTag, ValueError):
                raise AuditError(
                    f"{_EVENTS}/{name} on the second volume does not open under the keys at hand"
                ) from None
            number += 1


def _name(number: int) -> str:
    return f"{number:09}.kept"
