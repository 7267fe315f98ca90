"""Partner systems as the register has them, where the log's last word of each says the same: who else gets no token.

Whoever has the database alone could put a key of their own under a partner's id; they cannot write an entry of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar

from gateway.disclosure.opened import Opened
from gateway.disclosure.order_partners import Registered, Registration, differing_partners, registration
from gateway.disclosure.section_fields import Malformed, text

READ_AGAIN: Final = timedelta(seconds=60)
"""After so long the log is read on, even where the register says what it said. Where it does not, that is at once."""
_KINDS: Final = ("partner.added", "partner.changed", "partner.suspended")
_AT_MOST: Final = 100_000
_TRIES: Final = 3
"""A change is committed with its entry, and the two are read one after the other: a difference is looked at again."""

P = TypeVar("P")


class PartnerEntries(Protocol):
    """Reads entries about partner systems: `gateway.disclosure.history.History`."""

    def of_everyone(self, kinds: Sequence[str], *, since: int | None = None, at_most: int = ...) -> list[Opened]:
        """Return the newest entries of these kinds since an instant in microseconds, oldest first."""
        ...


class Register(Protocol[P]):
    """The register of partner systems."""

    def find(self, partner: str) -> P | None:
        """Return the partner system of that id, suspended or not."""
        ...

    def as_registered(self, partner: P) -> Registered:
        """Return it with what the log tells of such a one."""
        ...


class LogsWord:
    """The log's last word of each partner system, read on from where the last reading ended. Threads may share it."""

    def __init__(self, entries: PartnerEntries) -> None:
        self._entries = entries
        self._lock = Lock()
        self._said: dict[str, Registration] = {}
        self._all_known = True
        self._since: int | None = None

    def read_on(self) -> None:
        """Take in what was written since. Raises StoreUnavailable."""
        with self._lock:
            # An instant may hold several entries: those of the last one are taken in once more, to the same effect.
            found = self._entries.of_everyone(_KINDS, since=self._since, at_most=_AT_MOST)
            self._all_known = self._all_known and len(found) < _AT_MOST
            for entry in found:
                self._since = entry.t
                self._take(entry)

    def differing(self, *register: Registered) -> Iterator[tuple[str, str]]:
        """Yield those of *register* of which the log says otherwise, each with what is wrong; others are not told."""
        said = {row.id: self._said[row.id] for row in register if row.id in self._said}
        return differing_partners(said, register, all_known=self._all_known)

    def _take(self, entry: Opened) -> None:
        try:
            if entry.b is None:
                self._all_known = False
                return
            partner = text(entry.b, "partner")
            self._said[partner] = registration(self._said.get(partner, Registration()), entry.kind, entry.b)
        except Malformed:
            self._all_known = False


class LoggedPartners(Generic[P]):
    """Finds partner systems for whoever checks what they signed. *doubted* is told of one that is not found because the
    log says otherwise of it than the register, with what is wrong."""

    def __init__(
        self, register: Register[P], word: LogsWord, now: Callable[[], datetime], doubted: Callable[[str, str], None]
    ) -> None:
        self._register, self._word, self._now, self._doubted = register, word, now, doubted
        self._read: datetime | None = None

    def find(self, partner: str) -> P | None:
        """Return the partner system, suspended or not; None where there is none that the log knows as it stands.

        Raises StoreUnavailable.
        """
        fault = ""
        for _ in range(_TRIES):
            found = self._register.find(partner)
            if found is None:
                return None
            if self._read is None or fault or abs(self._now() - self._read) > READ_AGAIN:
                self._word.read_on()
                self._read = self._now()
            fault = next((what for _, what in self._word.differing(self._register.as_registered(found))), "")
            if not fault:
                return found
        self._doubted(partner, fault)
        return None
