"""The ring of a gateway that serves, which others may replace meanwhile."""

from __future__ import annotations

from pathlib import Path

from adapters.keyring.files import ROTATING, SINGLE
from adapters.keyring.ring import KeyRing


class LiveKeys:
    """The keys of a gateway that serves: the files are looked at again, and read again when one has changed."""

    def __init__(self, folder: Path, *, demo: bool) -> None:
        """Load the ring. Raises SettingsError as `KeyRing.load` does."""
        self._folder, self._demo = folder, demo
        # Before the files are read: what is replaced meanwhile is seen at the next look.
        self._stamp = self._now()
        self.ring = KeyRing.load(folder, demo=demo)

    def renewed(self) -> KeyRing | None:
        """Return the ring when a file has changed since, else None. Raises SettingsError, and the old ring stands."""
        now = self._now()
        if now == self._stamp:
            return None
        ring = KeyRing.load(self._folder, demo=self._demo)
        self._stamp, self.ring = now, ring
        return ring

    def _now(self) -> tuple[tuple[int, int], ...]:
        # Each writing of a file makes a new one: its number changes even where the time does not.
        found = (self._folder / f"{kind}.json" for kind in (*ROTATING, *SINGLE))
        return tuple((one.stat().st_ino, one.stat().st_mtime_ns) if one.exists() else (0, 0) for one in found)
