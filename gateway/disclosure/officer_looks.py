"""An officer's looks at the log of their own organisation's part: a search with its counts, one entry, and exports.

Each look is an entry (`audit.read`) that stands before anything is shown. The words why it was looked are in its
section of the actor, which dies with the officer's own key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from audit.entry import Draft, IndexRow
from audit.store import EventRow
from audit.writing import Writing
from gateway.disclosure.log_finding import LookedUpKeys, SearchableReader, criteria_of
from gateway.disclosure.log_query import Criteria, Officer, Query, Scope
from gateway.disclosure.log_survey import COUNTED, GONE_PAST, Sight, Survey, SurveyStore
from gateway.disclosure.officer_scope import may_see
from gateway.disclosure.opened import Opened, Opener
from gateway.disclosure.ports import LogWriter

EXPORTED = 1_000
"""How many entries an export holds at most."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a search shows: a page of entries, newest first, and what was surveyed around it.

    `sights` are at most COUNTED of the newest that fit; `more` is where the next page begins. `whole` is whether the
    survey reached the end: where it did not, counts are of a part and must say so.
    """

    entries: Sequence[Opened]
    sights: Sequence[Sight]
    more: str | None
    whole: bool


class OfficerLooks:
    """What an officer with a scope may look at. An officer without one is the operator's and is not served here."""

    def __init__(self, store: SurveyStore, keys: LookedUpKeys, log: LogWriter, new_event_id: Callable[[], str]) -> None:
        self._store, self._keys, self._log, self._new_event_id = store, keys, log, new_event_id

    async def search(self, query: Query, officer: Officer, reason: str, *, view: str = "search") -> Seen:
        """Return a page of what the officer may see, after the entry of this look stands.

        Raises BadQuery, TooBusy and StoreUnavailable.
        """
        scope = _scope(officer)
        seen = await asyncio.to_thread(self._search, query, scope)
        body: dict[str, object] = {"view": view, "query": _asked(query), "found": len(seen.entries)}
        await self.tell(officer, reason, body, client=query.client)
        return seen

    async def nobody(self, query: Query, officer: Officer, reason: str) -> Seen:
        """Return the empty page of a search for somebody who is not known, after its entry stands. It looks like that
        of somebody of whom the officer may see nothing."""
        await self.tell(officer, reason, {"view": "search", "query": _asked(query), "found": 0})
        return Seen((), (), None, whole=True)

    async def entry(self, origin: str, index: int, officer: Officer, reason: str) -> Opened | None:
        """Return one entry, after the entry of this look stands; None where the officer may not see such an entry."""
        found = await asyncio.to_thread(self._entry, origin, index, _scope(officer))
        if found is not None:
            body: dict[str, object] = {"view": "entry", "entry": [origin, index]}
            await self.tell(officer, reason, body, client=found.client)
        return found

    async def counts(self, officer: Officer, since: int) -> Survey:
        """Return a survey of what happened since an instant: numbers by kind and outcome, about nobody.

        It opens nothing and names nobody, so that it leaves no entry.
        """
        return await asyncio.to_thread(self._counts, Query(since=since, count=COUNTED), _scope(officer))

    async def tell(
        self, officer: Officer, reason: str, body: Mapping[str, object], *, client: str | None = None
    ) -> None:
        """Write the entry of a look, and return once it stands. Raises TooBusy and StoreUnavailable."""
        await self._log.submit(Look(look_of(self._new_event_id(), officer, reason, body, client)))

    # In a snapshot, on a thread.

    def _search(self, query: Query, scope: Scope) -> Seen:
        with self._store.read() as reader:
            heads = {head.origin: head for head in reader.heads()}
            wanted = max(COUNTED, query.count + 1)
            criteria = replace(criteria_of(reader, self._keys, query, scope, heads.values()), limit=wanted)
            survey = reader.survey(criteria, GONE_PAST)
            page = survey.sights[: query.count]
            entries = opened_for(Opener(self._keys), reader, page, scope)
            end: tuple[str, int] | None = survey.stopped
            if len(survey.sights) > query.count:
                end = (page[-1].origin, page[-1].index)
            more = None if end is None else f"{heads[end[0]].started}.{end[1]}"
        return Seen(entries, survey.sights, more, survey.stopped is None)

    def _entry(self, origin: str, index: int, scope: Scope) -> Opened | None:
        with self._store.read() as reader:
            if not any(head.origin == origin and 0 <= index < head.size for head in reader.heads()):
                return None
            found = opened_for(Opener(self._keys), reader, [place_of(origin, index)], scope)
        return found[0] if found else None

    def _counts(self, query: Query, scope: Scope) -> Survey:
        with self._store.read() as reader:
            return reader.survey(Criteria(query, None, None, scope, None, query.count), GONE_PAST)


def _asked(query: Query) -> dict[str, object]:
    return {key: value for key, value in asdict(query).items() if key != "client" and value not in (None, ())}


def look_of(event_id: str, officer: Officer, reason: str, body: Mapping[str, object], client: str | None) -> Draft:
    """Return the entry of an officer's look. Where it is about one client, the client sees it too."""
    told = {**body, "by": "officer", "organisation": officer.organisation}
    actor = {
        "person": officer.id, "name": officer.name, "organisation": officer.organisation, "role": "officer",
        "reason": reason,
    }  # fmt: skip
    return Draft(
        event_id, IndexRow("audit.read", "na"), told, {} if client is None else {"client": client}, actor,
        subject_owner=client, actor_owner=f"officer/{officer.id}",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """The write of the entry that says who looked."""

    draft: Draft

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Return the entry."""
        return None, [self.draft]


def place_of(origin: str, index: int) -> Sight:
    """Return a place as a sight of which nothing is known."""
    return Sight(origin, index, 0, "", "", None, None, None)


def opened_for(opener: Opener, reader: SearchableReader, places: Sequence[Sight], scope: Scope) -> list[Opened]:
    """Return the entries at these places that the scope may see, in their order."""
    found: dict[tuple[str, int], Opened] = {}
    for origin in dict.fromkeys(one.origin for one in places):
        rows = reader.rows(origin, [one.index for one in places if one.origin == origin])
        events: dict[int, EventRow] = {one.index: one for one in rows.events}
        for entry in opener.open_rows(origin, rows):
            if may_see(entry, events[entry.index].row, scope):
                found[origin, entry.index] = entry
    return [found[one.origin, one.index] for one in places if (one.origin, one.index) in found]


def _scope(officer: Officer) -> Scope:
    if officer.scope is None:
        raise ValueError("the pages serve officers of organisations alone")
    return officer.scope
