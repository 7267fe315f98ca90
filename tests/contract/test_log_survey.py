"""A survey goes past so many entries and no more, says where it stopped, and goes on from there without a gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sql import schema
from adapters.sql.engine import Database, open_database
from adapters.sql.log_search import SqlSearchStore
from gateway.disclosure.log_query import Criteria, Query, Scope
from gateway.disclosure.log_survey import Survey
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH

LOGS = ("gw.saattaen.example/audit/2026", "gw.saattaen.example/audit/2027")
SIZE = 100
_ROW = (
    "INSERT INTO audit_index (log, idx, event_id, subject_token, kind, outcome, recipient, custodian, requester, t) "
    "VALUES (:log, :idx, :id, :subject, :kind, :outcome, :recipient, 'clinic', :requester, :t)"
)
KELA = Scope(frozenset({"kela"}), frozenset())


def rows() -> Iterator[dict[str, object]]:
    """Two years of a hundred entries; every tenth is Kela's, every twentieth a refusal."""
    for year, log in enumerate(LOGS):
        for idx in range(SIZE):
            refused = idx % 20 == 0
            yield {
                "log": log, "idx": idx, "id": f"{year}.{idx}", "subject": f"s{year}-{idx % 2}",
                "kind": "decision" if refused else "disclosure", "outcome": "deny" if refused else "permit",
                "recipient": "kela" if idx % 10 == 0 else "kela-etuudet", "requester": f"system-{idx % 3}",
                "t": year * 1000 + idx,
            }  # fmt: skip


@pytest.fixture(params=ON_BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind with two logs' index rows in it."""
    with database_url(request.param, tmp_path) as url:
        assert url is not None
        opened = open_database(url)
        schema.upgrade(opened)
        head = (
            "INSERT INTO audit_head (log, size, frontier, note, last_t, ended, started) "
            "VALUES (:log, :size, :none, :none, 0, :ended, :started)"
        )
        with opened.write() as connection:
            for started, log in enumerate(LOGS, 1):
                values = {"log": log, "size": SIZE, "none": b"", "ended": started == 1, "started": started}
                connection.execute(text(head), values)
            connection.execute(text(_ROW), list(rows()))
            connection.commit()
        yield opened
        opened.close()


def survey(database: Database, query: Query, past: int, limit: int = 1000, **more: object) -> Survey:
    """Survey with one set of tokens for all years."""
    criteria = replace(Criteria(query, None, None, None, None, limit), **more)  # type: ignore[arg-type]
    with SqlSearchStore(database).read() as reader:
        return reader.survey(criteria, past)


def places(found: Survey) -> list[tuple[str, int]]:
    return [(one.origin, one.index) for one in found.sights]


def everything(database: Database, query: Query, past: int, **more: object) -> list[tuple[str, int]]:
    """Survey to the end, from stop to stop."""
    found: list[tuple[str, int]] = []
    before = None
    for _ in range(100):
        one = survey(database, query, past, before=before, **more)
        found += places(one)
        if one.stopped is None:
            return found
        before = (LOGS.index(one.stopped[0]) + 1, one.stopped[1])
    raise AssertionError("it never ends")


def test_what_fits_is_found_newest_first_over_all_logs(database: Database) -> None:
    found = survey(database, Query(recipient="kela"), past=1000)
    assert found.stopped is None
    assert places(found) == [(log, idx) for log in reversed(LOGS) for idx in range(90, -1, -10)]
    assert {one.recipient for one in found.sights} == {"kela"}


def test_a_name_within_another_is_another(database: Database) -> None:
    assert len(survey(database, Query(), past=1000, scope=KELA).sights) == 20


def test_it_goes_past_no_more_than_it_may_and_says_where_it_stopped(database: Database) -> None:
    found = survey(database, Query(recipient="kela"), past=25)
    assert places(found) == [(LOGS[1], 90), (LOGS[1], 80)]
    assert found.stopped == (LOGS[1], 75)


@pytest.mark.parametrize("past", [7, 25, 100, 1000])
@pytest.mark.parametrize(
    "query, more",
    [
        (Query(), {}),
        (Query(recipient="kela"), {}),
        (Query(outcome="deny"), {"scope": KELA}),
        (Query(kinds=("decision",)), {}),
        (Query(requester="system-1"), {"scope": KELA}),
        (Query(since=50, until=1060), {}),
        (Query(), {"subjects": {2026: frozenset({"s0-0", "s1-0", "s0-1", "s1-1"}), 2027: frozenset({"s1-0"})}}),
        (Query(basis="nothing"), {}),
    ],
)  # fmt: skip
def test_going_on_from_where_it_stopped_finds_what_one_look_finds(
    database: Database, query: Query, more: dict[str, object], past: int
) -> None:
    found = everything(database, query, past, **more)
    whole = survey(database, query, 10_000, **more)
    assert whole.stopped is None
    assert found == places(whole)


def test_a_full_page_stops_at_its_last_entry(database: Database) -> None:
    found = survey(database, Query(), past=1000, limit=3)
    assert places(found) == [(LOGS[1], 99), (LOGS[1], 98), (LOGS[1], 97)]
    assert found.stopped == (LOGS[1], 97)
