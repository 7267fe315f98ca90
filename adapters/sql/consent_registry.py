"""Consents, their versions and grants in the main database. See `gateway.consent.registry.ConsentRegistry`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import cast

import orjson
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlmodel import SQLModel

from adapters.sql.grant_rows import grant_of, values_of
from adapters.sql.instants import instant_or_none, micros_or_null
from adapters.sql.sealing import Sealing
from adapters.sql.tables.consents import ConsentRow, ConsentVersionRow, GrantTableRow
from adapters.sql.tables.documents import DocumentRow
from gateway.consent.capture import OWN_METHODS
from gateway.consent.model import (
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    ConsentState,
    Evidence,
    Giver,
    GiverKind,
    GrantId,
    GrantRow,
    RefusedRow,
    Shown,
)
from gateway.directory.instants import from_micros, to_micros

_ROWS = SQLModel.metadata.tables
_CONSENTS = _ROWS[ConsentRow.__tablename__]
_VERSIONS = _ROWS[ConsentVersionRow.__tablename__]
_GRANTS = _ROWS[GrantTableRow.__tablename__]
_DOCUMENTS = _ROWS[DocumentRow.__tablename__]
_SEALED_AS = "consent-version"


class SqlConsentRegistry:
    """The registry on SQLite and PostgreSQL alike; worker, evidence and refused rows are sealed."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def consent(self, connection: object, consent: ConsentId) -> Consent | None:
        """Return the current version."""
        found = self.versions(connection, consent)
        return found[-1] if found else None

    def versions(self, connection: object, consent: ConsentId) -> tuple[Consent, ...]:
        """Return every version, oldest first."""
        return self._load(_of(connection), _VERSIONS.c.consent == consent, _GRANTS.c.consent == consent)

    def versions_of(self, connection: object, client: ClientId) -> tuple[tuple[Consent, ...], ...]:
        """Return every version of each of a client's consents."""
        found: dict[ConsentId, list[Consent]] = {}
        for version in self._load(_of(connection), _VERSIONS.c.client == client, _GRANTS.c.client == client):
            found.setdefault(version.id, []).append(version)
        return tuple(tuple(each) for each in sorted(found.values(), key=lambda each: -each[-1].seq))

    def consents_of(self, connection: object, client: ClientId) -> tuple[Consent, ...]:
        """Return the current versions of a client's consents, newest first."""
        return tuple(versions[-1] for versions in self.versions_of(connection, client))

    def unended_of(self, connection: object, client: ClientId, at: datetime) -> tuple[Consent, ...]:
        """Return those of which a grant is not over."""
        last = select(_GRANTS.c.consent).where(
            _GRANTS.c.client == client, _GRANTS.c.replaced.is_(False), _GRANTS.c.withdrawn.is_(False),
            _GRANTS.c.ended_at.is_(None), _GRANTS.c.until > to_micros(at),
        )  # fmt: skip
        current = (_VERSIONS.c.version == _CONSENTS.c.version) & _VERSIONS.c.consent.in_(last)
        return self._load(_of(connection), current, _GRANTS.c.consent.in_(last))[::-1]

    def add_version(self, connection: object, consent: Consent, at: datetime) -> None:
        """Store a version; older grants stand as replaced."""
        link, shown, giver, capture = _of(connection), consent.shown, consent.giver, consent.capture
        if consent.version == 1:
            link.execute(insert(_CONSENTS).values(id=consent.id, client=consent.client, version=1, state=consent.state))
        else:
            link.execute(update(_CONSENTS).where(_CONSENTS.c.id == consent.id).values(version=consent.version))
            link.execute(update(_GRANTS).where(_GRANTS.c.consent == consent.id).values(replaced=True))
        private = {
            "worker": capture.worker, "evidence": [list(item) for item in capture.evidence.items],
            "refused": [[row.recipient, row.category, micros_or_null(row.not_before)] for row in consent.refused],
        }  # fmt: skip
        link.execute(
            insert(_VERSIONS).values(
                consent=consent.id, version=consent.version, client=consent.client,
                given_at=to_micros(consent.given_at),
                seq=consent.seq, giver_kind=giver.kind, giver_reference=giver.register_reference,
                giver_until=micros_or_null(giver.until), giver_scope=giver.scope, capture_method=capture.method,
                capture_service=capture.service, capture_system=capture.system,
                sealed=self._sealing.seal(consent.client, _SEALED_AS, orjson.dumps(private)),
                wording=shown.wording, wording_version=shown.version, language=shown.language, register=shown.register,
                sha256=shown.sha256,
            )
        )  # fmt: skip
        link.execute(insert(_GRANTS), [values_of(consent, grant, at) for grant in consent.grants])

    def save(
        self, connection: object, old: Consent, new: Consent, at: datetime, confirmed_by: str | None = None
    ) -> None:
        """Store what changed in a version's state and its grants."""
        link, now = _of(connection), to_micros(at)
        if (old.state, old.withdrawn_at) != (new.state, new.withdrawn_at):
            ended = micros_or_null(new.withdrawn_at)
            state = {"state": new.state, "withdrawn_at": ended, "withdrawn_told": new.withdrawn_told}
            link.execute(update(_CONSENTS).where(_CONSENTS.c.id == new.id).values(**state))
        if old.state is not new.state and new.state is ConsentState.WITHDRAWN:
            link.execute(
                update(_GRANTS)
                .where(_GRANTS.c.consent == new.id)
                .values(withdrawn=True, withdrawn_at=micros_or_null(new.withdrawn_at))
            )
        for before, after in zip(old.grants, new.grants, strict=True):
            changed: dict[str, object] = {}
            if after.confirmed and not before.confirmed:
                changed |= {"confirmed_at": now, "confirmed_by": confirmed_by}
            if after.ended and not before.ended:
                changed["ended_at"] = now
            if changed:
                link.execute(update(_GRANTS).where(_GRANTS.c.id == after.id).values(**changed))

    def passed(self, connection: object, now: datetime, limit: int) -> tuple[tuple[Consent, frozenset[GrantId]], ...]:
        """Return consents with the grants whose end has passed unlogged."""
        over = (_GRANTS.c.until <= to_micros(now), _GRANTS.c.expired_logged.is_(False))
        return self._with_grants(connection, over, limit)

    def spend(self, connection: object, grant: GrantId, by_event: str) -> bool:
        """Mark a grant as spent."""
        unspent = update(_GRANTS).where(_GRANTS.c.id == grant, _GRANTS.c.spent_by.is_(None))
        return _of(connection).execute(unspent.values(spent_by=by_event)).rowcount == 1

    def mark_expired(self, connection: object, grants: frozenset[GrantId]) -> None:
        """Note that the expiry stands in the log."""
        _of(connection).execute(update(_GRANTS).where(_GRANTS.c.id.in_(sorted(grants))).values(expired_logged=True))

    def untold(self, connection: object, now: datetime, limit: int) -> tuple[tuple[Consent, frozenset[GrantId]], ...]:
        """Return consents with the grants in force of which nobody was told."""
        at = to_micros(now)
        ready = (
            _GRANTS.c.told_at.is_(None), _GRANTS.c.confirmed_at.is_not(None), _GRANTS.c.valid_from <= at,
            _GRANTS.c.until > at, _GRANTS.c.spent_by.is_(None), _GRANTS.c.ended_at.is_(None),
        )  # fmt: skip
        return self._with_grants(connection, ready, limit)

    def told_among(self, connection: object, grants: frozenset[GrantId]) -> frozenset[GrantId]:
        """Return those of which recipients were told."""
        query = select(_GRANTS.c.id).where(_GRANTS.c.id.in_(sorted(grants)), _GRANTS.c.told_at.is_not(None))
        return frozenset(_of(connection).execute(query).scalars()) if grants else frozenset()

    def mark_told(self, connection: object, grants: frozenset[GrantId], at: datetime) -> None:
        """Note that recipients were told."""
        if grants:
            told = update(_GRANTS).where(_GRANTS.c.id.in_(sorted(grants))).values(told_at=to_micros(at))
            _of(connection).execute(told)

    def in_force(self, connection: object, client: ClientId, at: datetime, *, beside: ConsentId) -> Mapping[str, int]:
        """Return how many grants each recipient may rely on now or later, beside those of one consent."""
        return _counted(connection, client, at, beside, _GRANTS.c.confirmed_at.is_not(None))

    def unconfirmed(
        self, connection: object, client: ClientId, at: datetime, *, beside: ConsentId
    ) -> Mapping[str, int]:
        """Return how many grants for each recipient wait to be confirmed, beside those of one consent."""
        return _counted(connection, client, at, beside, _GRANTS.c.confirmed_at.is_(None))

    def recorded(self, connection: object, client: ClientId, services: Collection[str], since: datetime) -> int:
        """Return how many of the client's grants workers of these services have recorded."""
        version = _VERSIONS.c
        of_version = (version.consent == _GRANTS.c.consent) & (version.version == _GRANTS.c.version)
        query = select(func.count()).select_from(_VERSIONS.join(_GRANTS, of_version)).where(
            version.client == client, version.given_at > to_micros(since),
            version.capture_service.in_(sorted(services)), version.capture_method.not_in(sorted(OWN_METHODS)),
        )  # fmt: skip
        return _of(connection).execute(query).scalar_one()

    def documents_for(self, connection: object, client: ClientId, row: GrantRow) -> tuple[str, ...]:
        """Return the ids of the documents that the row would open."""
        table = _DOCUMENTS.c
        query = select(table.id).where(
            table.client == client, table.custodian == row.custodian, table.category == row.category
        )
        if row.document is not None:
            query = query.where(table.id == row.document)
        if row.dated_from is not None:
            query = query.where(table.dated >= to_micros(row.dated_from))
        if row.dated_until is not None:
            query = query.where(table.dated < to_micros(row.dated_until))
        return tuple(_of(connection).execute(query.order_by(table.dated.desc(), table.id)).scalars())

    def _with_grants(
        self, connection: object, conditions: Sequence[ColumnElement[bool]], limit: int
    ) -> tuple[tuple[Consent, frozenset[GrantId]], ...]:
        stand = (_GRANTS.c.replaced.is_(False), _GRANTS.c.withdrawn.is_(False))
        query = select(_GRANTS.c.id, _GRANTS.c.consent).where(*stand, *conditions)
        grants: dict[str, set[GrantId]] = {}
        for grant, consent in _of(connection).execute(query.order_by(_GRANTS.c.seq, _GRANTS.c.id).limit(limit)):
            grants.setdefault(consent, set()).add(grant)
        found = ((self.consent(connection, ConsentId(one)), frozenset(ids)) for one, ids in grants.items())
        return tuple((consent, ids) for consent, ids in found if consent is not None)

    def _load(
        self, connection: Connection, versions: ColumnElement[bool], grants: ColumnElement[bool]
    ) -> tuple[Consent, ...]:
        """Return the versions of the one condition with their grants, among those of the other; oldest first.

        A client may have more consents than a statement takes parameters, so none is listed by its id.
        """
        joined = _VERSIONS.join(_CONSENTS, _VERSIONS.c.consent == _CONSENTS.c.id)
        wanted = select(_VERSIONS, _CONSENTS.c.state, _CONSENTS.c.withdrawn_at, _CONSENTS.c.withdrawn_told)
        query = wanted.select_from(joined).where(versions).order_by(_VERSIONS.c.seq, _VERSIONS.c.version)
        found = connection.execute(query).all()
        if not found:
            return ()
        rows: dict[tuple[str, int], list[Row[tuple[object, ...]]]] = {}
        for grant in connection.execute(select(_GRANTS).where(grants).order_by(_GRANTS.c.place)):
            rows.setdefault((grant.consent, grant.version), []).append(grant)
        # What opens is what stands: a consent that is called withdrawn while a grant of it is not, was not withdrawn.
        open_still = {one.consent for of_version in rows.values() for one in of_version if not one.withdrawn}
        opened = self._sealing.open_each(_SEALED_AS, [(row.client, row.sealed) for row in found])
        return tuple(
            _consent(
                row, private, rows.get((row.consent, row.version), ()),
                ConsentState.GIVEN if row.state == ConsentState.WITHDRAWN and row.consent in open_still else row.state,
            )
            for row, private in zip(found, opened, strict=True)
        )  # fmt: skip


