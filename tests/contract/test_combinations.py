"""A search by the combinations of values finds what going past every entry finds, and the log's writer keeps them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from adapters.sql.engine import Database, open_database
from adapters.sql.log_search import SqlSearchStore
from adapters.sql.log_store import SqlLogStore
from adapters.sql.log_tables import LOG_TABLES
from adapters.sql.triggers import make_triggers
from audit.entry import IndexRow
from audit.store import Addition, EventRow, Head
from gateway.disclosure.log_query import Criteria, Query, Scope
from gateway.errors import StoreUnavailable
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH

LOGS = ("gw.saattaen.example/audit/2026", "gw.saattaen.example/audit/2027")
SIZE = 300
KINDS, OUTCOMES = ("disclosure", "decision", "consent.given"), ("permit", "deny", "na")
CODES = ("kela", "kela-etuudet", "clinic", "kela clinic", None)


def event(index: int, row: IndexRow, time: int | None = None, log: str = "") -> EventRow:
    return EventRow(index, f"{log}.{index}", None, None, row, index if time is None else time)


def drawn(log: str) -> list[EventRow]:
    """Return the index rows of one year: some sorts of events are frequent, some stand in its beginning alone."""
    dice = random.Random(log)
    sorts = [
        IndexRow(
            *(dice.choice(values) for values in (KINDS, OUTCOMES, (None, "consent"), ("plan", None), *[CODES] * 3))
        )
        for _ in range(24)
    ]
    return [
        event(index, sorts[min(dice.randrange(24), dice.randrange(24)) if index > 40 else 23 - index % 6], log=log)
        for index in range(SIZE)
    ]


@dataclass
class Written:
    """A database of one kind with two years in it, through the log's writer."""

    database: Database
    store: SqlLogStore
    heads: dict[str, Head]

    def append(self, log: str, events: list[EventRow], store: SqlLogStore | None = None) -> None:
        """Append index rows alone, and move the head."""
        old = self.heads[log]
        new = replace(old, size=old.size + len(events))
        with (store or self.store).write() as tx:
            tx.append(old, new, Addition([], [], [], events))
            tx.commit()
        self.heads[log] = new

    def find(self, criteria: Criteria) -> list[tuple[str, int]]:
        with SqlSearchStore(self.database).read() as reader:
            return list(reader.find(criteria))

    def numbers(self) -> list[tuple[str, int, int | None]]:
        with self.database.read() as connection:
            query = text("SELECT log, idx, combination FROM audit_index ORDER BY log, idx")
            return [(log, index, number) for log, index, number in connection.execute(query)]

    def execute(self, *statements: str) -> None:
        with self.database.write() as connection:
            for statement in statements:
                connection.execute(text(statement))
            connection.commit()


@pytest.fixture(params=ON_BOTH, scope="module")
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database of each kind with the log's tables, and two years begun in it."""
    yield from opened(request.param, tmp_path_factory.mktemp("empty"))


def opened(kind: str, folder: Path) -> Iterator[Database]:
    with database_url(kind, folder) as url:
        assert url is not None
        database = open_database(url)
        with database.write() as connection:
            LOG_TABLES[0].metadata.create_all(connection, tables=LOG_TABLES)
            make_triggers(connection, log_alone=True)
            connection.commit()
        yield database
        database.close()


def begun(database: Database) -> Written:
    heads = {log: Head(log, 0, b"", b"", 0, ended=False, started=at) for at, log in enumerate(LOGS, 1)}
    store = SqlLogStore(database)
    with store.write() as tx:
        for head in heads.values():
            tx.start(head)
        tx.commit()
    return Written(database, store, heads)


@pytest.fixture(scope="module")
def written(empty: Database) -> Written:
    made = begun(empty)
    for log in LOGS:
        events = drawn(log)
        for at in range(0, SIZE, 50):
            made.append(log, events[at : at + 50])
    return made


