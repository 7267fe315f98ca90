"""What is PostgreSQL's own: which server is fit, who may do what, and what happens when connections fail or lack."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from adapters.sql import postgresql, rights, schema
from adapters.sql.database import ReadingThreads
from adapters.sql.engine import Database, DatabaseUnfit, open_database
from adapters.sql.log_store import SqlLogStore
from adapters.sql.tables.clients import DECOY_CLIENT
from audit.errors import CommitFailed
from audit.log import Committed, Log
from audit.writing import Writing
from gateway.errors import StoreUnavailable
from tests.contract.test_log_store import Row, SteeredClock, World, Years, key_store, opened_world
from tests.parts.postgres import own_database, private_postgres, programs
from tests.unit.audit.log_world import NAME, SIGNER, draft

pytestmark = pytest.mark.needs_postgres
ROLES = Path(__file__).parents[2] / "deploy" / "postgres" / "roles.sql"
APPLICATION = "saattaen_app"
"""The role that serves, as the file calls it."""


@pytest.fixture
def url() -> Iterator[str]:
    """Return the URL of a migrated database."""
    with own_database(migrated=True) as lent:
        yield lent


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Return a migrated database."""
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a log on PostgreSQL."""
    with opened_world("postgresql", tmp_path) as made:
        yield made


def show(connection: Connection, setting: str) -> object:
    return connection.execute(text("SELECT current_setting(:name)"), {"name": setting}).scalar_one()


# Which server is fit.


def test_an_older_server_is_refused_with_a_sentence(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "OLDEST", 99)
    with pytest.raises(DatabaseUnfit, match=r"is too old; this program needs 99 or newer\."):
        open_database(url)


def test_a_server_that_does_not_answer_is_a_sentence_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnfit, match="PostgreSQL cannot be used") as raised:
        open_database(f"postgresql+psycopg://someone:verysecret@/none?host={tmp_path}")
    assert "verysecret" not in str(raised.value)


@pytest.mark.parametrize("url", ["postgresql+asyncpg://x@y/z", "postgresql+psycopg://x@y", "not a url"])
def test_another_url_is_refused_with_what_to_give(url: str) -> None:
    with pytest.raises(DatabaseUnfit, match=r"://"):
        open_database(url)


def test_transactions_are_what_the_laws_rest_on(database: Database) -> None:
    with database.write() as connection:
        assert show(connection, "transaction_isolation") == "read committed"
        assert show(connection, "synchronous_commit") == "on"
        assert show(connection, "lock_timeout") == "10s"
        assert show(connection, "application_name") == "saattaen-writing"
    with database.read() as connection:
        assert show(connection, "transaction_isolation") == "repeatable read"
        assert show(connection, "transaction_read_only") == "on"
        assert show(connection, "statement_timeout") == "15s"


@pytest.mark.parametrize("set_at_server, used", [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")])
def test_a_commit_is_durable_whatever_the_server_is_set_to(url: str, set_at_server: str, used: str) -> None:
    name = make_url(url).database
    private_postgres().run_sql(f"ALTER DATABASE {name} SET synchronous_commit = {set_at_server}")
    opened = open_database(url)
    with opened.write() as connection:
        assert show(connection, "synchronous_commit") == used
    opened.close()


# Who may do what.


def test_the_roles_file_holds_the_rights_that_the_program_knows() -> None:
    told = ROLES.read_text(encoding="utf-8")
    assert [one for one in rights.grants(APPLICATION) if f"{one};\n" not in told] == []


def test_what_the_role_may_do_beyond_its_rights_is_told_and_taken_by_a_grant(url: str) -> None:
    name = make_url(url).database
    private_postgres().run_sql(
        f"DO $$ BEGIN CREATE ROLE {APPLICATION} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f'GRANT TEMPORARY ON DATABASE "{name}" TO PUBLIC',
    )
    served = open_database(make_url(url).set(username=APPLICATION).render_as_string(False))
    with served.read() as connection:
        assert rights.excess(connection) == ["make temporary tables"]
    owner = open_database(url)
    rights.grant(owner, APPLICATION)
    owner.close()
    with served.read() as connection:
        assert rights.excess(connection) == []
    with served.write() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("CREATE TEMPORARY TABLE client_state (x int)"))
    served.close()


def test_a_role_that_is_not_there_is_named_before_it_is_given_anything(url: str) -> None:
    owner = open_database(url)
    for give in (rights.grant, rights.grant_data_keys):
        with pytest.raises(ValueError, match="there is no role no_such_role"):
            give(owner, "no_such_role")
    owner.close()


@pytest.fixture
def application(url: str) -> Iterator[Database]:
    """Return the database as the role that serves sees it."""
    named = make_url(url)
    subprocess.run(
        [programs() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(named.query["host"]), "-U", "postgres",
         "-d", str(named.database), "-f", ROLES],
        check=True,
    )  # fmt: skip
    opened = open_database(named.set(username=APPLICATION).render_as_string(False))
    yield opened
    opened.close()


def test_the_role_that_serves_writes_the_log(application: Database, tmp_path: Path) -> None:
    schema.check(application)
    log = Log(SqlLogStore(application), key_store(tmp_path), [SIGNER], SteeredClock(), NAME, Years())  # type: ignore[arg-type]
    log.commit([Entry()])  # type: ignore[list-item]
    log.commit([Entry()])  # type: ignore[list-item]
    log.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_leaf SET entry = 'x'",
        "DELETE FROM audit_leaf",
        "TRUNCATE audit_leaf",
        "UPDATE audit_index SET subject_token = NULL",
        "DELETE FROM audit_sealed",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET log = 'x'",
        "UPDATE consent_version SET language = 'sv'",
        "DELETE FROM consent_grant",
        "DELETE FROM client_state",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
def test_the_role_that_serves_may_not_edit_history_even_where_no_trigger_speaks(
    application: Database, statement: str
) -> None:
    with application.write() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text(statement))  # Of no row at all: a trigger would have nothing to refuse.


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_leaf DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_leaf_update ON audit_leaf",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (x int)",
        "CREATE TEMPORARY TABLE client_state (x int)",
    ],
)
def test_the_role_that_serves_cannot_switch_the_guards_off(application: Database, statement: str) -> None:
    with application.write() as connection, pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        connection.execute(text(statement))


@pytest.mark.parametrize("table", ["audit_leaf", "audit_head", "client_state", "world_state"])
def test_not_even_the_owner_empties_a_table_of_history(database: Database, table: str) -> None:
    with database.write() as connection, pytest.raises(DBAPIError, match="never emptied"):
        connection.execute(text(f"TRUNCATE {table} CASCADE"))


def test_a_temporary_table_does_not_catch_the_epochs(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE client_state (client text, epoch bigint) ON COMMIT DROP"))
        before, after = (
            text("SELECT epoch FROM public.client_state WHERE client = :client"),
            text(
                "INSERT INTO refusal (id, client, recipient, category, by_client, at) "
                "VALUES ('r', :c, 'x', 'y', true, 0)"
            ),
        )
        old = connection.execute(before, {"client": DECOY_CLIENT}).scalar_one()
        connection.execute(after, {"c": DECOY_CLIENT})
        assert connection.execute(before, {"client": DECOY_CLIENT}).scalar_one() == old + 1


def test_one_statement_bumps_every_client_that_it_touches(database: Database) -> None:
    with database.write() as connection:
        for client in ("a", "b"):
            connection.execute(text("INSERT INTO client_state VALUES (:c, 0, false, false)"), {"c": client})
        connection.execute(text("INSERT INTO client_identifier VALUES ('1', 'a', false), ('2', 'a', false)"))
        connection.execute(text("UPDATE client_identifier SET client = 'b' WHERE lookup = '2'"))
        found = connection.execute(text("SELECT client, epoch FROM client_state WHERE client IN ('a', 'b') ORDER BY 1"))
        assert [tuple(row) for row in found] == [("a", 2), ("b", 1)]


# Waiting, failing, coming back.


def until_one_waits_for_a_lock(database: Database) -> None:
    """Return once a session of the database waits for another's lock."""
    one = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    until = time.monotonic() + 60
    while True:
        with database.read() as connection:
            if connection.execute(one).scalar_one():
                return
        assert time.monotonic() < until, "nobody waits for a lock"