def _consent(
    row: Row[tuple[object, ...]], opened: bytes | None, grants: Sequence[Row[tuple[object, ...]]], state: str
) -> Consent:
    withdrawn = state == ConsentState.WITHDRAWN
    private = orjson.loads(opened) if opened is not None else {"worker": None, "evidence": [], "refused": []}
    capture = Capture(
        CaptureMethod(row.capture_method), row.capture_service, private["worker"], row.capture_system,
        Evidence(tuple((key, value) for key, value in private["evidence"])),
    )  # fmt: skip
    return Consent(
        id=ConsentId(row.consent), version=row.version, client=ClientId(row.client),
        giver=Giver(
            GiverKind(row.giver_kind), row.giver_reference, instant_or_none(row.giver_until), row.giver_scope
        ),
        capture=capture,
        shown=Shown(row.wording, row.wording_version, row.language, row.register, row.sha256),
        grants=tuple(grant_of(one) for one in grants),
        refused=tuple(RefusedRow(who, what, instant_or_none(when)) for who, what, when in private["refused"]),
        state=ConsentState(state), given_at=from_micros(row.given_at),
        withdrawn_at=instant_or_none(row.withdrawn_at) if withdrawn else None, seq=row.seq,
        withdrawn_told=row.withdrawn_told if withdrawn else None,
    )  # fmt: skip


def _counted(
    connection: object, client: ClientId, at: datetime, beside: ConsentId, which: ColumnElement[bool]
) -> dict[str, int]:
    """Return how many grants that are not over each recipient has of the client."""
    table = _GRANTS.c
    query = (
        select(table.recipient, func.count())
        .where(table.client == client, table.replaced.is_(False), table.withdrawn.is_(False), which)
        .where(table.spent_by.is_(None), table.ended_at.is_(None))
        .where(table.until > to_micros(at), table.consent != beside)
        .group_by(table.recipient)
    )
    return {recipient: count for recipient, count in _of(connection).execute(query)}


def _of(connection: object) -> Connection:
    return cast(Connection, connection)
