"""Single reads, on both databases: the same rows, fresh at each, and a clear word when the database does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sql.database import Database
from adapters.sql.direct import Statement, statement
from adapters.sql.engine import open_database
from gateway.errors import StoreUnavailable
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH

THINGS = Statement(
    lambda say: (
        f"SELECT (SELECT {say.rows('name, size, big')} FROM (SELECT * FROM thing ORDER BY name) AS t), "  # noqa: S608
        f"(SELECT {say.values('name')} FROM thing WHERE name {say.among('wanted')}), "
        f"(SELECT {say.pairs('name', 'size')} FROM thing WHERE name = :one), "
        f"(SELECT {say.row('name, size')} FROM thing WHERE name = :one), "
        f"(SELECT count(*) FROM thing WHERE (name, kind, size) {say.among_names('triples')})"
    )
)
ASKED = {"wanted": '["a", "z"]', "one": "b", "triples": '[["a", "k", 1], ["b", "k", 1]]'}
COUNT = statement("SELECT count(*) FROM thing WHERE name <> :name")


@pytest.fixture(params=ON_BOTH)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An open database with a table in it."""
    with database_url(request.param, tmp_path) as url:
        assert url is not None
        opened = open_database(url)
        with opened.write() as connection:
            connection.execute(text("CREATE TABLE thing (name text, kind text, size bigint, big boolean)"))
            connection.execute(text("INSERT INTO thing VALUES ('a', 'k', 1, true), ('b', 'k', 2, false)"))
            connection.commit()
        yield opened
        await opened.direct.close()
        opened.close()


def _plain(rows: object) -> list[list[object]]:
    import orjson

    assert isinstance(rows, list | tuple)
    return [[orjson.loads(one) if isinstance(one, str) else one for one in row] for row in rows]


async def test_both_databases_say_the_same_on_the_loop_and_in_a_thread(database: Database) -> None:
    found = _plain(await database.direct.fetch(THINGS, ASKED))
    things, among, pairs, row, triples = found[0]
    assert [[name, size, bool(big)] for name, size, big in things] == [["a", 1, True], ["b", 2, False]]  # type: ignore[attr-defined]
    assert (among, pairs, row, triples) == (["a"], {"b": 2}, ["b", 2], 1)
    assert _plain(await asyncio.to_thread(database.direct.fetch_now, THINGS, ASKED)) == found


async def test_what_was_committed_before_a_read_began_is_seen_by_it(database: Database) -> None:
    for count in range(3, 6):
        with database.write() as connection:
            connection.execute(text("INSERT INTO thing VALUES ('c', 'k', 3, true)"))
            connection.commit()
        ((on_loop,),), ((in_thread,),) = (
            await database.direct.fetch(COUNT, {"name": ""}),
            await asyncio.to_thread(database.direct.fetch_now, COUNT, {"name": ""}),
        )
        assert on_loop == in_thread == count


async def test_nothing_can_be_written_this_way(database: Database) -> None:
    for text_of in ("DELETE FROM thing RETURNING name", "INSERT INTO thing (name) VALUES ('x') RETURNING name"):
        with pytest.raises(StoreUnavailable):
            await database.direct.fetch(statement(text_of), {})
        with pytest.raises(StoreUnavailable):
            await asyncio.to_thread(database.direct.fetch_now, statement(text_of), {})
    assert [tuple(row) for row in await database.direct.fetch(COUNT, {"name": ""})] == [(2,)]


async def test_many_at_once_are_each_answered_with_their_own(database: Database) -> None:
    one = Statement(lambda say: f"SELECT {say.values('name')} FROM thing WHERE name = :name")  # noqa: S608
    names = ["a", "b", "nobody"] * 40
    answers = await asyncio.gather(*(database.direct.fetch(one, {"name": name}) for name in names))
    assert _plain([tuple(row) for rows in answers for row in rows]) == [
        [[] if name == "nobody" else [name]] for name in names
    ]


async def test_a_listener_is_told_each_statement(database: Database) -> None:
    told: list[str] = []
    database.direct.listeners.append(told.append)
    await database.direct.fetch(COUNT, {"name": "a"})
    database.direct.fetch_now(COUNT, {"name": "a"})
    assert len(told) == 2
    assert "count(*)" in told[0]


@pytest.mark.needs_postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_connections_that_the_server_cut_are_replaced(database: Database) -> None:
    await database.direct.fetch(COUNT, {"name": "a"})
    database.direct.fetch_now(COUNT, {"name": "a"})
    with database.write() as connection:
        cut = (
            "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity "
            "WHERE application_name = 'saattaen-reading' AND datname = current_database()"
        )
        assert connection.execute(text(cut)).scalar_one() >= 2
    assert await database.direct.fetch(COUNT, {"name": "a"})
    assert database.direct.fetch_now(COUNT, {"name": "a"})


@pytest.mark.needs_postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_read_that_nobody_waits_for_any_more_harms_no_other(database: Database) -> None:
    slow = asyncio.create_task(database.direct.fetch(statement("SELECT CAST(pg_sleep(12) AS text)"), {}))
    asleep = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()")
    while not await database.reading(lambda connection: connection.execute(asleep).scalar_one()):
        assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    answers = await asyncio.gather(*(database.direct.fetch(COUNT, {"name": "a"}) for _ in range(20)))
    assert {tuple(rows[0]) for rows in answers} == {(1,)}


@pytest.mark.needs_postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_question_that_cannot_be_answered_spoils_no_other(database: Database) -> None:
    one = statement("SELECT name, 1 / (size - 1) FROM thing WHERE name = :name")
    answers = await asyncio.gather(
        *(database.direct.fetch(one, {"name": name}) for name in ("b", "a", "nobody", "\0", "b")),
        return_exceptions=True,
    )
    found = [one if isinstance(one, Exception) else [tuple(row) for row in one] for one in answers]  # type: ignore[union-attr]
    assert [found[0], found[2], found[4]] == [[("b", 1)], [], [("b", 1)]]
    assert isinstance(found[1], StoreUnavailable)
    assert isinstance(found[3], StoreUnavailable)


@pytest.mark.needs_postgres
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_questions_that_come_together_are_asked_together_and_see_what_stood_when_they_were_asked(
    database: Database,
) -> None:
    # One transaction, and so one instant, answers all of them; rows in the order that the statement gives them.
    one = statement(
        "SELECT name, CAST(transaction_timestamp() AS text) FROM thing WHERE name >= :name ORDER BY name DESC LIMIT 2"
    )
    answers = await asyncio.gather(*(database.direct.fetch(one, {"name": name}) for name in ("a", "b", "c")))
    assert [[name for name, _ in rows] for rows in answers] == [["b", "a"], ["b"], []]
    assert len({at for rows in answers for _, at in rows}) == 1
