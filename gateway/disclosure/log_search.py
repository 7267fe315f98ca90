"""Looking into the log: the officer's search, and the client's own log. Each look is itself an entry.

The index knows people by tokens under keys of each year; the keys are looked up and never made to find anyone. What the
index finds is opened, and only the opened sections are shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Protocol

from audit.entry import Draft, IndexRow, Opening, pack_openings
from audit.keys import DataKey, DataKeys, KeyKind, KeyName, index_token
from audit.proof import LogProof
from audit.store import EntryRows, Head, LogReader
from audit.writing import Writing, year_of_origin
from gateway.disclosure.accounts import CONTEXT, TOLD
from gateway.disclosure.looking import THE_CLIENT, Looker, tell_look
from gateway.disclosure.opened import Opened, Opener
from gateway.disclosure.ports import LogWriter

PAGE = 50
MAX_PAGE = 1000
_CONTEXT_AT_MOST = 2000


@dataclass(frozen=True, slots=True)
class Scope:
    """What an officer may see: entries in which one of these services is custodian or recipient, or one of these
    systems asked or captured."""

    services: frozenset[str]
    systems: frozenset[str]


@dataclass(frozen=True, slots=True)
class Officer:
    """A data protection officer, signed in. `scope` is None for the operator's, who sees every entry."""

    id: str
    name: str | None = None
    organisation: str | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the log; None is any. Instants in microseconds, `until` exclusive. `client` is our id.

    `after` is where the last page ended, as it told.
    """

    client: str | None = None
    requester: str | None = None
    recipient: str | None = None
    custodian: str | None = None
    person: str | None = None
    category: str | None = None
    outcome: str | None = None
    basis: str | None = None
    kinds: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    after: str | None = None
    count: int = PAGE


@dataclass(frozen=True, slots=True)
class Criteria:
    """A query as the index understands it. `before` is (number of the log, index).

    Tokens are by the year of the log that they stand in; None is any person, and a year without tokens nobody.
    """

    query: Query
    subjects: Mapping[int, frozenset[str]] | None
    actors: Mapping[int, frozenset[str]] | None
    scope: Scope | None
    before: tuple[int, int] | None
    limit: int


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


class Receipts(Protocol):
    """Makes receipts: `audit.log.Log`."""

    async def receipt(self, origin: str, index: int, *, extra: bytes | None = None) -> LogProof:
        """Return a receipt for an entry under the latest checkpoint."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Entries newest first, each with its place (the proof is made on demand), and where the next page begins.

    `context` are the client's entries that others refer to (what a consent covered), of a client's own log alone.
    """

    entries: Sequence[Opened]
    more: str | None
    context: Sequence[Opened] = ()


class BadQuery(ValueError):
    """The query cannot be asked; the message says why and names nobody."""


class LogSearch:
    """Searches the log for officers and clients, and writes each look into it."""

    def __init__(
        self,
        store: SearchStore,
        keys: LookedUpKeys,
        log: LogWriter,
        receipts: Receipts,
        new_event_id: Callable[[], str],
    ) -> None:
        self._store, self._keys, self._log, self._receipts = store, keys, log, receipts
        self._new_event_id = new_event_id

    async def search(self, query: Query, officer: Officer) -> Page:
        """Return a page of what the officer may see, after the entry of this look stands. Raises BadQuery."""
        page = await asyncio.to_thread(self._find, query, officer.scope)
        asked = {key: value for key, value in asdict(query).items() if key != "client" and value not in (None, ())}
        body = {"query": asked, "found": len(page.entries), "by": "officer", "organisation": officer.organisation}
        subject = {} if query.client is None else {"client": query.client}
        actor = {"person": officer.id, "name": officer.name, "organisation": officer.organisation, "role": "officer"}
        await self._tell(Draft(
            self._new_event_id(), IndexRow("audit.read", "na"), body, subject, actor,
            subject_owner=query.client, actor_owner=f"officer/{officer.id}",
        ))  # fmt: skip
        return page

    async def of_worker(
        self, system: str, person: str, name: str | None, *, after: str | None = None, count: int = PAGE
    ) -> Page:
        """Return a page of what a worker did through a system, after the entry of this look stands. Raises BadQuery."""
        query = Query(requester=system, person=person, after=after, count=count)
        page = await asyncio.to_thread(self._find, query, None)
        body = {"found": len(page.entries), "by": "worker"}
        actor = {"system": system, "person": person, "name": name}
        await self._tell(Draft(
            self._new_event_id(), IndexRow("audit.read", "na", requester=system), body, {}, actor,
            actor_owner=f"{system}/{person}",
        ))  # fmt: skip
        return page

    async def own(
        self, client: str, *, since: int | None = None, until: int | None = None, recipient: str | None = None,
        category: str | None = None, outcome: str | None = None, after: str | None = None, count: int = PAGE,
        kinds: Sequence[str] = TOLD, looker: Looker = THE_CLIENT,
    ) -> Page:  # fmt: skip
        """Return a page of a client's own log, after the entry of this look stands: without the actors' sections.

        The client's entries alone are gone through, whatever else is asked of them. Raises BadQuery.
        """
        query = Query(
            client=client, recipient=recipient, category=category, outcome=outcome, since=since, until=until,
            after=after, count=count, kinds=tuple(kinds),
        )  # fmt: skip
        page = await asyncio.to_thread(self._find, query, None, with_context=True)
        asked = {"since": since, "until": until, "recipient": recipient, "category": category, "outcome": outcome}
        body = {"found": len(page.entries)} | {key: value for key, value in asked.items() if value is not None}
        await tell_look(self._log, self._new_event_id(), looker, client, "own-log", body)
        return Page([_without_actor(one) for one in page.entries], page.more, page.context)

    async def receipt(self, origin: str, index: int, officer: Officer) -> str | None:
        """Return the receipt of an entry with all its openings; None where the officer may not see such an entry."""
        return await self._receipt(origin, index, lambda entry: may_see(entry, officer.scope), "sab")

    async def own_receipt(self, origin: str, index: int, client: str) -> str | None:
        """Return the client's receipt of an entry, without the opening of who acted; None for another's entry."""
        return await self._receipt(origin, index, lambda entry: entry.client == client, "sb")

    async def _receipt(self, origin: str, index: int, allowed: Callable[[Opened], bool], shown: str) -> str | None:
        extra = await asyncio.to_thread(self._openings, origin, index, allowed, shown)
        return None if extra is None else (await self._receipts.receipt(origin, index, extra=extra)).to_text().decode()

    def _openings(self, origin: str, index: int, allowed: Callable[[Opened], bool], shown: str) -> bytes | None:
        opener = Opener(self._keys)
        with self._store.read() as reader:
            head = next((one for one in reader.heads() if one.origin == origin), None)
            if head is None or not 0 <= index < head.size:
                return None
            found = opener.openings(reader, origin, index)
            if found is None or not all(map(allowed, opener.read(reader, head, index, index + 1))):
                return None
        entry, openings = found
        chosen: tuple[Opening, ...] = tuple(one for one in openings if one.section in shown)
        return pack_openings(entry, chosen)

    async def _tell(self, draft: Draft) -> None:
        await self._log.submit(_Look(draft))

    # Finding.

    def _find(self, query: Query, scope: Scope | None, *, with_context: bool = False) -> Page:
        if not 1 <= query.count <= MAX_PAGE:
            raise BadQuery(f"a page has one to {MAX_PAGE} entries")
        opener = Opener(self._keys)
        with self._store.read() as reader:
            heads = {head.origin: head for head in reader.heads()}
            criteria = criteria_of(reader, self._keys, query, scope, heads.values())
            places = list(reader.find(criteria))
            entries = open_places(opener, reader, places[: query.count])
            more = None
            if len(places) > query.count:
                origin, index = places[query.count - 1]
                more = f"{heads[origin].started}.{index}"
            context: list[Opened] = []
            if with_context:
                whole = Query(client=query.client, kinds=CONTEXT)
                around = replace(criteria, query=whole, before=None, limit=_CONTEXT_AT_MOST)
                context = open_places(opener, reader, reader.find(around))
        return Page(entries, more, context)


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
    started, _, index = after.partition(".")
    if not (started.isascii() and started.isdecimal() and index.isascii() and index.isdecimal()):
        raise BadQuery("the page asked for is none that was told of")
    return int(started), int(index)


def _without_actor(entry: Opened) -> Opened:
    return replace(entry, a=None, closed={**entry.closed, "a": "it is not the client's to see"})


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
    recipients = body.get("recipients")
    named |= set(recipients) if isinstance(recipients, list) else set()
    return bool(named & scope.services) or actor.get("system") in scope.systems


@dataclass(frozen=True, slots=True)
class _Look:
    """The write of the entry that says who looked."""

    draft: Draft

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Return the entry."""
        return None, [self.draft]