def test_writers_wait_for_each_other_before_there_is_a_log_and_after(database: Database, url: str) -> None:
    second, order = open_database(url), []

    def other() -> None:
        with second.write():
            order.append("second")

    for has_head in (False, True):
        order.clear()
        with database.write() as connection:
            waiting = threading.Thread(target=other)
            waiting.start()
            until_one_waits_for_a_lock(database)
            order.append("first")
            if not has_head:
                row = {"log": "x/audit/2026", "b": b""}
                connection.execute(text("INSERT INTO audit_head VALUES (:log, 0, :b, :b, 0, false, 1)"), row)
            connection.commit()
        waiting.join(60)
        assert order == ["first", "second"]
    second.close()


class Entry(Row):
    """An item that writes an entry and no row of its own."""

    def __init__(self) -> None:
        super().__init__("")

    def apply(self, tx: Writing[Connection], at: int) -> tuple[int, list[object]]:  # type: ignore[override]
        return tx.order, [draft(owner=None)]


class Swallowing(Row):
    """An item that goes on after a statement of its own has failed, and asks for no entry."""

    def apply(self, tx: Writing[Connection], at: int) -> tuple[int, list[object]]:  # type: ignore[override]
        try:
            tx.connection.execute(text("SELECT 1 / 0"))
        except DBAPIError:
            return 0, []
        raise AssertionError("a division by zero")


