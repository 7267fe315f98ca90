"""What officers keep, on every database: bound to who kept it, ended in time, released once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.clocks import SteeredClock
from adapters.sql import schema
from adapters.sql.engine import Database, open_database
from adapters.sql.key_store import Keyring, KeyStore
from adapters.sql.officer_looks import LIFETIME, SqlOfficerLooks
from adapters.sql.report_store import SqlReportStore
from adapters.sql.sealing import Sealing
from gateway.disclosure.client_report import Package
from gateway.disclosure.client_reporting import Report, ReportFile, State
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture(params=ON_BOTH)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database of each kind."""
    with database_url(request.param, tmp_path) as url:
        assert url is not None
        opened = open_database(url)
        schema.upgrade(opened)
        yield opened
        opened.close()


@pytest.fixture
def reports(database: Database, tmp_path: Path) -> Iterator[SqlReportStore]:
    keys_database = open_database(f"sqlite:///{tmp_path / 'keys.db'}")
    keys = KeyStore(keys_database, Keyring({"k": bytes(32)}, "k", bytes(32)), lambda: NOW)
    keys.create_tables()
    yield SqlReportStore(database, Sealing(keys))
    keys_database.close()


def report(state: State = State.WAITING, id: str = "r1") -> Report:
    files = (ReportFile("report.csv", b"\x00content"),) if state is State.RELEASED else ()
    return Report(id, "kela", "c" * 32, Package.ACCESS, "fi", state, "o-1", 10, 0, True, (), files)


async def test_a_look_is_found_by_its_officer_until_it_ends(database: Database) -> None:
    clock = SteeredClock(NOW)
    looks = SqlOfficerLooks(database, clock.now)
    reference = await looks.keep("officer-1", b"a client's id")
    assert await looks.find("officer-1", reference) == b"a client's id"
    assert await looks.find("officer-2", reference) is None
    assert await looks.find("officer-1", reference[::-1]) is None
    clock.advance(LIFETIME)
    assert await looks.find("officer-1", reference) is None


async def test_a_copy_of_the_database_tells_neither_reference_nor_content(database: Database) -> None:
    reference = await SqlOfficerLooks(database, lambda: NOW).keep("officer-1", b"a client's id")
    await SqlOfficerLooks(database, lambda: NOW + timedelta(days=1)).keep("officer-1", b"another")
    with database.read() as connection:
        rows = connection.execute(text("SELECT digest, sealed FROM officer_look")).all()
    assert len(rows) == 1, "what has ended goes"
    assert b"client" not in bytes(rows[0].sealed) and reference.encode() not in bytes(rows[0].digest)


def test_a_report_is_released_once_and_found_by_its_organisation_alone(
    database: Database, reports: SqlReportStore
) -> None:
    with database.write() as connection:
        reports.add(connection, report(), expires=100)
        connection.commit()
    assert reports.find("r1", "kela", 99) == report()
    assert reports.find("r1", "tyopaja", 99) is reports.find("r1", "kela", 100) is reports.find("r2", "kela", 1) is None
    with database.write() as connection:
        assert reports.release(connection, report(State.RELEASED))
        assert not reports.release(connection, report(State.RELEASED))
        connection.commit()
    assert reports.find("r1", "kela", 99) == report(State.RELEASED)
    assert [one.id for one in reports.of("kela", 99, 10)] == ["r1"] and not reports.of("tyopaja", 99, 10)


def test_a_report_that_was_given_to_another_organisation_by_hand_is_nobodys(
    database: Database, reports: SqlReportStore
) -> None:
    with database.write() as connection:
        reports.add(connection, report(), expires=100)
        connection.execute(text("UPDATE client_report SET organisation = 'tyopaja'"))
        connection.commit()
    assert reports.find("r1", "tyopaja", 99) is reports.find("r1", "kela", 99) is None
    assert not reports.of("tyopaja", 99, 10)


def test_what_a_report_tells_is_not_read_in_the_database_and_ended_ones_go(
    database: Database, reports: SqlReportStore
) -> None:
    with database.write() as connection:
        reports.add(connection, report(id="old"), expires=5)
        reports.add(connection, report(), expires=100)
        rows = connection.execute(text("SELECT id, sealed FROM client_report")).all()
        connection.commit()
    assert [row.id for row in rows] == ["r1"]
    assert b"gdpr-15" not in bytes(rows[0].sealed)
