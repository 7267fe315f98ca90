"""Finding entries by the index: it knows people by tokens under keys of each year, which are looked up and never made.

What the index finds is opened, and only what was opened is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Protocol

from audit.keys import DataKey, DataKeys, KeyKind, KeyName, index_token
from audit.store import EntryRows, Head, LogReader
from audit.writing import year_of_origin
from gateway.disclosure.log_query import PLACE, BadQuery, Criteria, Query, Scope
from gateway.disclosure.opened import Opened, Opener


class SearchableReader(LogReader, Protocol):
    """Reads logs, and finds entries in their index, all in one snapshot."""

    def find(self, criteria: Criteria) -> Sequence[tuple[str, int]]:
        """Return where the entries stand that fit, newest first, at most `limit`."""
        ...

    def rows(self, origin: str, indexes: Sequence[int]) -> EntryRows:
        """Return the rows of some entries of one log, oldest first."""
        ...

    def systems(self) -> Collection[str]:
        """Return every partner system that ever asked."""
        ...


class SearchStore(Protocol):
    """Opens snapshots of the log that can be searched."""

    def read(self) -> AbstractContextManager[SearchableReader]:
        """Begin a snapshot."""
        ...


class LookedUpKeys(DataKeys, Protocol):
    """The store of data keys, asked without making any."""

    def get(self, name: KeyName) -> DataKey | None:
        """Return the key of a name, None when there is none or none any more."""
        ...


def criteria_of(
    reader: SearchableReader, keys: LookedUpKeys, query: Query, scope: Scope | None, heads: Collection[Head]
) -> Criteria:
    """Return a query as the index understands it. Raises BadQuery for a page that was not told of."""
    years = {year_of_origin(head.origin) for head in heads}
    subjects = actors = None
    if query.client is not None:
        subjects = _tokens(keys, "subject-year", [query.client], years)
    if query.person is not None:
        systems = [query.requester] if query.requester is not None else reader.systems()
        actors = _tokens(keys, "actor-year", [f"{system}/{query.person}" for system in systems], years)
    return Criteria(query, subjects, actors, scope, _place(query.after), query.count + 1)


def _tokens(
    keys: LookedUpKeys, kind: KeyKind, owners: Collection[str], years: Collection[int]
) -> Mapping[int, frozenset[str]]:
    """Return the tokens of owners in each year, as far as there is a key."""

    def of(year: int) -> Iterator[str]:
        for owner in owners:
            key = keys.get(KeyName(kind, owner, year))
            if key is not None:
                yield index_token(key, owner)

    return {year: frozenset(of(year)) for year in years}


def open_places(opener: Opener, reader: SearchableReader, places: Sequence[tuple[str, int]]) -> list[Opened]:
    """Return the entries at these places, which are grouped by log, in their order."""
    found: dict[tuple[str, int], Opened] = {}
    for origin, group in groupby(places, lambda place: place[0]):
        rows = reader.rows(origin, [index for _, index in group])
        found |= {(origin, one.index): one for one in opener.open_rows(origin, rows)}
    return [found[place] for place in places if place in found]


def _place(after: str | None) -> tuple[int, int] | None:
    if after is None:
        return None
    told = PLACE.fullmatch(after)
    if told is None:
        raise BadQuery("the page asked for is none that was told of")
    return int(told[1]), int(told[2])


def may_see(entry: Opened, scope: Scope | None) -> bool:
    """Return whether an officer of that scope may see an entry."""
    if scope is None:
        return True
    body, actor = entry.b or {}, entry.a or {}
    rows = [body]
    for name in ("documents", "grants", "rows"):
        listed = body.get(name)
        rows += [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    named = {row.get(key) for row in rows for key in ("recipient", "custodian")}
    for name in ("recipients", "custodians"):
        listed = body.get(name)
        named |= {one for one in listed if isinstance(one, str)} if isinstance(listed, list) else set()
    return bool(named & scope.services) or actor.get("system") in scope.systems
