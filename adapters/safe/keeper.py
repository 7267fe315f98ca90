"""The rollback guard: keeps heads and protective events on the second volume, and refuses a store that lost any.

What was kept is read back from the log itself: the same code keeps what was written a moment ago, what a process that
died had not kept yet, and, on a new volume, everything there ever was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar

import orjson

from adapters.safe.volume import SafeVolume
from audit.anchor import Anchor, verify_anchored
from audit.checkpoint import Verifier
from audit.entry import Draft
from audit.errors import AuditError, LogForked, NotKept
from audit.keys import DataKeys
from audit.store import Head, LogReader, LogStore
from gateway.consent.replaying import MAY_PROTECT, KeptEvent, protects
from gateway.disclosure.opened import Opener
from gateway.errors import RolledBack, SettingsError

C = TypeVar("C")
_AT_ONCE = 2048
WAY_OUT = (
    "Put the newest copy there is in its place; where this one is it, run `saattaen safe replay`, which brings back "
    "the withdrawals and prohibitions since then and begins a new log"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the second volume holds: its anchor, and each kept event once, in order."""

    anchor: Anchor
    events: tuple[KeptEvent, ...]


class SafeKeeper(Generic[C]):
    """Guards one store; see `audit.keeping.Keeper`. *verifier* returns the public keys of a log by its origin."""

    def __init__(
        self, volume: SafeVolume, store: LogStore[C], keys: DataKeys, verifiers: Callable[[str], Sequence[Verifier]]
    ) -> None:
        self.volume = volume
        self._store = store
        self._keys = keys
        self._verifiers = verifiers

    def protects(self, draft: Draft) -> bool:
        """Return whether an event takes something away from who may see."""
        return protects(draft.index.kind, draft.body)

    def keep(self) -> None:
        """Keep what the store holds beyond the anchor; raises NotKept or LogForked."""
        try:
            with self.volume.held():
                anchor = self._anchor()
                with self._store.read() as reader:
                    heads = reader.heads()
                    # Sizes alone would not do: a second history may have outgrown the anchor since the last keeping.
                    is_same = anchor.notes == {head.origin: head.note for head in heads}
                    forked = None if is_same else self._forked(reader, anchor)
                    events = [] if forked else [asdict(one) for one in self._beyond(reader, heads, anchor)]
                if forked is not None:
                    raise forked
                moved = anchor.advanced(heads, anchor.files + bool(events))
                if events:
                    self.volume.add(moved.files, orjson.dumps(events))
                if moved != anchor:
                    self.volume.write(moved)
        except OSError as error:
            raise NotKept(f"the second volume cannot be written: {error.strerror}") from error

    def create(self) -> None:
        """Make the anchor where there is none, and keep everything protective that the store holds."""
        self.volume.create()
        self.keep()

    def check(self) -> None:
        """Raise RolledBack unless the store leads on from the anchor; SettingsError when the volume is not usable."""
        try:
            if self.volume.is_open_to_others:
                raise SettingsError("The second volume's folder is open to others; make it the gateway's (chmod 0700).")
            anchor = self.volume.anchor()
        except OSError:
            raise SettingsError("The second volume (SAATTAEN_SAFE) cannot be read; is it mounted?") from None
        except AuditError as error:
            raise SettingsError(
                f"The second volume is damaged: {error}. Make a new one: `saattaen safe create`."
            ) from None
        if anchor is None:
            raise SettingsError(
                "The second volume (SAATTAEN_SAFE) has no anchor. Where it is new or was lost, and you know that the "
                "database is the newest, run `saattaen safe create`."
            )
        with self._store.read() as reader:
            forked = self._forked(reader, anchor)
        if forked is not None:
            raise RolledBack(f"Nothing is signed or served: {forked}. {WAY_OUT}.") from None

    def is_usable(self) -> bool:
        """Return whether the volume is there, the gateway's alone, and has a sound anchor; the store is not asked."""
        try:
            return not self.volume.is_open_to_others and self.volume.anchor() is not None
        except (OSError, AuditError):
            return False

    def is_led_on(self) -> bool:
        """Return whether the store leads on from the anchor."""
        try:
            self.check()
        except RolledBack:
            return False
        return True

    def known_size(self, origin: str) -> int:
        """Return how many entries of a log the volume's anchor knows; raises NotKept where there is no anchor."""
        return self._anchor().size(origin)

    def kept(self) -> Kept:
        """Return what the volume holds; raises AuditError where a part of it is missing, SettingsError for none."""
        anchor = self._anchor()
        events: dict[str, KeptEvent] = {}
        for stored in self.volume.events(anchor.files):
            for row in orjson.loads(stored):
                events.setdefault(row["event_id"], KeptEvent(**row))
        return Kept(anchor, tuple(events.values()))

    def accept(self) -> None:
        """Take the store as it is for the newest, once what was lost has been replayed."""
        with self.volume.held(), self._store.read() as reader:
            self.volume.write(self._anchor().after_restore(reader.heads()))
        self.keep()

    def _forked(self, reader: LogReader, anchor: Anchor) -> LogForked | None:
        """Return why the store does not lead on from the anchor; raised within the snapshot it would be told as a fault
        of the database."""
        try:
            verify_anchored(reader, anchor, [one for origin in anchor.notes for one in self._verifiers(origin)])
        except LogForked as error:
            return error
        return None

    def _anchor(self) -> Anchor:
        anchor = self.volume.anchor()
        if anchor is None:
            raise NotKept("the second volume has no anchor; run `saattaen safe create`")
        return anchor

    def _beyond(self, reader: LogReader, heads: Sequence[Head], anchor: Anchor) -> Iterator[KeptEvent]:
        opener = Opener(self._keys)
        for head in heads:
            for start in range(anchor.kept_to.get(head.origin, 0), head.size, _AT_ONCE):
                for event in reader.events(head.origin, start, min(start + _AT_ONCE, head.size)):
                    if event.row.kind not in MAY_PROTECT:
                        continue
                    for one in opener.read(reader, head, event.index, event.index + 1):
                        # Where a section was erased there is nobody left to protect.
                        body: Mapping[str, object] = one.b or {}
                        if protects(one.kind, body):
                            subject = dict(one.s or {})
                            yield KeptEvent(one.origin, one.index, one.event_id, one.t, one.kind, subject, dict(body))
