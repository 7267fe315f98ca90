"""Choices, pauses and reminders in the main database. See `gateway.consent.notice_registry.NoticeRegistry`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection, Row, Select, exists, insert, or_, select, update
from sqlmodel import SQLModel

from adapters.sql.instants import instant_or_none, micros_or_null
from adapters.sql.tables.clients import ClientRow, ClientStateRow
from adapters.sql.tables.consents import GrantTableRow
from adapters.sql.tables.notices import NoticeChoiceRow, ReminderRow, WalkThroughRow
from adapters.sql.tables.standing import PauseRow, ProhibitionRow, RelationRow
from gateway.consent.model import ClientId, ConsentId, GrantId
from gateway.consent.notice_choice import ChannelKind, NoticeChoice, Rhythm
from gateway.consent.notice_registry import Ending, Pause
from gateway.directory.instants import from_micros, to_micros

_ROWS = SQLModel.metadata.tables
_CHOICES = _ROWS[NoticeChoiceRow.__tablename__]
_PAUSES = _ROWS[PauseRow.__tablename__]
_REMINDERS = _ROWS[ReminderRow.__tablename__]
_WALKS = _ROWS[WalkThroughRow.__tablename__]
_PROHIBITIONS = _ROWS[ProhibitionRow.__tablename__]
_RELATIONS = _ROWS[RelationRow.__tablename__]
_GRANTS = _ROWS[GrantTableRow.__tablename__]
_CLIENTS = _ROWS[ClientRow.__tablename__]
_STATES = _ROWS[ClientStateRow.__tablename__]


class SqlNoticeRegistry:
    """How clients are told, on SQLite and PostgreSQL alike."""

    def choice(self, connection: object, client: ClientId) -> NoticeChoice | None:
        """Return what the client chose."""
        row = _of(connection).execute(select(_CHOICES).where(_CHOICES.c.client == client)).one_or_none()
        if row is None:
            return None
        channel = None if row.channel is None else ChannelKind(row.channel)
        return NoticeChoice(Rhythm(row.rhythm), channel, bool(row.shared))

    def choose(self, connection: object, client: ClientId, choice: NoticeChoice, at: datetime) -> None:
        """Store a choice, and whether each release is to be told."""
        link = _of(connection)
        values = {
            "rhythm": choice.rhythm, "channel": choice.channel, "shared": choice.shared, "at": to_micros(at),
        }  # fmt: skip
        if link.execute(update(_CHOICES).where(_CHOICES.c.client == client).values(**values)).rowcount == 0:
            link.execute(insert(_CHOICES).values(client=client, **values))
        of_all = choice.rhythm is not Rhythm.NEVER
        link.execute(update(_STATES).where(_STATES.c.client == client).values(told_of_all=of_all))

    def pauses_of(self, connection: object, client: ClientId) -> tuple[Pause, ...]:
        """Return the pauses that stand, newest first."""
        query = _standing().where(_PAUSES.c.client == client).order_by(_PAUSES.c.since.desc(), _PAUSES.c.prohibition)
        return tuple(map(_pause, _of(connection).execute(query)))

    def add_pause(self, connection: object, pause: Pause) -> None:
        """Store a pause."""
        _of(connection).execute(
            insert(_PAUSES).values(
                prohibition=pause.prohibition, client=pause.client, since=to_micros(pause.since),
                until=to_micros(pause.until), reminded_at=micros_or_null(pause.reminded_at),
            )
        )  # fmt: skip

    def pauses_over(self, connection: object, now: datetime, limit: int) -> tuple[Pause, ...]:
        """Return pauses that stand and are to be reminded of."""
        due = _standing().where(_PAUSES.c.reminded_at.is_(None), _PAUSES.c.until <= to_micros(now))
        return tuple(map(_pause, _of(connection).execute(due.order_by(_PAUSES.c.until).limit(limit))))

    def mark_reminded(self, connection: object, prohibition: str, at: datetime) -> None:
        """Note a reminder of a pause."""
        row = update(_PAUSES).where(_PAUSES.c.prohibition == prohibition)
        _of(connection).execute(row.values(reminded_at=to_micros(at)))

    def ending(self, connection: object, stage: timedelta, now: datetime, limit: int) -> tuple[Ending, ...]:
        """Return the grants that end within *stage*."""
        at, span, row = to_micros(now), stage // timedelta(microseconds=1), _GRANTS.c
        told = exists().where(_REMINDERS.c.grant_id == row.id, _REMINDERS.c.days <= stage.days)
        query = select(row.id, row.client, row.consent).where(
            row.until > at, row.until <= at + span, row.until - row.valid_from > span, row.confirmed_at.is_not(None),
            row.spent_by.is_(None), row.ended_at.is_(None), row.replaced.is_(False), row.withdrawn.is_(False),
            row.expired_logged.is_(False), ~told,
        )  # fmt: skip
        found: dict[tuple[str, str], list[GrantId]] = {}
        for grant, client, consent in _of(connection).execute(query.order_by(row.until, row.id).limit(limit)):
            found.setdefault((client, consent), []).append(GrantId(grant))
        return tuple(
            Ending(ClientId(client), ConsentId(consent), tuple(grants)) for (client, consent), grants in found.items()
        )

    def mark_ending(self, connection: object, grants: Sequence[GrantId], stage: timedelta, at: datetime) -> None:
        """Note reminders of these ends."""
        rows = [{"grant_id": grant, "days": stage.days, "at": to_micros(at)} for grant in grants]
        _of(connection).execute(insert(_REMINDERS), rows)

    def to_walk_through(self, connection: object, before: datetime, limit: int) -> tuple[ClientId, ...]:
        """Return clients whose yearly walk-through is due."""
        at, client = to_micros(before), _CLIENTS.c.id
        walked = exists().where(_WALKS.c.client == client, _WALKS.c.at > at)
        granted = exists().where(
            _GRANTS.c.client == client, _GRANTS.c.replaced.is_(False), _GRANTS.c.withdrawn.is_(False),
            _GRANTS.c.expired_logged.is_(False), _GRANTS.c.spent_by.is_(None), _GRANTS.c.ended_at.is_(None),
        )  # fmt: skip
        prohibited = exists().where(_PROHIBITIONS.c.client == client, _PROHIBITIONS.c.lifted_at.is_(None))
        related = exists().where(_RELATIONS.c.client == client, _RELATIONS.c.ended_at.is_(None))
        query = select(client).where(_CLIENTS.c.created <= at, ~walked, or_(granted, prohibited, related))
        return tuple(map(ClientId, _of(connection).execute(query.order_by(client).limit(limit)).scalars()))

    def mark_walked(self, connection: object, clients: Sequence[ClientId], at: datetime) -> None:
        """Note a walk-through, or its reminder."""
        link, now = _of(connection), to_micros(at)
        known = set(link.execute(select(_WALKS.c.client).where(_WALKS.c.client.in_(clients))).scalars())
        link.execute(update(_WALKS).where(_WALKS.c.client.in_(clients)).values(at=now))
        if new := [{"client": client, "at": now} for client in clients if client not in known]:
            link.execute(insert(_WALKS), new)


def _standing() -> Select[tuple[object, ...]]:
    joined = _PAUSES.join(_PROHIBITIONS, _PROHIBITIONS.c.id == _PAUSES.c.prohibition)
    return select(_PAUSES, _PROHIBITIONS.c.by_client).select_from(joined).where(_PROHIBITIONS.c.lifted_at.is_(None))


def _pause(row: Row[tuple[object, ...]]) -> Pause:
    return Pause(
        row.prohibition, ClientId(row.client), from_micros(row.since), from_micros(row.until),
        bool(row.by_client), instant_or_none(row.reminded_at),
    )  # fmt: skip


def _of(connection: object) -> Connection:
    return cast(Connection, connection)
