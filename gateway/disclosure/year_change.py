"""The first and last entries of a year's log: an ended log names its heir, a new one the old checkpoint and what is
open.

What is open (grants, prohibitions, relations) is carried over, an entry a client, so that a year's log can be judged by
the order law after the year before it was dropped.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from audit.entry import Draft, IndexRow
from audit.writing import Writing
from gateway.disclosure.ports import MAX_CLOCK_SKEW, Clock
from gateway.errors import ClockUntrusted

Carried = tuple[str, Mapping[str, object]]
"""A client, and its open grants, prohibitions and relations in the shape of their events' bodies."""


@dataclass(frozen=True, slots=True)
class YearChange:
    """Makes the entries of a roll-over (`audit.writing.Rollover`)."""

    open_records: Callable[[object, int], Iterable[Carried]]
    clock: Clock
    new_event_id: Callable[[], str]

    def end(self, tx: Writing[object], at: int, new_origin: str) -> list[Draft]:
        """Return the very last entry of the old log."""
        return [Draft(self.new_event_id(), IndexRow("log.end", "na"), {"next": new_origin})]

    def start(self, tx: Writing[object], at: int, old_origin: str | None, old_checkpoint: bytes | None) -> list[Draft]:
        """Return the first entries of the new log: the old one's checkpoint, then what is open, client by client.

        Raises ClockUntrusted when our clock and the database's differ: a wrong clock would open a wrong year for good.
        """
        skew = abs(self.clock.now() - self.clock.database_now(tx.connection))
        if skew > MAX_CLOCK_SKEW:
            raise ClockUntrusted("Our clock and the database's differ; set the clock right before a new log begins.")
        body: dict[str, object] = {"previous": old_origin}
        if old_checkpoint is not None:
            body["checkpoint"] = base64.b64encode(old_checkpoint).decode()
        drafts = [Draft(self.new_event_id(), IndexRow("log.start", "na"), body)]
        if old_origin is not None:
            drafts += [
                Draft(
                    self.new_event_id(), IndexRow("log.start", "na"), {"carried": dict(carried)}, {"client": client},
                    subject_owner=client,
                )
                for client, carried in self.open_records(tx.connection, at)
            ]  # fmt: skip
        return drafts
