"""Each search runs along an index of its own, so that it costs the same however long the log is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from adapters.sql import schema
from adapters.sql.engine import Database, open_database
from adapters.sql.log_search import SqlSearchStore
from gateway.disclosure.log_query import Criteria, Query

LOG = "gw.saattaen.example/audit/2026"
_ROW = (
    "INSERT INTO audit_index (log, idx, event_id, kind, outcome, requester, t) "
    "VALUES (:log, :idx, :id, 'k', 'na', :requester, 0)"
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'main.db'}")
    schema.upgrade(opened)
    with opened.write() as connection:
        connection.execute(text("INSERT INTO audit_head VALUES (:log, 1000000, x'', x'', 0, 0, 1)"), {"log": LOG})
        connection.commit()
    yield opened
    opened.close()


def criteria(query: Query, *, subjects: set[str] | None = None, actors: set[str] | None = None) -> Criteria:
    def tokens(given: set[str] | None) -> dict[int, frozenset[str]] | None:
        return None if given is None else {2026: frozenset(given)}

    return Criteria(query, tokens(subjects), tokens(actors), None, None, 51)


@pytest.mark.parametrize(
    "asked, index",
    [
        (criteria(Query()), "sqlite_autoindex_audit_index_1"),
        (criteria(Query(since=1, until=2)), "sqlite_autoindex_audit_index_1"),
        (criteria(Query(), subjects={"s"}), "ix_audit_index_subject"),
        (criteria(Query(outcome="deny"), subjects={"s"}), "ix_audit_index_subject"),
        (criteria(Query(), actors={"a"}), "ix_audit_index_actor"),
        (criteria(Query(category="handover", kinds=("deposit",)), actors={"a"}), "ix_audit_index_actor"),
        (criteria(Query(requester="kela-system")), "ix_audit_index_combination"),
        (criteria(Query(outcome="deny")), "ix_audit_index_combination"),
        (criteria(Query(outcome="deny", category="handover", since=1)), "ix_audit_index_combination"),
        (criteria(Query(kinds=("consent.withdrawn",))), "ix_audit_index_combination"),
        (criteria(Query(kinds=("consent.withdrawn",), outcome="na", recipient="kela")), "ix_audit_index_combination"),
    ],
)
def test_a_search_runs_backwards_along_its_index_and_sorts_nothing(
    database: Database, asked: Criteria, index: str
) -> None:
    plans: list[str] = []
    with SqlSearchStore(database).read() as reader:

        def explain(_connection, cursor, statement: str, parameters, *_: object) -> None:  # type: ignore[no-untyped-def]
            if "ORDER BY audit_index.idx DESC" in statement:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.extend(row[3] for row in cursor.fetchall())

        event.listen(reader.connection, "before_cursor_execute", explain)
        reader.find(asked)
    assert len(plans) == 1
    assert f"INDEX {index} (" in plans[0]


def test_the_names_of_systems_are_read_along_an_index(database: Database) -> None:
    with database.write() as connection:
        for number, requester in enumerate(["b", "a", None, "b", "c"]):
            connection.execute(
                text(_ROW),
                {"log": LOG, "idx": number, "id": str(number), "requester": requester},
            )
        connection.commit()
    with SqlSearchStore(database).read() as reader:
        assert sorted(reader.systems()) == ["a", "b", "c"]
