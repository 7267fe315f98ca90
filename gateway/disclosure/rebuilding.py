"""What stood about a client at a past instant, rebuilt from the log's own entries: the same way `verify` follows them.

The log tells every giving, withdrawal, prohibition, relation, deposit and suspension in order. What it does not tell
any more is said as a caveat, never guessed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from gateway.directory.model import Directory
from gateway.disclosure.history import History, Place
from gateway.disclosure.opened import Opened
from gateway.disclosure.order_carried import CarriedOver
from gateway.disclosure.order_events import APPLIED
from gateway.disclosure.order_outside import take_in
from gateway.disclosure.order_records import DocumentRecord, GrantRecord, Records, RelationRecord
from gateway.disclosure.section_fields import Malformed, rows, text, within
from gateway.disclosure.snapshot import (
    ClientStanding,
    DocumentFacts,
    Epochs,
    GrantFacts,
    PartnerStanding,
    ProhibitionFacts,
    RefusalFacts,
    RelationFacts,
)
from gateway.disclosure.whole import Whole, WholeReader

ERASED, UNREADABLE, OTHER_RULES, GIVER_UNKNOWN = "erased", "unreadable", "other-rules", "giver-unknown"
BEFORE_LOG = "before-log"
CAVEATS = frozenset({ERASED, UNREADABLE, OTHER_RULES, GIVER_UNKNOWN, BEFORE_LOG})
"""What may be said of a rebuilt instant: it lies before the log's first entry; entries erased since; entries that do
not open; judged by today's directory and policies, which are others than those of the day; grants carried over a year
whose giver is not told. The list is closed, and each has its phrases."""

_PARTNERS = tuple(kind for kind in APPLIED if kind.startswith("partner."))
_RELEASES = ("disclosure", "search")
_OF_CLIENT = (*(kind for kind in APPLIED if kind not in _PARTNERS), "consent.spent", "log.start", *_RELEASES)


class Rebuilding:
    """Rebuilds what stood. Reads the log, writes nothing."""

    def __init__(self, history: History, now: WholeReader, directory: Directory) -> None:
        self._history, self._now, self._directory = history, now, directory

    async def whole_at(self, client: str, at: int, before: Place | None = None) -> Whole | None:
        """Return what stood once every entry up to *at* (microseconds) was written; None for an unknown client.

        With *before*, an entry's place, only what was written before that entry counts: what it was judged by.
        """
        now = await self._now.whole(client)
        if now is None or not now.client.known:
            return None
        return await asyncio.to_thread(self._rebuild, client, now.since or 0, at, before)

    def _rebuild(self, client: str, since: int, at: int, before: Place | None) -> Whole:
        history = self._history
        partners = history.of_everyone(_PARTNERS, until=at + 1, before=before)
        own = history.of_client(client, _OF_CLIENT, until=at + 1, before=before)
        changed = history.of_everyone(("policy", "directory"), since=at + 1, at_most=1)
        begun = history.of_everyone((), until=at + 1, at_most=1)
        caveats = [] if begun else [BEFORE_LOG]
        caveats += [ERASED] if history.is_erased(client, since, at) else []
        caveats += [OTHER_RULES] if changed else []
        return _Told(client, self._directory).whole([*partners, *own], caveats)


class _Told:
    """What a client's entries tell, gathered in the log's order."""

    def __init__(self, client: str, directory: Directory) -> None:
        self._client, self._directory = client, directory
        self._records = Records()
        self._caveats: dict[str, None] = {}

    def whole(self, entries: Iterable[Opened], caveats: Sequence[str]) -> Whole:
        self._caveats |= dict.fromkeys(caveats)
        for entry in entries:
            try:
                self._take(entry)
            except Malformed:
                self._caveats[UNREADABLE] = None
        records, client = self._records, self._client
        grants = records.grants_of(client)
        if any(grant.by_client is None for grant in grants):
            self._caveats[GIVER_UNKNOWN] = None
        return Whole(
            epochs=Epochs(0, 0, 0),
            client=ClientStanding(
                client, True, client in records.suspended_clients, client in records.hidden_clients
            ),
            documents=tuple(
                sorted(map(self._document, records.documents.values()), key=lambda row: (-row.dated, row.id))
            ),
            grants=tuple(
                _grant(grant, seq) for seq, grant in reversed(list(enumerate(grants, 1))) if not grant.replaced
            ),
            prohibitions=tuple(
                ProhibitionFacts(row.id, row.recipient, row.category, True)
                for row in records.prohibitions.get(client, {}).values()
            ),
            relations=tuple(map(_relation, records.relations.values())),
            refusals=tuple(RefusalFacts(to, category, True) for _, to, category in sorted(records.refusals)),
            systems=dict(self._systems()),
            caveats=tuple(self._caveats),
        )  # fmt: skip

    def _take(self, entry: Opened) -> None:
        body, subject = entry.b, entry.s
        if entry.kind == "log.start" and subject is None and body is not None and "carried" not in body:
            return
        if body is None or (subject is None and entry.kind not in _PARTNERS):
            closed = {entry.closed.get("b"), entry.closed.get("s")}
            self._caveats[ERASED if ERASED in closed else UNREADABLE] = None
            return
        if entry.kind in APPLIED:
            # What may not be was told by `verify`; here an entry counts as the order law lets it count.
            for _ in APPLIED[entry.kind](self._records, entry, body):
                pass
        elif entry.kind == "log.start":
            for _ in CarriedOver(self._records, believed=True).take(entry, body):
                pass
        elif entry.kind == "consent.spent":
            if (grant := self._records.grants.get(text(body, "grant"))) is not None:
                grant.spent = True
        elif entry.kind in _RELEASES and entry.outcome == "permit" and subject is not None:
            reliance = within(subject, "reliance") if rows(body, "documents") else {}
            for row in rows(body, "documents"):
                rests_on = within(reliance, text(row, "id"))
                if "met" in rests_on:
                    for _ in take_in(self._client, row, rests_on, self._records):
                        pass

    def _document(self, row: DocumentRecord) -> DocumentFacts:
        category = self._directory.categories.get(row.category)
        return DocumentFacts(
            row.id, row.version, row.custodian, row.category, "" if category is None else category.resource, row.dated,
            tuple(sorted(row.labels)), {code: tuple(sorted(added)) for code, added in row.sections.items()}, row.client,
            row.source,
        )  # fmt: skip

    def _systems(self) -> Iterator[tuple[str, tuple[PartnerStanding, ...]]]:
        records = self._records
        known = {system: row.services for system, row in sorted(records.partners.items()) if row.services is not None}
        for code, service in self._directory.services.items():
            of_service = tuple(
                PartnerStanding(
                    system, service.organisation, tuple(sorted(services)), system in records.suspended_partners
                )
                for system, services in known.items()
                if code in services
            )
            if of_service:
                yield code, of_service


def _grant(row: GrantRecord, seq: int) -> GrantFacts:
    return GrantFacts(
        row.id, row.consent, row.version, row.custodian, row.recipient, row.category, row.purpose, row.valid_from,
        row.until, tuple(sorted(row.sensitivities)), row.single_use, row.document, row.dated_from, row.dated_until,
        row.withdrawn, row.confirmed, row.spent, row.ended, seq, row.by_client is not False,
    )  # fmt: skip


def _relation(row: RelationRecord) -> RelationFacts:
    return RelationFacts(
        row.id, row.kind, row.custodian, row.recipients, row.valid_from, row.until, row.ended, row.section
    )
