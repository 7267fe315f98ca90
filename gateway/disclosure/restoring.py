"""The way out after an older copy of the database was put back: a new log, begun with what must not be lost.

Its first entry says that the log before it ended by a restore, and bears the checkpoints that were signed and are lost.
Then stands what is open, as at any roll-over; then every withdrawal, prohibition and other protective event since that
copy, once more and as entries of their own.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from audit.anchor import Lost
from audit.entry import Draft
from audit.writing import Writing
from gateway.consent.acting import Act, Office
from gateway.consent.model import Actor
from gateway.consent.replaying import KeptEvent, replay
from gateway.directory.instants import from_micros
from gateway.disclosure.year_change import YearChange

_GATEWAY = Actor(system="gateway")
ReplayPartner = Callable[[object, KeptEvent, int, Callable[[], str]], Draft | None]


@dataclass(slots=True)
class Replayed:
    """What became of the kept events: how many of each kind were done again, and how many had nobody to be done to."""

    done: dict[str, int] = field(default_factory=dict)
    nobody: int = 0


@dataclass(frozen=True, slots=True)
class Restoration:
    """Makes the first entries of the log that follows a restore; see `audit.writing.Rollover`."""

    years: YearChange
    office: Office
    lost: Sequence[Lost]
    events: Sequence[KeptEvent]
    """The protective events that the restored database lacks, in order."""
    replay_partner: ReplayPartner
    result: Replayed = field(default_factory=Replayed)

    def end(self, tx: Writing[object], at: int, new_origin: str) -> list[Draft]:
        """Return nothing: the log before this one gets no entry more."""
        return []

    def start(self, tx: Writing[object], at: int, old_origin: str | None, old_checkpoint: bytes | None) -> list[Draft]:
        """Return the first entries, having done again what they tell of."""
        first, *carried = self.years.start(tx, at, old_origin, old_checkpoint)
        lost = [{"origin": one.origin, "checkpoint": base64.b64encode(one.note).decode()} for one in self.lost]
        act = Act(self.office, _GATEWAY, tx.connection, from_micros(at), tx.order)
        self.result.done.clear()
        self.result.nobody = 0
        registered_anew: set[str] = set()
        for event in self.events:
            before = len(act.drafts)
            if event.kind.startswith("partner."):
                self._partner(act, event, at, registered_anew)
            else:
                replay(act, event)
            if len(act.drafts) > before:
                self.result.done[event.kind] = self.result.done.get(event.kind, 0) + 1
            elif _is_about_nobody(act, event):
                self.result.nobody += 1
        return [replace(first, body={**first.body, "restored": {"lost": lost}}), *carried, *act.drafts]

    def _partner(self, act: Act, event: KeptEvent, at: int, registered_anew: set[str]) -> None:
        partner, change = str(event.body["partner"]), event.body.get("change")
        if change == "registration":
            registered_anew.add(partner)
        if change == "resumed" and partner in registered_anew:
            return  # Its registration of that day is lost; somebody looks at it first.
        draft = self.replay_partner(act.connection, event, at, self.years.new_event_id)
        if draft is not None:
            act.drafts.append(draft)


def missing(events: Sequence[KeptEvent], found: Collection[str]) -> tuple[KeptEvent, ...]:
    """Return the kept events of which a database with the event ids *found* has neither the entry nor a repetition."""
    repeated = {
        (again["origin"], again["index"])
        for event in events
        if event.event_id in found and isinstance(again := event.body.get("replayed"), Mapping)
    }
    return tuple(
        one for one in events if one.event_id not in found and (one.origin, one.index) not in repeated
    )  # fmt: skip


def _is_about_nobody(act: Act, event: KeptEvent) -> bool:
    client = event.subject.get("client")
    return client is not None and act.office.stores.clients.standing(act.connection, client) is None