@pytest.fixture(scope="module")
def unsorted(written: Written, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """The same rows without a number: every one is looked at."""
    kind = written.database.engine.dialect.name
    for database in opened(kind, tmp_path_factory.mktemp("unsorted")):
        made = begun(database)
        for log in LOGS:
            made.append(log, drawn(log))
        dropped = "DROP TRIGGER audit_index_combination" + (" ON audit_index" if kind == "postgresql" else "")
        made.execute(dropped, "UPDATE audit_index SET combination = NULL")
        yield made


def fits(row: IndexRow, time: int, criteria: Criteria) -> bool:
    """Say in Python what a question asks of an index row."""
    query, scope = criteria.query, criteria.scope

    def names(said: str | None, code: str | None) -> bool:
        return code is None or code in (said or "").split()

    def sees(seen: Scope) -> bool:
        named = {*(row.recipient or "").split(), *(row.custodian or "").split()}
        return bool(named & seen.services) or row.requester in seen.systems

    return (
        query.requester in (None, row.requester)
        and query.outcome in (None, row.outcome)
        and (not query.kinds or row.kind in query.kinds)
        and all(
            names(getattr(row, one), getattr(query, one)) for one in ("recipient", "custodian", "category", "basis")
        )
        and (query.since is None or query.since <= time)
        and (query.until is None or time < query.until)
        and (scope is None or sees(scope))
    )


code = st.sampled_from([None, None, None, "kela", "clinic", "nobody"])
instant = st.none() | st.integers(-1, SIZE + 1)
queries = st.builds(
    Query, requester=code, recipient=code, custodian=code, category=st.sampled_from([None, None, "plan", "other"]),
    outcome=st.sampled_from([None, None, *OUTCOMES, "error"]), basis=st.sampled_from([None, None, "consent"]),
    kinds=st.sampled_from([(), (), ("disclosure",), ("decision", "consent.given"), KINDS, ("key",)]),
    since=instant, until=instant,
)  # fmt: skip
asked = st.builds(
    Criteria, queries, st.none(), st.none(),
    st.none() | st.builds(Scope, st.frozensets(st.sampled_from(["kela", "x"])), st.frozensets(code.filter(bool))),
    st.none() | st.tuples(st.integers(1, 2), st.integers(0, SIZE)), st.sampled_from([1, 3, 10, 1000]),
)  # fmt: skip


@given(criteria=asked)
@settings(max_examples=150, deadline=None)
def test_a_search_finds_the_same_with_combinations_without_and_in_python(
    written: Written, unsorted: Written, criteria: Criteria
) -> None:
    expected = [
        (log, one.index)
        for started, log in reversed([*enumerate(LOGS, 1)])
        for one in reversed(drawn(log))
        if criteria.before is None or (started, one.index) < criteria.before
        if fits(one.row, one.time, criteria)
    ][: criteria.limit]
    for one in (written, unsorted):
        assert one.find(criteria) == expected
        with SqlSearchStore(one.database).read() as reader:
            assert [(sight.origin, sight.index) for sight in reader.survey(criteria, 10_000).sights] == expected


def test_each_entry_bears_the_number_of_its_values_and_those_of_another_year_others(written: Written) -> None:
    rows = {(log, one.index): one.row for log in LOGS for one in drawn(log)}
    numbers = written.numbers()
    sorts = {(number, log, rows[log, index]) for log, index, number in numbers}
    assert len(numbers) == 2 * SIZE
    assert len(sorts) == len({number for number, *_ in sorts}) == len({one[1:] for one in sorts})


# Writing them.


@pytest.fixture(params=ON_BOTH)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Written]:
    for database in opened(request.param, tmp_path):
        yield begun(database)


PLAN, OTHER = IndexRow("disclosure", "permit", category="plan"), IndexRow("decision", "deny", category="plan")