class Cut(Row):
    """An item whose connection is cut by the server's operator, just before the COMMIT or while it works."""

    def apply(self, tx: Writing[Connection], at: int) -> tuple[int, Sequence[object]]:  # type: ignore[override]
        made = super().apply(tx, at)  # type: ignore[arg-type]
        pid = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        private_postgres().run_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
        return made


def test_a_swallowed_failure_is_never_answered_as_committed(world: World) -> None:
    world.log.commit([Row("a")])  # type: ignore[list-item]
    with pytest.raises(RuntimeError, match="had failed"):
        world.log.commit([Swallowing("x"), Row("b")])  # type: ignore[list-item]
    assert world.rows() == ["a"]
    assert isinstance(world.log.commit([Row("c")])[0], Committed)  # type: ignore[list-item]


def test_a_connection_that_is_cut_loses_its_batch_and_nothing_else(world: World) -> None:
    world.log.commit([Row("a")])  # type: ignore[list-item]
    with pytest.raises((StoreUnavailable, CommitFailed)):
        world.log.commit([Cut("b")])  # type: ignore[list-item]
    world.log.commit([Row("c")])  # type: ignore[list-item]
    assert world.rows() == ["a", "c"]


def test_reading_comes_back_by_itself_after_every_connection_was_cut(database: Database) -> None:
    for _ in range(2):
        with database.read() as connection, database.read() as other:
            assert connection.execute(text("SELECT 1")).scalar_one() == other.execute(text("SELECT 1")).scalar_one()
        private_postgres().run_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'saattaen-reading'"
        )


def test_a_pool_that_is_empty_is_told_in_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_POOL_SECONDS", 0.1)
    opened = open_database(url)
    held = [opened.read() for _ in range(12)]
    for one in held:
        one.__enter__()
    with pytest.raises(StoreUnavailable, match="is taken"), opened.read():
        pass
    for one in held:
        one.__exit__(None, None, None)
    opened.close()


async def test_a_slow_read_does_not_hold_up_the_loop(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def held(connection: Connection) -> tuple[int, bool]:
        begun.set()
        # The loop alone lets it go on: had the read held the loop up, it would wait here in vain.
        released = go_on.wait(60)
        return connection.execute(text("SELECT 7")).scalar_one(), released

    slow = asyncio.create_task(database.reading(held))
    assert await asyncio.to_thread(begun.wait, 60)
    assert not slow.done()
    go_on.set()
    assert await slow == (7, True)


async def test_too_many_waiting_reads_are_refused_at_once() -> None:
    threads, go_on = ReadingThreads(1, 1), threading.Event()
    two = [asyncio.create_task(threads.run(lambda: go_on.wait(60))) for _ in range(2)]
    await asyncio.sleep(0)  # Each is counted as soon as it is asked for.
    with pytest.raises(StoreUnavailable, match="too many"):
        await threads.run(lambda: True)
    go_on.set()
    assert await asyncio.gather(*two) == [True, True]
    assert await threads.run(lambda: "again") == "again"
    threads.close()
