"""Searching the log's index: implements `gateway.disclosure.log_search.SearchStore`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Column, ColumnElement, and_, false, literal, or_, select

from adapters.sql.engine import Database
from adapters.sql.log_store import SqlLogReader
from adapters.sql.log_tables import HEAD, INDEX
from gateway.disclosure.log_search import Criteria, Scope

_TOKENS_AT_ONCE = 500


class SqlSearchReader(SqlLogReader):
    """Reads logs and finds entries, within one snapshot."""

    def find(self, criteria: Criteria) -> Sequence[tuple[str, int]]:
        """Return where the entries stand that fit, newest first."""
        query = (
            select(INDEX.c.log, INDEX.c.idx)
            .join(HEAD, HEAD.c.log == INDEX.c.log)
            .where(*_conditions(criteria))
            .order_by(HEAD.c.started.desc(), INDEX.c.idx.desc())
            .limit(criteria.limit)
        )
        return [(log, idx) for log, idx in self.connection.execute(query)]

    def systems(self) -> Collection[str]:
        """Return every partner system that ever asked."""
        query = select(INDEX.c.requester).where(INDEX.c.requester.is_not(None)).distinct()
        return list(self.connection.scalars(query))


class SqlSearchStore:
    """A database whose log can be searched."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def read(self) -> Iterator[SqlSearchReader]:
        """Begin a snapshot for reading."""
        with self._database.read() as connection:
            yield SqlSearchReader(connection)


def _conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    query, row = criteria.query, INDEX.c
    found: list[ColumnElement[bool]] = []
    if criteria.subjects is not None:
        found.append(_any_token(row.subject_token, criteria.subjects))
    if criteria.actors is not None:
        found.append(_any_token(row.actor_token, criteria.actors))
    for column, value in ((row.requester, query.requester), (row.outcome, query.outcome)):
        if value is not None:
            found.append(column == value)
    for column, value in (
        (row.recipient, query.recipient), (row.custodian, query.custodian), (row.category, query.category),
        (row.basis, query.basis),
    ):  # fmt: skip
        if value is not None:
            found.append(_names(column, value))
    if query.kinds:
        found.append(row.kind.in_(query.kinds))
    if query.since is not None:
        found.append(row.t >= query.since)
    if query.until is not None:
        found.append(row.t < query.until)
    if criteria.before is not None:
        started, index = criteria.before
        found.append(or_(HEAD.c.started < started, and_(HEAD.c.started == started, row.idx < index)))
    if criteria.scope is not None:
        found.append(_within(criteria.scope))
    return found


def _any_token(column: Column[str], tokens: frozenset[str]) -> ColumnElement[bool]:
    ordered = sorted(tokens)
    parts = [ordered[at : at + _TOKENS_AT_ONCE] for at in range(0, len(ordered), _TOKENS_AT_ONCE)]
    return or_(false(), *(column.in_(part) for part in parts))


def _names(column: Column[str], code: str) -> ColumnElement[bool]:
    """Return whether a column names a code among others, with blanks between."""
    return (literal(" ") + column + literal(" ")).contains(f" {code} ", autoescape=True)


def _within(scope: Scope) -> ColumnElement[bool]:
    row = INDEX.c
    named = [_names(column, code) for code in sorted(scope.services) for column in (row.recipient, row.custodian)]
    return or_(false(), *named, row.requester.in_(sorted(scope.systems)))