def test_two_processes_that_write_in_turn_give_the_same_values_the_same_number(fresh: Written) -> None:
    other = SqlLogStore(fresh.database)
    writers = [fresh.store, other, other, fresh.store, other]
    for index, (row, store) in enumerate(zip([PLAN, OTHER, PLAN, OTHER, OTHER], writers, strict=True)):
        fresh.append(LOGS[0], [event(index, row)], store)
    assert [number for *_, number in fresh.numbers()] == [1, 2, 1, 2, 2]


def test_a_number_that_was_rolled_back_is_not_given_to_an_entry(fresh: Written) -> None:
    head = fresh.heads[LOGS[0]]
    with pytest.raises(StoreUnavailable, match="moved"), fresh.store.write() as tx:
        tx.append(replace(head, size=7), replace(head, size=8), Addition([], [], [], [event(7, PLAN)]))
    with fresh.store.write() as tx:
        tx.append(head, replace(head, size=1), Addition([], [], [], [event(0, PLAN)]))  # And it is left uncommitted.
    fresh.append(LOGS[0], [event(0, OTHER)])
    fresh.append(LOGS[0], [event(1, PLAN)])
    assert fresh.find(Criteria(Query(outcome="permit"), None, None, None, None, 10)) == [(LOGS[0], 1)]
    assert fresh.find(Criteria(Query(outcome="deny"), None, None, None, None, 10)) == [(LOGS[0], 0)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_combination SET outcome = 'na'",
        "DELETE FROM audit_combination",
        "UPDATE audit_index SET combination = 2",
        "UPDATE audit_index SET combination = NULL",
    ],
)
def test_triggers_refuse_to_sort_an_entry_anew(fresh: Written, statement: str) -> None:
    fresh.append(LOGS[0], [event(0, PLAN)])
    with pytest.raises(Exception, match="never"):
        fresh.execute(statement)


# What a verification is told.


@pytest.mark.parametrize(
    "statement, lost",
    [
        ("UPDATE audit_index SET combination = 2 WHERE idx = 0", {0}),
        ("UPDATE audit_index SET combination = 99 WHERE idx = 2", {2}),
        ("UPDATE audit_index SET recipient = 'kela' WHERE idx = 1", {1}),
        ("UPDATE audit_combination SET category = NULL WHERE id = 1", {0, 2}),
        ("UPDATE audit_combination SET log = 'elsewhere' WHERE id = 1", {0, 2}),
        ("DELETE FROM audit_combination WHERE id = 2", {1}),
        ("UPDATE audit_index SET combination = NULL WHERE idx = 1", set()),
    ],
)
def test_a_row_that_a_search_would_not_find_by_what_it_says_is_told(
    fresh: Written, statement: str, lost: set[int]
) -> None:
    fresh.append(LOGS[0], [event(index, row) for index, row in enumerate([PLAN, OTHER, PLAN])])
    tables = [("audit_combination", "update"), ("audit_combination", "delete"), ("audit_index", "update")]
    on = " ON {}" if fresh.database.engine.dialect.name == "postgresql" else ""
    dropped = [f"DROP TRIGGER {table}_{verb}{on.format(table)}" for table, verb in tables]
    fresh.execute(*dropped, f"DROP TRIGGER audit_index_combination{on.format('audit_index')}", statement)
    with fresh.store.read() as reader:
        told = {one.index for one in reader.events(LOGS[0], 0, 3) if not one.is_found}
    assert told == lost


def test_a_question_of_many_combinations_is_answered_from_the_newest_ones(fresh: Written) -> None:
    sorts = [IndexRow("disclosure", "permit", recipient=f"r{number}", requester="s") for number in range(120)]
    order = [*range(120), *chain.from_iterable(product(range(3), repeat=2))]
    fresh.append(LOGS[0], [event(index, sorts[number]) for index, number in enumerate(order)])
    found = fresh.find(Criteria(Query(requester="s"), None, None, None, None, 51))
    assert found == [(LOGS[0], index) for index in range(len(order) - 1, len(order) - 52, -1)]
