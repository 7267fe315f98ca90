"""That a copy was made is an entry: copies hold everything, and whoever looks for the last one looks into the log."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.entry import Draft, IndexRow
from audit.keys import DataKeys
from audit.store import LogReader
from audit.writing import Writing
from gateway.disclosure.opened import Opener

_CHANGE = "backup"
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class BackupMade:
    """The entry of a copy, as an item of the log: who made it, the digests of its two files, the heads in it."""

    event_id: str
    by: str
    main: str
    data_keys: str
    checkpoints: Mapping[str, bytes]

    def apply(self, tx: Writing[object], at: int, /) -> tuple[None, Sequence[Draft]]:
        """Return the entry; no rows change."""
        notes = {origin: base64.b64encode(note).decode() for origin, note in self.checkpoints.items()}
        body = {"change": _CHANGE, "main": self.main, "data_keys": self.data_keys, "checkpoints": notes}
        return None, [Draft(self.event_id, IndexRow("config", "na"), body, actor={"operator": self.by})]


def last_backup(reader: LogReader, keys: DataKeys) -> int | None:
    """Return when the last copy was made (microseconds), None where the log tells of none."""
    opener = Opener(keys)
    for head in reversed(reader.heads()):
        for end in range(head.size, 0, -_AT_ONCE):
            rows = reader.events(head.origin, max(0, end - _AT_ONCE), end)
            for row in reversed([row for row in rows if row.row.kind == "config"]):
                for one in opener.read(reader, head, row.index, row.index + 1):
                    if (one.b or {}).get("change") == _CHANGE:
                        return one.t
    return None
