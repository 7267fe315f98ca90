"""Entries of the log by place and by client, opened: for those who rebuild or explain. Reading, and no entry of it.

Whoever shows anything of it to somebody writes the entry of that look.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from audit.keys import KeyName, index_token
from audit.store import Head
from audit.writing import year_of, year_of_origin
from gateway.disclosure.log_finding import LookedUpKeys, SearchableReader, SearchStore
from gateway.disclosure.log_query import Criteria, Query
from gateway.disclosure.opened import Opened, Opener

Place = tuple[str, int]
"""An entry's log and index."""
_AT_MOST = 100_000


class History:
    """Reads in snapshots; called from a thread that may wait."""

    def __init__(self, store: SearchStore, keys: LookedUpKeys) -> None:
        self._store, self._keys = store, keys

    def place_of(self, event_id: str) -> Place | None:
        """Return where an event stands."""
        with self._store.read() as reader:
            return next(iter(reader.find_events([event_id]).values()), None)

    def entry(self, place: Place) -> Opened | None:
        """Return one entry; None where there is none."""
        origin, index = place
        with self._store.read() as reader:
            head = next((one for one in reader.heads() if one.origin == origin), None)
            if head is None or not 0 <= index < head.size:
                return None
            found = Opener(self._keys).open_rows(origin, reader.rows(origin, [index]))
            return found[0] if found else None

    def is_erased(self, client: str, since: int, until: int) -> bool:
        """Return whether a year between two instants (microseconds) in which there was a log has no key any more.

        A client's key for the log of each year is made before the first entry, so one that is missing was destroyed.
        """
        with self._store.read() as reader:
            years = {year_of_origin(head.origin) for head in reader.heads()}
        asked = (year for year in years if year_of(since) <= year <= year_of(until))
        return any(self._keys.get(KeyName("subject-year", client, year)) is None for year in asked)

    def of_client(
        self, client: str, kinds: Sequence[str], *, until: int | None = None, before: Place | None = None
    ) -> list[Opened]:
        """Return a client's entries of these kinds, oldest first; *until* is exclusive, in microseconds."""
        with self._store.read() as reader:
            heads = reader.heads()
            subjects = {year_of_origin(head.origin): self._token(client, head) for head in heads}
            query = Query(kinds=tuple(kinds), until=until)
            criteria = Criteria(query, subjects, None, None, _started(heads, before), _AT_MOST)
            return self._open(reader, criteria)

    def of_everyone(
        self, kinds: Sequence[str], *, since: int | None = None, until: int | None = None, before: Place | None = None,
        at_most: int = _AT_MOST,
    ) -> list[Opened]:  # fmt: skip
        """Return the entries of these kinds, oldest first: of partner systems, of rules."""
        with self._store.read() as reader:
            query = Query(kinds=tuple(kinds), since=since, until=until)
            criteria = Criteria(query, None, None, None, _started(reader.heads(), before), at_most)
            return self._open(reader, criteria)

    def _token(self, client: str, head: Head) -> frozenset[str]:
        key = self._keys.get(KeyName("subject-year", client, year_of_origin(head.origin)))
        return frozenset() if key is None else frozenset({index_token(key, client)})

    def _open(self, reader: SearchableReader, criteria: Criteria) -> list[Opened]:
        opener, found = Opener(self._keys), list(reader.find(criteria))[::-1]
        return [
            entry
            for origin, places in groupby(found, lambda one: one[0])
            for entry in sorted(
                opener.open_rows(origin, reader.rows(origin, [index for _, index in places])), key=lambda one: one.index
            )
        ]


def _started(heads: Sequence[Head], before: Place | None) -> tuple[int, int] | None:
    """Return a place as the index has it: by the number of its log."""
    return next(((head.started, before[1]) for head in heads if before and head.origin == before[0]), None)
