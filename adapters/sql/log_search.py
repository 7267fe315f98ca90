"""Searching the log's index: implements `gateway.disclosure.log_finding.SearchStore`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, func, literal, or_, select
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from adapters.sql.engine import Database
from adapters.sql.log_store import SqlLogReader
from adapters.sql.log_tables import COMBINATION, ERASED, INDEX, LEAF, SEALED
from audit.store import EntryRows, Head
from audit.writing import year_of_origin
from gateway.disclosure.log_query import Criteria, Scope
from gateway.disclosure.log_survey import Sight, Survey

Condition = ColumnElement[bool]
Columns = ReadOnlyColumnCollection[str, ColumnElement[str]]
_SIGHT = ("log", "idx", "t", "kind", "outcome", "recipient", "custodian", "requester")


@dataclass(frozen=True, slots=True)
class _Walk:
    """One way through a log along an index. None on it is after `newest`; where it is exact, each fits."""

    newest: int
    along: list[Condition]
    is_exact: bool = False


class SqlSearchReader(SqlLogReader):
    """Reads logs and finds entries, within one snapshot."""

    def find(self, criteria: Criteria) -> Sequence[tuple[str, int]]:
        """Return where the entries stand that fit, newest first.

        A log at a time, from its newest entry backwards: so an index ends the search as soon as the page is full,
        however long the logs are.
        """
        found: list[tuple[str, int]] = []
        for head in reversed(self.heads()):
            if criteria.before is not None and criteria.before[0] < head.started:
                continue
            found += [(head.origin, idx) for idx in self._find_in(criteria, head, criteria.limit - len(found))]
            if len(found) == criteria.limit:
                break
        return found

    def _find_in(self, criteria: Criteria, head: Head, most: int) -> list[int]:
        """Return the indexes of the newest entries of one log that fit."""
        stretch, found = self._stretch(criteria, head), list[int]()
        query = select(INDEX.c.idx).where(*stretch).order_by(INDEX.c.idx.desc()).limit(most)
        for walk in self._walks(criteria, head, stretch, most):
            # What is older than so many that were found would be left off anyhow.
            oldest = found[-1] if len(found) == most else -1
            if walk.newest > oldest:
                asked = [] if walk.is_exact else _conditions(criteria)
                more = self.connection.scalars(query.where(*walk.along, *asked, INDEX.c.idx > oldest))
                found = sorted([*found, *more], reverse=True)[:most]
        return found

    def survey(self, criteria: Criteria, past: int) -> Survey:
        """Return what fits, newest first, going past at most *past* entries of each log along its index.

        The walk is cut off before anything but its index is asked, so its cost has a bound that no query moves.
        """
        sights: list[Sight] = []
        for head in reversed(self.heads()):
            if criteria.before is not None and criteria.before[0] < head.started:
                continue
            left = criteria.limit - len(sights)
            stretch, here, ends = self._stretch(criteria, head), list[Sight](), list[int]()
            for walk in self._walks(criteria, head, stretch, left):
                oldest = here[left - 1].index if len(here) >= left else -1
                if walk.newest <= oldest:
                    continue
                along = select(INDEX).where(*stretch, *walk.along, INDEX.c.idx > oldest)
                gone = along.order_by(INDEX.c.idx.desc()).limit(past).subquery("gone")
                asked = [] if walk.is_exact else _conditions(criteria, gone.c)
                # A limit below keeps its order above: neither database has a reason to sort again.
                fitting = select(*(gone.c[name] for name in _SIGHT)).where(*asked).limit(left)
                found = [Sight(*row) for row in self.connection.execute(fitting)]
                here = sorted([*here, *found], key=lambda one: one.index, reverse=True)
                if len(found) < left:
                    passed, last = self.connection.execute(
                        select(func.count(), func.min(gone.c.idx)).select_from(gone)
                    ).one()
                    ends += [last] if passed == past else []
            end = max(ends, default=0)
            here = [one for one in here if one.index >= end]
            sights += here[:left]
            if ends and len(here) < left:
                return Survey(sights, (head.origin, end))
            if len(sights) == criteria.limit:
                return Survey(sights, (sights[-1].origin, sights[-1].index))
        return Survey(sights, None)

    def rows(self, origin: str, indexes: Sequence[int]) -> EntryRows:
        """Return the rows of some entries of one log."""
        return EntryRows(
            self._leaves(LEAF.c.log == origin, LEAF.c.idx.in_(indexes)),
            self._sealed(SEALED.c.log == origin, SEALED.c.idx.in_(indexes)),
            self._erased(ERASED.c.log == origin, ERASED.c.idx.in_(indexes)),
            self._events(INDEX.c.log == origin, INDEX.c.idx.in_(indexes)),
        )

    def systems(self) -> Collection[str]:
        """Return every partner system that ever asked."""
        named = select(COMBINATION.c.requester).where(COMBINATION.c.requester.is_not(None))
        unsorted = select(INDEX.c.requester).where(INDEX.c.combination.is_(None), INDEX.c.requester.is_not(None))
        return list(self.connection.scalars(named.union(unsorted)))

    def _walks(self, criteria: Criteria, head: Head, stretch: Sequence[Condition], most: int) -> list[_Walk]:
        """Return the walks through a log that find everything, each along one index and in the log's order.

        An index is in that order for one value alone, so several values are several walks. Without a person in the
        question, what fits is known from the combinations: each has a walk of its own on which every entry fits. The
        newest *most* entries are of the *most* combinations whose newest entries are the newest.
        """
        row, year = INDEX.c, year_of_origin(head.origin)
        subjects = None if criteria.subjects is None else sorted(criteria.subjects.get(year, ()))
        actors = None if criteria.actors is None else sorted(criteria.actors.get(year, ()))
        # Written so that no index serves it: SQLite keeps no statistics, and would rather go past every entry.
        here = row.log.concat("") == head.origin
        if subjects is not None:
            also = [] if actors is None else [row.actor_token.in_(actors)]
            return [_Walk(head.size, [here, row.subject_token == token, *also]) for token in subjects]
        if actors is not None:
            return [_Walk(head.size, [here, row.actor_token == token]) for token in actors]
        fits = _conditions(criteria, COMBINATION.c)
        if not fits:
            return [_Walk(head.size, [row.log == head.origin], is_exact=True)]
        last = select(func.max(row.idx)).where(row.combination == COMBINATION.c.id, *stretch)
        newest = last.scalar_subquery().label("newest")
        fitting = select(newest, COMBINATION.c.id).where(COMBINATION.c.log == head.origin, *fits)
        found = self.connection.execute(fitting.order_by(newest.desc().nulls_last()).limit(most)).all()
        return [
            *(_Walk(last, [here, row.combination == one], is_exact=True) for last, one in found if last is not None),
            # Rows that nobody has sorted yet are few or none, and are looked at by themselves.
            _Walk(head.size, [here, row.combination.is_(None)]),
        ]

    def _stretch(self, criteria: Criteria, head: Head) -> list[ColumnElement[bool]]:
        """Return between which entries of a log the search runs: a page goes on before an entry, a period has ends.

        Time never runs back within a log, so its ends are found by halving.
        """
        since, until, first, last = criteria.query.since, criteria.query.until, 0, head.size
        if criteria.before is not None and criteria.before[0] == head.started:
            last = min(last, criteria.before[1])
        if since is not None:
            first = bisect_left(range(head.size), since, key=lambda index: self._time(head.origin, index))
        if until is not None:
            last = min(last, bisect_left(range(head.size), until, key=lambda index: self._time(head.origin, index)))
        return [INDEX.c.idx >= first, INDEX.c.idx < last]

    def _time(self, origin: str, index: int) -> int:
        """Return when an entry was written; of one that has no index row, when the next one was."""
        query = select(INDEX.c.t).where(INDEX.c.log == origin, INDEX.c.idx >= index).order_by(INDEX.c.idx).limit(1)
        return self.connection.scalars(query).one_or_none() or 0


class SqlSearchStore:
    """A database whose log can be searched."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def read(self) -> Iterator[SqlSearchReader]:
        """Begin a snapshot for reading."""
        with self._database.read() as connection:
            yield SqlSearchReader(connection)


def _conditions(criteria: Criteria, row: Columns = INDEX.c) -> list[Condition]:
    query = criteria.query
    found: list[Condition] = []
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
    if criteria.scope is not None:
        found.append(_within(criteria.scope, row))
    return found


def _names(column: ColumnElement[str], code: str) -> ColumnElement[bool]:
    """Return whether a column names a code among others, with blanks between."""
    return (literal(" ") + column + literal(" ")).contains(f" {code} ", autoescape=True)


def _within(scope: Scope, row: Columns) -> ColumnElement[bool]:
    named = [_names(column, code) for code in sorted(scope.services) for column in (row.recipient, row.custodian)]
    return or_(false(), *named, row.requester.in_(sorted(scope.systems)))
