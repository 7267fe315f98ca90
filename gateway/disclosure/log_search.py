"""Looking into the log: the officer's search, and the client's own log. Each look is itself an entry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from audit.entry import Draft, IndexRow, Opening, pack_openings
from audit.proof import LogProof
from audit.writing import Writing
from gateway.disclosure.account_context import CONTEXT
from gateway.disclosure.accounts import TOLD
from gateway.disclosure.log_finding import LookedUpKeys, SearchStore, criteria_of, may_see, open_places
from gateway.disclosure.log_query import MAX_PAGE, PAGE, BadQuery, Officer, Query, Scope
from gateway.disclosure.looking import THE_CLIENT, Looker, tell_look
from gateway.disclosure.opened import Opened, Opener
from gateway.disclosure.ports import LogWriter

_CONTEXT_AT_MOST = 2000


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


def _without_actor(entry: Opened) -> Opened:
    return replace(entry, a=None, closed={**entry.closed, "a": "it is not the client's to see"})


@dataclass(frozen=True, slots=True)
class _Look:
    """The write of the entry that says who looked."""

    draft: Draft

    def apply(self, tx: Writing[object], at: int) -> tuple[None, list[Draft]]:
        """Return the entry."""
        return None, [self.draft]
