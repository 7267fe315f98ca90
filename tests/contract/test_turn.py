"""The turn: of all processes on a database one has it, and another gets it once that one has gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sql.engine import Database, open_database
from adapters.sql.turn import turn_on
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH


@pytest.fixture(params=ON_BOTH)
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    """One database, opened twice as by two processes."""
    with database_url(request.param, tmp_path) as url:
        assert url is not None
        first, second = open_database(url), open_database(url)
        yield first, second
        first.close()
        second.close()


def test_one_of_two_has_the_turn_and_keeps_it(databases: tuple[Database, Database]) -> None:
    first, second = map(turn_on, databases)
    assert [first.take(), second.take(), first.take(), second.take()] == [True, False, True, False]
    first.close()
    second.close()


def test_the_other_takes_it_once_it_is_given_back(databases: tuple[Database, Database]) -> None:
    first, second = map(turn_on, databases)
    assert first.take()
    first.close()
    assert second.take()
    assert not first.take()
    second.close()


@pytest.mark.needs_postgres
def test_a_turn_whose_session_was_cut_is_lost_and_can_be_taken_again(tmp_path: Path) -> None:
    with database_url("postgresql", tmp_path) as url:
        assert url is not None
        database = open_database(url)
        turn = turn_on(database)
        assert turn.take()
        with database.engine.connect() as connection:
            # Of this database alone: sessions of an earlier test may be about to end.
            cut = (
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            assert connection.execute(text(cut)).scalars().all() == [True]
        assert not turn.take()
        assert turn.take()
        turn.close()
        database.close()
