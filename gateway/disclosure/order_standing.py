"""What the log says stands of clients' consents and of what stands beside them, and whether the rows say the same.

The rows are what each request is judged by and what a client sees, and no signature covers them. The law of releases
tells a release that a false row brought about; this tells the row, before anything was released by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Protocol, TypeAlias

from gateway.disclosure.order_records import GrantRecord, ProhibitionRecord, Records, RelationRecord

Difference: TypeAlias = tuple[str, str]
"""Where, and what is wrong there. It names no one."""
UNKNOWN = "no entry tells of it"
GONE = "the log tells of it and its row is gone"


@dataclass(frozen=True, slots=True)
class ConsentStands:
    """A consent as its row has it: `state` is `given`, `withdrawn` or `ended`."""

    id: str
    client: str
    version: int
    state: str


@dataclass(frozen=True, slots=True)
class ClientStands:
    """What a client's row says may be judged about them."""

    id: str
    suspended: bool
    hidden: bool


class StandingRows(Protocol):
    """The rows, each kind read once from end to end, in the snapshot of the log that they are compared with."""

    def consents(self) -> Iterator[ConsentStands]:
        """Yield every consent."""
        ...

    def grants(self) -> Iterator[GrantRecord]:
        """Yield every grant, of every version and in every state."""
        ...

    def prohibitions(self) -> Iterator[ProhibitionRecord]:
        """Yield the prohibitions that were not lifted."""
        ...

    def relations(self) -> Iterator[RelationRecord]:
        """Yield every relation, ended or not."""
        ...

    def refusals(self) -> Iterator[tuple[str, str, str]]:
        """Yield (client, recipient, category) that the client in person said no to and that stands, each once."""
        ...

    def clients(self) -> Iterator[ClientStands]:
        """Yield every client."""
        ...

    def is_readable(self, client: str) -> bool:
        """Return whether a client's own key is there: who was erased is not told of by the log any more."""
        ...


def differing_standing(records: Records, rows: StandingRows, now: int) -> Iterator[Difference]:
    """Yield rows that say otherwise than the log's last word. *now* is the time of the last entry, in microseconds.

    It uses *records* up: what was compared is let go of, so that the rows need no memory beside them, and what is left
    has no row. Where earlier logs are not here, what no entry tells of is no fault; nor is it of who was erased.
    """
    yield from _Comparison(records, rows).all(now)


class _Comparison:
    def __init__(self, records: Records, rows: StandingRows) -> None:
        self._records, self._rows = records, rows

    def all(self, now: int) -> Iterator[Difference]:
        yield from self._consents(now)
        yield from self._grants()
        yield from self._prohibitions()
        yield from self._relations()
        if self._records.whole:
            # A new year's log carries over neither refusals nor suspensions.
            yield from self._refusals()
            yield from self._clients()

    def _counts(self, client: str) -> bool:
        return self._records.all_heard or self._rows.is_readable(client)

    def _is_made_up(self, client: str) -> bool:
        return self._records.whole and self._counts(client)

    def _consents(self, now: int) -> Iterator[Difference]:
        records = self._records
        for row in self._rows.consents():
            known = records.consents.pop(row.id, None)
            if known is None:
                if self._is_made_up(row.client):
                    yield f"consent {row.id}", UNKNOWN
                continue
            current = (records.grants[id] for id in known.grants)
            stands = any(
                not (one.replaced or one.spent or one.ended) and now < one.until
                for one in current
            )  # fmt: skip
            checks = (
                ("client", row.client == known.client), ("version", row.version == known.version),
                ("state", (row.state == "withdrawn") == known.withdrawn and not (row.state == "ended" and stands)),
            )  # fmt: skip
            wrong = [name for name, same in checks if not same]
            if wrong and self._counts(known.client):
                yield f"consent {row.id}", _otherwise(wrong)
        yield from ((f"consent {id}", GONE) for id, one in sorted(records.consents.items()) if self._counts(one.client))

    def _grants(self) -> Iterator[Difference]:
        known = self._records.grants
        for row in self._rows.grants():
            said = known.pop(row.id, None)
            if said is None:
                if self._is_made_up(row.client):
                    yield f"grant {row.id}", UNKNOWN
                continue
            # Where a new year's log took the grant over, the log does not tell whose word it was; the mandate stands
            # with the version, not with the grant.
            row = replace(row, by_client=None if said.by_client is None else row.by_client, mandate=said.mandate)
            if row != said and self._counts(said.client):
                yield f"grant {row.id}", _otherwise(_differing(row, said))
        yield from ((f"grant {id}", GONE) for id, one in sorted(known.items()) if self._counts(one.client))

    def _prohibitions(self) -> Iterator[Difference]:
        known = {row.id: row for of_client in self._records.prohibitions.values() for row in of_client.values()}
        for row in self._rows.prohibitions():
            said = known.pop(row.id, None)
            if said is None:
                if self._is_made_up(row.client):
                    yield f"prohibition {row.id}", "it stands, and no entry tells of that"
                continue
            if said.in_person is None:
                row = replace(row, in_person=None)
            if row != said and self._counts(said.client):
                yield f"prohibition {row.id}", _otherwise(_differing(row, said))
        for id, one in sorted(known.items()):
            if self._counts(one.client):
                yield f"prohibition {id}", "the log says that it stands, and no row does"

    def _relations(self) -> Iterator[Difference]:
        known = self._records.relations
        for row in self._rows.relations():
            said = known.pop(row.id, None)
            if said is None:
                if self._is_made_up(row.client):
                    yield f"relation {row.id}", UNKNOWN
            elif row != said and self._counts(said.client):
                yield f"relation {row.id}", _otherwise(_differing(row, said))
        yield from ((f"relation {id}", GONE) for id, one in sorted(known.items()) if self._counts(one.client))

    def _refusals(self) -> Iterator[Difference]:
        known = self._records.refusals
        for row in self._rows.refusals():
            if row in known:
                known.discard(row)
            elif self._is_made_up(row[0]):
                yield f"client {row[0]}", "a refusal stands of which no entry tells"
        for client, _, _ in sorted(known):
            if self._counts(client):
                yield f"client {client}", "the log says that a refusal stands, and no row does"

    def _clients(self) -> Iterator[Difference]:
        records = self._records
        for row in self._rows.clients():
            checks = (
                ("suspended", row.suspended == (row.id in records.suspended_clients)),
                ("non-disclosure", row.hidden == (row.id in records.hidden_clients)),
            )
            wrong = [name for name, same in checks if not same]
            if wrong and self._counts(row.id):
                yield f"client {row.id}", _otherwise(wrong)


def _differing(row: GrantRecord | ProhibitionRecord | RelationRecord, said: object) -> list[str]:
    return [one.name for one in fields(row) if getattr(row, one.name) != getattr(said, one.name)]


def _otherwise(wrong: list[str]) -> str:
    return f"its row says otherwise than the log: {', '.join(wrong)}"
