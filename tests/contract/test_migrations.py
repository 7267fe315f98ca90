"""The schema: migrations make exactly the tables that the code knows, with the triggers that guard them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from adapters.sql import schema
from adapters.sql.engine import Database, DatabaseUnfit, open_database
from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.log_store import SqlLogReader
from adapters.sql.tables.clients import DECOY_CLIENT
from adapters.sql.tables.facts import CLIENT_FACT_TABLES, PARTNER_FACT_TABLES
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


@pytest.fixture(params=ON_BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return an empty database of each kind."""
    with database_url(request.param, tmp_path) as url:
        assert url is not None
        opened = open_database(url)
        yield opened
        opened.close()


@pytest.fixture
def migrated(database: Database) -> Database:
    schema.upgrade(database)
    return database


def test_a_database_without_our_schema_is_refused_with_what_to_do(database: Database) -> None:
    with pytest.raises(DatabaseUnfit, match="saattaen migrate"):
        schema.check(database)


def test_another_schema_than_the_expected_one_is_refused(migrated: Database) -> None:
    with migrated.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
        connection.commit()
    for refuse in (schema.check, schema.upgrade):
        with pytest.raises(DatabaseUnfit, match="schema other, which this program does not know: a newer one"):
            refuse(migrated)


def test_an_older_schema_is_refused_with_what_to_do(migrated: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "expected_revision", lambda: "9999")
    with pytest.raises(DatabaseUnfit, match=r"has schema \d+, this program expects 9999; run `saattaen migrate`"):
        schema.check(migrated)


def test_a_database_of_somebody_else_is_refused_and_left_alone(database: Database) -> None:
    write(database, "CREATE TABLE invoice (id integer)")
    for refuse in (schema.check, schema.upgrade):
        with pytest.raises(DatabaseUnfit, match="not ours"):
            refuse(database)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["invoice"]


def test_two_schemas_at_once_are_refused(migrated: Database) -> None:
    write(migrated, "INSERT INTO alembic_version (version_num) VALUES ('other')")
    with pytest.raises(DatabaseUnfit, match="at once"):
        schema.check(migrated)


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "main.db").write_bytes(b"not a database, but long enough to be looked at" * 40)
    with pytest.raises(DatabaseUnfit, match=r"cannot be used: file is not a database\."):
        open_database(f"sqlite:///{tmp_path / 'main.db'}")


def test_migrations_make_the_tables_that_the_code_knows(migrated: Database) -> None:
    schema.check(migrated)
    with migrated.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    assert differences == []


def test_migrating_twice_changes_nothing(migrated: Database) -> None:
    schema.upgrade(migrated)
    schema.check(migrated)


def epoch(database: Database, table: str, column: str, key: str) -> int:
    with database.read() as connection:
        return int(
            connection.execute(text(f"SELECT epoch FROM {table} WHERE {column} = :key"), {"key": key}).scalar_one()  # noqa: S608
        )


def write(database: Database, statement: str, **values: object) -> None:
    with database.write() as connection:
        connection.execute(text(statement), values)
        connection.commit()


def test_each_table_of_client_facts_has_a_trigger_for_each_verb(migrated: Database) -> None:
    with migrated.read() as connection:
        names = set(connection.execute(text(TRIGGERS[connection.dialect.name])).scalars())
    for table in (*CLIENT_FACT_TABLES, *PARTNER_FACT_TABLES):
        assert {f"epoch_{table}_{verb}" for verb in ("insert", "update", "delete")} <= names


def test_a_prohibition_bumps_its_clients_epoch_at_each_write(migrated: Database) -> None:
    seen = [epoch(migrated, "client_state", "client", DECOY_CLIENT)]
    write(
        migrated,
        "INSERT INTO prohibition (id, client, by_client, given_at) VALUES ('p', :client, true, 0)",
        client=DECOY_CLIENT,
    )
    seen.append(epoch(migrated, "client_state", "client", DECOY_CLIENT))
    write(migrated, "UPDATE prohibition SET lifted_at = 1 WHERE id = 'p'")
    seen.append(epoch(migrated, "client_state", "client", DECOY_CLIENT))
    write(migrated, "DELETE FROM prohibition WHERE id = 'p'")
    seen.append(epoch(migrated, "client_state", "client", DECOY_CLIENT))
    assert seen == sorted(set(seen))


