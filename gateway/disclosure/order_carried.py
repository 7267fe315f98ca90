"""What a new year's log carries over from the old: believed where the old log is gone, compared where it is here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.disclosure.opened import Opened, Section
from gateway.disclosure.order_records import (
    GrantRecord,
    Records,
    RelationRecord,
    grant_record,
    prohibition_record,
    relation_record,
)
from gateway.disclosure.section_fields import Malformed, number, rows, text, within


class CarriedOver:
    """The entries by which one log begins. With *believed* they make the records; else they must agree with them."""

    def __init__(self, records: Records, *, believed: bool) -> None:
        self._records, self._believed = records, believed
        self._seen: set[str] = set()

    def take(self, entry: Opened, body: Section) -> Iterator[str]:
        """Take what is carried over for one client; yield what is wrong with it."""
        client = entry.client
        if client is None:
            raise Malformed("client")
        carried = within(body, "carried")
        for row in rows(carried, "grants"):
            yield from self._grant(grant_record(client, text(row, "consent"), number(row, "version"), row, None))
        for row in rows(carried, "prohibitions"):
            prohibition = prohibition_record(client, row)
            self._seen.add(prohibition.id)
            known = self._records.prohibitions.get(client, {}).get(prohibition.id)
            if known is not None and prohibition.in_person is None:
                prohibition = replace(prohibition, in_person=known.in_person)
            # A prohibition only ever protects: one that nobody gave is a fault and stands.
            self._records.add_prohibition(prohibition)
            if known != prohibition and not self._believes_unknown(known):
                yield "a prohibition is carried over that did not stand so"
        for row in rows(carried, "relations"):
            yield from self._relation(relation_record(client, row))

    def missing(self) -> Iterator[str]:
        """Yield what stood and was not carried over, once all of it was taken."""
        if not self._believed and self._records.open_known:
            open_ones = {id for rows_ in self._records.prohibitions.values() for id in rows_}
            if open_ones - self._seen:
                yield "a prohibition that stood is not carried over"

    def _believes_unknown(self, known: object) -> bool:
        return known is None and (self._believed or not self._records.open_known)

    def _grant(self, grant: GrantRecord) -> Iterator[str]:
        known = self._records.grants.get(grant.id)
        if known is None:
            if not self._believes_unknown(known):
                yield "a grant is carried over that nobody gave"
                return
            self._records.add_grant(grant)
            self._records.consents[grant.consent].version = grant.version
        elif replace(grant, by_client=known.by_client, mandate=known.mandate) != known:
            yield "a grant is carried over that did not stand so"

    def _relation(self, relation: RelationRecord) -> Iterator[str]:
        known = self._records.relations.get(relation.id)
        if known is None:
            if not self._believes_unknown(known):
                yield "a relation is carried over that nobody recorded"
                return
            self._records.relations[relation.id] = relation
        elif relation != known:
            yield "a relation is carried over that did not stand so"
