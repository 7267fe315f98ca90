"""One command at a time changes the keys in a folder: the folder is locked, and the system unlocks it with the
process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import SettingsError

BUSY = (
    "Another command changes the gateway's keys now, and this one has changed nothing. Wait until that one has ended, "
    "see `saattaen keys status`, and run this one again if it is still needed."
)
"""What the second of two operators is told."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let nobody else on this host change the keys in *folder* while the block runs. Raises SettingsError with BUSY
    where somebody does, and where there is no such folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SettingsError(f"The folder of keys {folder} cannot be opened: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(BUSY) from None
        yield
    finally:
        os.close(descriptor)