def test_a_revoked_token_bumps_its_partners_epoch(migrated: Database) -> None:
    write(
        migrated,
        "INSERT INTO partner (id, organisation, jwks, scope, suspended, added) VALUES ('x', 'o', '{}', '', false, 0)",
    )
    before = epoch(migrated, "partner_state", "partner", "x")
    write(migrated, "INSERT INTO revoked_token (jti, partner, expires) VALUES ('j', 'x', 0)")
    assert epoch(migrated, "partner_state", "partner", "x") == before + 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE client_state SET epoch = epoch - 1",
        "DELETE FROM client_state",
        "DELETE FROM world_state",
        "UPDATE world_state SET epoch = -1",
    ],
)
def test_epochs_never_go_back_and_never_vanish(migrated: Database, statement: str) -> None:
    with pytest.raises(DBAPIError):
        write(migrated, statement)


def test_a_documents_facts_change_only_with_its_version(migrated: Database) -> None:
    write(
        migrated,
        "INSERT INTO document (id, version, client, custodian, category, resource, dated, labels, sections, updated) "
        "VALUES ('d', 1, :client, 'c', 'k', 'CarePlan', 0, '', '{}', 0)",
        client=DECOY_CLIENT,
    )
    with pytest.raises(DBAPIError):
        write(migrated, "UPDATE document SET labels = '' WHERE id = 'd'")
    write(migrated, "UPDATE document SET labels = 'health', version = 2 WHERE id = 'd'")


def test_documents_of_the_first_schema_still_lie_with_us_in_the_next(database: Database) -> None:
    with database.write() as connection:
        command.upgrade(schema._config(connection), "0001")
        connection.commit()
    write(
        database,
        "INSERT INTO document (id, version, client, custodian, category, resource, dated, labels, sections, updated) "
        "VALUES ('d', 1, :client, 'c', 'k', 'CarePlan', 0, '', '{}', 0)",
        client=DECOY_CLIENT,
    )
    with pytest.raises(DatabaseUnfit, match="schema 0001"):
        schema.check(database)
    schema.upgrade(database)
    schema.check(database)
    snapshot = asyncio.run(SqlFactReader(database).for_document("nobody", "x", "d", "CarePlan"))
    assert [(one.id, one.source) for one in snapshot.documents] == [("d", None)]


def test_entries_of_an_earlier_schema_are_sorted_by_their_values_as_new_ones_are(database: Database) -> None:
    with database.write() as connection:
        command.upgrade(schema._config(connection), "0009")
        connection.commit()
    # More than are sorted at a time, in two logs, with and without each value.
    write(
        database,
        "WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 41000) "
        "INSERT INTO audit_index (log, idx, event_id, kind, outcome, basis, category, t) "
        "SELECT CASE WHEN n < 40500 THEN 'a' ELSE 'b' END, n % 40500, 'e' || n, "
        "CASE WHEN n % 2 = 0 THEN 'k' ELSE 'j' END, 'na', CASE WHEN n % 3 = 0 THEN 'plan' END, "
        "CASE WHEN n % 3 = 1 THEN 'plan' END, n FROM number",
    )
    schema.upgrade(database)
    with database.read() as connection:
        unsorted = connection.execute(text("SELECT count(*) FROM audit_index WHERE combination IS NULL")).scalar_one()
        assert connection.execute(text("SELECT count(*) FROM audit_combination")).scalar_one() == 12
        reader = SqlLogReader(connection)
        assert all(one.is_found for log, end in (("a", 40_500), ("b", 501)) for one in reader.events(log, 0, end))
    assert unsorted == 0
    with pytest.raises(DBAPIError, match="never"):
        write(database, "UPDATE audit_index SET combination = 1")
