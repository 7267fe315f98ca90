"""Which database the demo's data lies in: a file in its folder, unless another one was named when it began."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.errors import SettingsError

_NAMED = "database.url"


def store_of(folder: Path) -> str:
    """Return the URL of the demo's main database."""
    named = folder / _NAMED
    return named.read_text("utf-8").strip() if named.exists() else f"sqlite:///{folder / 'saattaen.db'}"


def name_store(folder: Path, url: str | None, *, is_new: bool) -> None:
    """Keep to the database that the demo began with, and begin with *url* where the demo is new.

    Raises SettingsError for another one than that: the folder's keys belong to their database.
    """
    if url is None or url == store_of(folder):
        return
    if not is_new:
        raise SettingsError(
            "This demo began on another database; RESET=1 starts afresh, on an empty database of yours."
        )
    descriptor = os.open(folder / _NAMED, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as named:
        named.write(url + "\n")
