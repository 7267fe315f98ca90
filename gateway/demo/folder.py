"""The demo's own folder: marked as one, held by one demo at a time, and the only thing that a reset deletes."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import SettingsError

MARK = ".saattaen-demo"
_WORDS = "Data of a Saattaen demo. Everything in this folder is invented and may be deleted (make demo RESET=1).\n"


@contextmanager
def held(folder: Path, *, reset: bool = False) -> Iterator[bool]:
    """Make the demo's folder or find it again, and hold it for as long as the demo runs; yield whether it is new.

    With *reset* it is emptied first. Raises SettingsError for a folder that is not a demo's, or that a running demo
    holds; nothing in it is touched then.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise SettingsError(f"{folder} is not a folder of its own; move it away or name another one.")
    has_content = folder.exists() and any(folder.iterdir())
    if has_content and not (folder / MARK).is_file():
        raise SettingsError(f"{folder} holds something that is not a demo's, so it is left alone; move it away first.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / MARK).open("a+") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(f"A demo is running on {folder}; stop it first.") from None
        if reset:
            _empty(folder)
        is_new = not (folder / "keys").exists()
        mark.truncate(0)
        mark.write(_WORDS)
        mark.flush()
        yield is_new


def _empty(folder: Path) -> None:
    for inside in folder.iterdir():
        if inside.name == MARK:
            continue
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        else:
            inside.unlink()
