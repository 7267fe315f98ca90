"""The outbox: messages written in the transaction of what they tell of. See `gateway.consent.outbox.Outbox`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

import orjson
from sqlalchemy import Connection, Row, insert, select, update
from sqlmodel import SQLModel

from adapters.sql.instants import instant_or_none
from adapters.sql.sealing import Sealing
from adapters.sql.tables.notices import OutboxRow
from gateway.consent.acting import TO_CLIENT
from gateway.consent.model import ClientId, ConsentId
from gateway.consent.outbox import Outgoing
from gateway.consent.view import Message
from gateway.directory.instants import from_micros, to_micros
from gateway.errors import StoreUnavailable

_OUTBOX = SQLModel.metadata.tables[OutboxRow.__tablename__]
_ORDER = (_OUTBOX.c.created, _OUTBOX.c.seq, _OUTBOX.c.id)


class SqlOutbox:
    """Messages, sealed under the data key of the client that they tell of, for their reader alone: a row pointed at
    another party opens for nobody."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def add(self, connection: object, message: Outgoing, order: int) -> None:
        """Store a message."""
        _of(connection).execute(
            insert(_OUTBOX).values(
                id=message.id, kind=message.kind, party=message.party, client=message.client, consent=message.consent,
                body=self._sealing.seal(message.client, _sealed_as(message), orjson.dumps(dict(message.body))),
                created=to_micros(message.created), seq=order, delivered=None, acknowledged=None,
            )
        )  # fmt: skip

    def waiting(self, connection: object, limit: int, now: datetime | None = None) -> tuple[Outgoing, ...]:
        """Return messages not delivered yet, oldest first."""
        row = _OUTBOX.c
        due = row.due.is_not(None) if now is None else row.due <= to_micros(now)
        query = select(_OUTBOX).where(row.delivered.is_(None), due).order_by(*_ORDER).limit(limit)
        return tuple(self._outgoing(one) for one in _of(connection).execute(query))

    def put_off(self, connection: object, ids: Sequence[str], due: datetime, fault: str | None) -> None:
        """Let these wait; a fault counts as an attempt."""
        values: dict[str, object] = {"due": to_micros(due), "fault": fault}
        if fault is not None:
            values["attempts"] = _OUTBOX.c.attempts + 1
        _of(connection).execute(update(_OUTBOX).where(_OUTBOX.c.id.in_(list(ids))).values(**values))

    def give_up(self, connection: object, ids: Sequence[str], fault: str) -> None:
        """Let these never leave."""
        _of(connection).execute(update(_OUTBOX).where(_OUTBOX.c.id.in_(list(ids))).values(due=None, fault=fault))

    def reconsider(self, connection: object, client: ClientId) -> None:
        """Let what waits by choice be looked at again; what waits after a failure keeps its pace."""
        row = _OUTBOX.c
        waits = (row.client == client, row.party == TO_CLIENT, row.delivered.is_(None), row.due > 0, row.attempts == 0)
        _of(connection).execute(update(_OUTBOX).where(*waits).values(due=0))

    def mark_delivered(self, connection: object, ids: Sequence[str], at: datetime) -> None:
        """Note that these were handed over."""
        _of(connection).execute(
            update(_OUTBOX).where(_OUTBOX.c.id.in_(list(ids))).values(delivered=to_micros(at), fault=None)
        )

    def acknowledge(self, connection: object, message: str, party: str, at: datetime) -> bool:
        """Note that the party has read its message; the first time counts."""
        link, row = _of(connection), _OUTBOX.c
        mine = (row.id == message, row.party == party)
        link.execute(update(_OUTBOX).where(*mine, row.acknowledged.is_(None)).values(acknowledged=to_micros(at)))
        return link.execute(select(row.id).where(*mine)).one_or_none() is not None

    def to_party(self, connection: object, party: str, client: ClientId | None = None) -> tuple[Outgoing, ...]:
        """Return what was written to a party, oldest first."""
        query = select(_OUTBOX).where(_OUTBOX.c.party == party).order_by(*_ORDER)
        if client is not None:
            query = query.where(_OUTBOX.c.client == client)
        messages = (self._outgoing(row) for row in _of(connection).execute(query))
        return tuple(one for one in messages if not one.is_altered)

    def of_client(self, connection: object, client: ClientId) -> tuple[Message, ...]:
        """Return who was told of what about the client, newest first."""
        query = select(_OUTBOX).where(_OUTBOX.c.client == client).order_by(*(column.desc() for column in _ORDER))
        return tuple(
            Message(
                row.id, row.kind, row.party, _consent(row.consent), from_micros(row.created),
                instant_or_none(row.delivered), instant_or_none(row.acknowledged), row.fault, row.due is None,
            )
            for row in _of(connection).execute(query)
        )  # fmt: skip

    def _outgoing(self, row: Row[tuple[object, ...]]) -> Outgoing:
        message = Outgoing(
            row.id, row.kind, row.party, ClientId(row.client), _consent(row.consent), {}, from_micros(row.created),
            row.attempts,
        )  # fmt: skip
        if not row.body:
            return message
        try:
            opened = self._sealing.open(row.client, _sealed_as(message), row.body)
        except StoreUnavailable:
            # One such row must not keep all others from leaving.
            return replace(message, is_altered=True)
        # A message whose key was destroyed tells nothing any more; that it was sent stays.
        return message if opened is None else replace(message, body=orjson.loads(opened))


def _sealed_as(message: Outgoing) -> str:
    """Return what a message is sealed as: which it is, to whom, of what kind and about which consent. No code holds a
    space."""
    return f"message {message.id} {message.party} {message.kind} {message.consent or ''}"


def _of(connection: object) -> Connection:
    return cast(Connection, connection)


def _consent(consent: str | None) -> ConsentId | None:
    return None if consent is None else ConsentId(consent)
