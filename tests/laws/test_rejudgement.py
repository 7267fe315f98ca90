"""Whatever the facts are read from, a write to it between judgement and release forces a new judgement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, inspect, text

from adapters.sql.database import Database
from adapters.sql.direct import Fields, Parameters, Statement, fetch_within
from adapters.sql.fact_reader import SqlFactReader
from adapters.sql.world_store import SqlWorldStore
from gateway.consent.model import Actor, RefusedRow
from gateway.disclosure.decision import CONSENT_BASES
from gateway.disclosure.event_id import new_event_id
from gateway.disclosure.release import Refused, Released
from gateway.disclosure.world import WorldChange
from gateway.errors import CustodianUnavailable
from tests.laws.gateway_world import PLAN, Laws
from tests.laws.seams import interrupted

WRITES: dict[tuple[str, str], str] = {
    (
        "client_identifier",
        "insert",
    ): "INSERT INTO client_identifier (lookup, client, retired) VALUES (:lookup, :client, false)",
    ("client_identifier", "update"): "UPDATE client_identifier SET retired = true WHERE lookup = :lookup",
    ("client_identifier", "delete"): "DELETE FROM client_identifier WHERE lookup = :lookup",
    ("client_state", "update"): "UPDATE client_state SET suspended = suspended WHERE client = :client",
    ("consent_grant", "insert"): "INSERT INTO consent_grant SELECT {copied} FROM consent_grant WHERE client = :client",
    ("consent_grant", "update"): "UPDATE consent_grant SET told_at = told_at WHERE id = 'copied'",
    ("consent_grant", "delete"): "DELETE FROM consent_grant WHERE id = 'copied'",
    ("document", "update"): "UPDATE document SET version = 2 WHERE id = :document",
    ("document", "delete"): "DELETE FROM document WHERE id = :document",
    ("partner_service", "insert"): "INSERT INTO partner_service VALUES ('kuntakokeilu-system', 'kela')",
    ("partner_service", "update"): "UPDATE partner_service SET service = 'tyopaja' WHERE service = 'kela'",
    ("partner_service", "delete"): "DELETE FROM partner_service WHERE service = 'tyopaja'",
    ("partner_state", "update"): "UPDATE partner_state SET epoch = epoch + 1 WHERE partner = 'kuntakokeilu-system'",
    ("prohibition", "insert"): "INSERT INTO prohibition SELECT {copied} FROM prohibition WHERE client = :client",
    ("prohibition", "update"): "UPDATE prohibition SET recipient = 'tyopaja' WHERE id = 'copied'",
    ("prohibition", "delete"): "DELETE FROM prohibition WHERE id = 'copied'",
    ("refusal", "insert"): "INSERT INTO refusal SELECT {copied} FROM refusal WHERE client = :client",
    ("refusal", "update"): "UPDATE refusal SET not_before = 1 WHERE id = 'copied'",
    ("refusal", "delete"): "DELETE FROM refusal WHERE id = 'copied'",
    ("relation", "insert"): "INSERT INTO relation SELECT {copied} FROM relation WHERE client = :client",
    ("relation", "update"): "UPDATE relation SET contested_at = 1 WHERE id = 'copied'",
    ("relation", "delete"): "DELETE FROM relation WHERE id = 'copied'",
    ("revoked_token", "insert"): "INSERT INTO revoked_token VALUES ('token-9', 'kuntakokeilu-system', 1)",
    ("world_state", "update"): "UPDATE world_state SET directory = directory",
    ("partner", "update"): "UPDATE partner SET suspended = suspended WHERE id = 'kuntakokeilu-system'",
    ("partner", "delete"): "DELETE FROM partner WHERE id = 'kuntakokeilu-system'",
}
"""A write of each kind to each table that facts are read from, in the order in which they are made: the last one ends
the partner. The rows of the three states are never deleted, and a new document changes nothing that was judged."""


async def _a_full_client(laws: Laws) -> str:
    """Let something stand in every table for the client; return a document that may be read."""
    recording, client = laws.gateway.recording, await laws.client("suvi")
    document = await laws.deposit()
    await recording.refuse(client, (RefusedRow("kela", PLAN),))
    prohibition = await recording.prohibit(client, recipient="kela")
    await recording.lift_prohibition(prohibition.id)
    relation = await laws.relate()
    await recording.end_relation(relation, Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1"))
    await laws.give()
    return document


def _write(connection: Connection, table: str, sql: str, client: str, document: str) -> None:
    if "{copied}" in sql:
        columns = [column["name"] for column in inspect(connection).get_columns(table)]
        sql = sql.format(copied=", ".join("'copied'" if name == "id" else name for name in columns)) + " LIMIT 1"
    known = {"client": client, "document": document, "lookup": b"\0"}
    values = {name: value for name, value in known.items() if f":{name}" in sql}
    assert connection.execute(text(sql), values).rowcount > 0, "the write of this law writes nothing"


@contextmanager
def _compiled(connection: Connection, found: set[str]) -> Iterator[None]:
    """Note every table that SQLite compiles a read of."""
    reading = 20  # SQLITE_READ

    def authorize(action: int, table: str | None, *_rest: object) -> int:
        if action == reading and table is not None:
            found.add(table)
        return 0

    driver = connection.connection.driver_connection
    assert driver is not None
    driver.set_authorizer(authorize)
    try:
        yield
    finally:
        driver.set_authorizer(None)


@contextmanager
def _scanned(connection: Connection, found: set[str]) -> Iterator[None]:
    """Note every table that PostgreSQL scans, or looks into an index of."""
    counted = text(
        "SELECT relname, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) AS scans FROM pg_stat_xact_user_tables"
    )
    # The view counts what this session has not reported yet, which may be more than this transaction.
    before = {row.relname: row.scans for row in connection.execute(counted)}
    yield
    found.update(row.relname for row in connection.execute(counted) if row.scans > before.get(row.relname, 0))


@dataclass(frozen=True)
class Watched:
    """Reads as the database does; every table that it reads goes into *found*."""

    database: Database
    found: set[str]

    async def fetch(self, one: Statement, parameters: Parameters) -> Sequence[Fields]:
        watched = _scanned if self.database.engine.dialect.name == "postgresql" else _compiled
        with self.database.read() as connection, watched(connection, self.found):
            return fetch_within(connection, one, parameters)


def _tables_read(laws: Laws, found: set[str]) -> SqlFactReader:
    """Return a fact reader; every table that it reads goes into *found*."""
    database = laws.gateway.database
    return SqlFactReader(replace(database, direct=Watched(database, found)))  # type: ignore[arg-type]


async def test_every_table_that_facts_are_read_from_has_its_writes_in_this_law(laws: Laws) -> None:
    document = await _a_full_client(laws)
    search = laws.search_of(laws.code("suvi"))
    assert search.identifier is not None
    found: set[str] = set()
    reader = _tables_read(laws, found)
    snapshot = await reader.for_document("kuntakokeilu-system", "kuntakokeilu", document, "CarePlan")
    await reader.for_client("kuntakokeilu-system", "kuntakokeilu", search.identifier, (PLAN,))
    await reader.for_nobody("kuntakokeilu-system")
    assert snapshot.documents
    assert snapshot.grants
    assert snapshot.relations
    assert snapshot.refusals
    found -= {"sqlite_master", "sqlite_schema", "json_each"}
    assert found == {table for table, _ in WRITES}


async def test_a_write_to_the_facts_between_judgement_and_release_forces_a_new_judgement(laws: Laws) -> None:
    await _a_full_client(laws)
    client = await laws.client("suvi")
    unnoticed: list[tuple[str, str]] = []
    for (table, verb), sql in WRITES.items():
        document = await laws.deposit()

        async def then(table: str = table, sql: str = sql, document: str = document) -> None:
            with laws.gateway.database.write() as connection:
                _write(connection, table, sql, client, document)
                connection.commit()

        parts, engine = interrupted(laws.gateway.parts, then)
        # A version without bytes cannot be fetched when it is judged anew.
        with suppress(CustodianUnavailable):
            await laws.ask(laws.read_of(document), parts)
        if engine.judgements != 2:
            unnoticed.append((table, verb))
    assert unnoticed == []


async def test_nothing_written_means_one_judgement(laws: Laws) -> None:
    document = await _a_full_client(laws)

    async def then() -> None:
        pass

    parts, engine = interrupted(laws.gateway.parts, then)
    assert isinstance(await laws.ask(laws.read_of(document), parts), Released)
    assert engine.judgements == 1


async def test_what_happens_to_another_client_or_partner_disturbs_nobody(laws: Laws) -> None:
    document = await _a_full_client(laws)

    async def then() -> None:
        await laws.give("sirpa")
        await laws.gateway.log.submit(laws.gateway.partners.suspending("kela-system", by="test"), urgent=True)

    parts, engine = interrupted(laws.gateway.parts, then)
    assert isinstance(await laws.ask(laws.read_of(document), parts), Released)
    assert engine.judgements == 1


async def test_facts_that_change_three_times_refuse(laws: Laws) -> None:
    document = await _a_full_client(laws)

    async def then() -> None:
        await laws.give("suvi", laws.row(category="handover"))

    parts, engine = interrupted(laws.gateway.parts, then, times=99)
    outcome = await laws.ask(laws.read_of(document), parts)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "facts-changed"
    assert engine.judgements == 3
    assert not [entry for entry in laws.entries() if entry.kind == "disclosure"]


async def test_facts_that_change_twice_are_judged_a_third_time_and_released(laws: Laws) -> None:
    document = await _a_full_client(laws)

    async def then() -> None:
        await laws.give("suvi", laws.row(category="handover"))

    parts, engine = interrupted(laws.gateway.parts, then, times=2)
    assert isinstance(await laws.ask(laws.read_of(document), parts), Released)
    assert engine.judgements == 3
    assert len([entry for entry in laws.entries() if entry.kind == "disclosure"]) == 1


async def test_a_new_version_in_between_is_the_one_released(laws: Laws) -> None:
    document = await _a_full_client(laws)

    async def then() -> None:
        await laws.replace(document, 1)

    parts, engine = interrupted(laws.gateway.parts, then)
    outcome = await laws.ask(laws.read_of(document), parts)
    assert isinstance(outcome, Released)
    assert (outcome.documents[0].document.version, engine.judgements) == (2, 2)


async def test_a_withdrawal_in_between_refuses(laws: Laws) -> None:
    document = await laws.deposit()
    consent = await laws.give()

    async def then() -> None:
        await laws.gateway.recording.withdraw(consent.id)

    outcome = await laws.ask(laws.read_of(document), interrupted(laws.gateway.parts, then)[0])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "withdrawn"


async def test_a_grant_that_ends_between_judgement_and_release_refuses(laws: Laws) -> None:
    document = await laws.deposit()
    end = laws.clock.now() + timedelta(minutes=1)
    await laws.give("suvi", laws.row(until=end))

    async def then() -> None:
        laws.clock.set(end)

    outcome = await laws.ask(laws.read_of(document), interrupted(laws.gateway.parts, then)[0])
    assert isinstance(outcome, Refused)
    assert outcome.reason == "expired"


async def test_a_clock_that_is_set_back_does_not_bring_back_what_had_ended(laws: Laws) -> None:
    document = await laws.deposit()
    start = laws.clock.now()
    await laws.give("suvi", laws.row(until=start + timedelta(hours=1)))
    laws.clock.advance(timedelta(hours=2))
    assert isinstance(await laws.ask(laws.read_of(document)), Refused)
    # The database's clock goes back with it; what the log says of the time stays.
    laws.clock.set(start)
    outcome = await laws.ask(laws.read_of(document))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "facts-changed"


async def test_one_microsecond_before_its_end_a_grant_still_releases(laws: Laws) -> None:
    document = await laws.deposit()
    end = laws.clock.now() + timedelta(minutes=1)
    await laws.give("suvi", laws.row(until=end))

    async def then() -> None:
        laws.clock.set(end - timedelta(microseconds=1))

    outcome = await laws.ask(laws.read_of(document), interrupted(laws.gateway.parts, then)[0])
    assert isinstance(outcome, Released)


async def test_a_relation_that_ends_between_judgement_and_release_refuses(laws: Laws) -> None:
    document = await laws.deposit()
    end = laws.clock.now() + timedelta(minutes=1)
    await laws.relate(until=end)

    async def then() -> None:
        laws.clock.set(end)

    assert isinstance(await laws.ask(laws.read_of(document), interrupted(laws.gateway.parts, then)[0]), Refused)


@pytest.mark.parametrize("ahead", [timedelta(seconds=5, microseconds=1), timedelta(seconds=-6)])
async def test_no_consent_is_relied_on_while_the_two_clocks_differ(laws: Laws, ahead: timedelta) -> None:
    document = await laws.deposit()
    await laws.give()
    laws.clock.database_ahead = ahead
    outcome = await laws.ask(laws.read_of(document))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "clock-untrusted"


@pytest.mark.parametrize("ahead", [timedelta(seconds=5), timedelta(seconds=-5)])
async def test_five_seconds_are_still_trusted(laws: Laws, ahead: timedelta) -> None:
    document = await laws.deposit()
    await laws.give()
    laws.clock.database_ahead = ahead
    outcome = await laws.ask(laws.read_of(document))
    assert isinstance(outcome, Released)
    assert outcome.documents[0].permit.basis in CONSENT_BASES


async def test_a_relation_holds_whatever_the_clocks_say(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.relate()
    laws.clock.database_ahead = timedelta(minutes=1)
    outcome = await laws.ask(laws.read_of(document))
    assert isinstance(outcome, Released)
    assert outcome.documents[0].permit.basis == "joint-service"


async def test_a_change_of_directory_or_policy_in_between_forces_a_new_judgement(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()

    async def then() -> None:
        ids = lambda: new_event_id(laws.clock.now())  # noqa: E731
        change = WorldChange(SqlWorldStore(), "another directory", laws.gateway.engine.revision, ids)
        await laws.gateway.log.submit(change, urgent=True)

    parts, engine = interrupted(laws.gateway.parts, then)
    assert isinstance(await laws.ask(laws.read_of(document), parts), Released)
    assert engine.judgements == 2
