"""Refusals, prohibitions, relations and requests in the main database. See
`gateway.consent.registry.StandingRegistry`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, true, update
from sqlmodel import SQLModel

from adapters.sql.instants import instant_or_none, micros_or_null
from adapters.sql.tables.standing import ConsentRequestRow, EndedMandateRow, ProhibitionRow, RefusalRow, RelationRow
from gateway.consent.lifecycle import new_id
from gateway.consent.model import (
    AskedRow,
    ClientId,
    GrantRow,
    Prohibition,
    RefusedRow,
    Relation,
    RelationKind,
)
from gateway.consent.view import RefusalView, RequestView
from gateway.directory.instants import from_micros, to_micros

_ROWS = SQLModel.metadata.tables
_REFUSALS = _ROWS[RefusalRow.__tablename__]
_ENDED_MANDATES = _ROWS[EndedMandateRow.__tablename__]
_PROHIBITIONS = _ROWS[ProhibitionRow.__tablename__]
_RELATIONS = _ROWS[RelationRow.__tablename__]
_REQUESTS = _ROWS[ConsentRequestRow.__tablename__]
_WAITING = ("requested", "deferred")


class SqlStandingRegistry:
    """What stands beside consents, on SQLite and PostgreSQL alike."""

    def add_refusals(
        self, connection: object, client: ClientId, rows: Sequence[RefusedRow], by_client: bool, at: datetime
    ) -> None:
        """Store refused rows."""
        values = [
            {
                "id": new_id(), "client": client, "recipient": row.recipient, "category": row.category,
                "by_client": by_client, "at": to_micros(at), "not_before": micros_or_null(row.not_before),
            }
            for row in rows
        ]  # fmt: skip
        _of(connection).execute(insert(_REFUSALS), values)

    def lift_refusals(self, connection: object, client: ClientId, rows: Sequence[GrantRow], at: datetime) -> None:
        """End the refusals that a giving in person answers otherwise."""
        row = _REFUSALS.c
        named = or_(*(and_(row.recipient == one.recipient, row.category == one.category) for one in rows))
        stand = update(_REFUSALS).where(row.client == client, row.lifted_at.is_(None), named)
        _of(connection).execute(stand.values(lifted_at=to_micros(at)))

    def end_mandate(self, connection: object, client: ClientId, mandate: str, at: datetime) -> None:
        """Note a mandate's end, the latest of several."""
        link, row, now = _of(connection), _ENDED_MANDATES.c, to_micros(at)
        this = and_(row.client == client, row.mandate == mandate)
        known = link.execute(select(row.at).where(this)).scalar_one_or_none()
        if known is None:
            link.execute(insert(_ENDED_MANDATES).values(client=client, mandate=mandate, at=now))
        elif known < now:
            link.execute(update(_ENDED_MANDATES).where(this).values(at=now))

    def mandate_end(self, connection: object, client: ClientId, mandate: str) -> datetime | None:
        """Return when the end of a mandate was recorded last."""
        row = _ENDED_MANDATES.c
        query = select(row.at).where(row.client == client, row.mandate == mandate)
        at = _of(connection).execute(query).scalar_one_or_none()
        return None if at is None else from_micros(at)

    def refusals_of(self, connection: object, client: ClientId) -> tuple[RefusalView, ...]:
        """Return the refusals that stand, newest first."""
        row = _REFUSALS.c
        query = select(_REFUSALS).where(row.client == client, row.lifted_at.is_(None)).order_by(row.at.desc(), row.id)
        return tuple(
            RefusalView(one.id, one.recipient, one.category, from_micros(one.at), bool(one.by_client))
            for one in _of(connection).execute(query)
        )

    def prohibition(self, connection: object, prohibition: str) -> Prohibition | None:
        """Return one prohibition."""
        found = _of(connection).execute(select(_PROHIBITIONS).where(_PROHIBITIONS.c.id == prohibition)).one_or_none()
        return None if found is None else _prohibition(found)

    def prohibitions_of(self, connection: object, client: ClientId) -> tuple[Prohibition, ...]:
        """Return the client's prohibitions, newest first."""
        row = _PROHIBITIONS.c
        query = select(_PROHIBITIONS).where(row.client == client).order_by(row.given_at.desc(), row.id)
        return tuple(_prohibition(one) for one in _of(connection).execute(query))

    def save_prohibition(self, connection: object, row: Prohibition) -> None:
        """Store a new prohibition or its lifting."""
        link, lifted = _of(connection), micros_or_null(row.lifted_at)
        same = update(_PROHIBITIONS).where(_PROHIBITIONS.c.id == row.id)
        if link.execute(same.values(lifted_at=lifted)).rowcount == 0:
            link.execute(
                insert(_PROHIBITIONS).values(
                    id=row.id, client=row.client, recipient=row.recipient, category=row.category,
                    by_client=row.by_client, given_at=to_micros(row.given_at), lifted_at=lifted,
                )
            )  # fmt: skip

    def relation(self, connection: object, relation: str) -> Relation | None:
        """Return one relation."""
        found = _of(connection).execute(select(_RELATIONS).where(_RELATIONS.c.id == relation)).one_or_none()
        return None if found is None else _relation(found)

    def relations_of(self, connection: object, client: ClientId) -> tuple[Relation, ...]:
        """Return the client's relations, newest first."""
        row = _RELATIONS.c
        query = select(_RELATIONS).where(row.client == client).order_by(row.recorded_at.desc(), row.id)
        return tuple(_relation(one) for one in _of(connection).execute(query))

    def save_relation(self, connection: object, row: Relation, at: datetime) -> None:
        """Store a new relation, its end or its contest."""
        link = _of(connection)
        state = {"ended_at": micros_or_null(row.ended_at), "contested_at": micros_or_null(row.contested_at)}
        if link.execute(update(_RELATIONS).where(_RELATIONS.c.id == row.id).values(**state)).rowcount == 0:
            link.execute(
                insert(_RELATIONS).values(
                    id=row.id, client=row.client, kind=row.kind, custodian=row.custodian,
                    recipients=" ".join(row.recipients), valid_from=to_micros(row.valid_from),
                    until=micros_or_null(row.until), section=row.section, evidence=row.evidence,
                    recorded_by=row.recorded_by, recorded_at=to_micros(at), **state,
                )
            )  # fmt: skip

    def recorded(self, connection: object, client: ClientId, services: Collection[str], since: datetime) -> int:
        """Return how many of the client's relations these services have recorded."""
        row = _RELATIONS.c
        query = select(func.count()).where(
            row.client == client, row.recorded_by.in_(sorted(services)), row.recorded_at > to_micros(since)
        )
        return _of(connection).execute(query).scalar_one()

    def is_cooling(self, connection: object, client: ClientId, asked: AskedRow, at: datetime) -> bool:
        """Return whether the recipient may not ask this client for this category now."""
        found = False
        # A refusal that the client has lifted by saying yes hinders nobody from asking.
        for table, stands in ((_REQUESTS, true()), (_REFUSALS, _REFUSALS.c.lifted_at.is_(None))):
            row = table.c
            query = select(row.id).where(
                row.client == client, row.recipient == asked.recipient, row.category == asked.category,
                row.not_before > to_micros(at), stands,
            ).limit(1)  # fmt: skip
            # Both are always asked, so that an answer costs the same whatever it is.
            found = _of(connection).execute(query).one_or_none() is not None or found
        return found

    def add_request(
        self, connection: object, request: str, client: ClientId, asked: AskedRow, at: datetime, not_before: datetime
    ) -> None:
        """Store a request."""
        _of(connection).execute(
            insert(_REQUESTS).values(
                id=request, client=client, recipient=asked.recipient, custodian=asked.custodian,
                category=asked.category,
                purpose=asked.purpose, state="requested", at=to_micros(at), not_before=to_micros(not_before),
            )
        )  # fmt: skip

    def requests_of(self, connection: object, client: ClientId) -> tuple[RequestView, ...]:
        """Return the requests that wait or were put aside, newest first."""
        row = _REQUESTS.c
        query = select(_REQUESTS).where(row.client == client, row.state.in_(_WAITING)).order_by(row.at.desc(), row.id)
        return tuple(
            RequestView(one.id, one.recipient, one.custodian, one.category, one.purpose, one.state, from_micros(one.at))
            for one in _of(connection).execute(query)
        )

    def defer_request(self, connection: object, request: str, not_before: datetime) -> None:
        """Put a request aside."""
        values = {"state": "deferred", "not_before": to_micros(not_before)}
        _of(connection).execute(update(_REQUESTS).where(_REQUESTS.c.id == request).values(**values))

    def answer_requests(
        self, connection: object, client: ClientId, rows: Sequence[tuple[str, str]], state: str
    ) -> None:
        """Mark waiting requests as answered."""
        row = _REQUESTS.c
        named = or_(*(and_(row.recipient == recipient, row.category == category) for recipient, category in rows))
        waiting = update(_REQUESTS).where(row.client == client, row.state.in_(_WAITING), named)
        _of(connection).execute(waiting.values(state=state))


def _of(connection: object) -> Connection:
    return cast(Connection, connection)


def _prohibition(row: Row[tuple[object, ...]]) -> Prohibition:
    return Prohibition(
        row.id, ClientId(row.client), row.recipient, row.category, bool(row.by_client), from_micros(row.given_at),
        instant_or_none(row.lifted_at),
    )  # fmt: skip


def _relation(row: Row[tuple[object, ...]]) -> Relation:
    return Relation(
        row.id, ClientId(row.client), RelationKind(row.kind), row.custodian, tuple(row.recipients.split()),
        from_micros(row.valid_from), instant_or_none(row.until), row.section, row.evidence, row.recorded_by,
        instant_or_none(row.ended_at), instant_or_none(row.contested_at),
    )  # fmt: skip
