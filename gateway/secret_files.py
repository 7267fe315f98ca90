"""Secrets that lie in a file of their own, which nobody but the gateway's user may read."""

from __future__ import annotations

import stat
from pathlib import Path

from pydantic import SecretStr

from gateway.errors import SettingsError


def read_secret(file: Path, name: str) -> SecretStr:
    """Return the secret in the file that the setting *name* names. Raises SettingsError where others may read it."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise SettingsError(f"{name}: the file is open to other users; close it: chmod go-rwx.")
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{name}: the file cannot be read.") from None
    if not secret:
        raise SettingsError(f"{name}: the file is empty.")
    return SecretStr(secret)
