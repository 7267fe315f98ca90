"""A log key that was retired, because it may have been stolen, signs no head of the log that is open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from adapters.keyring.ring import KeyRing
from adapters.sql.engine import open_database
from adapters.sql.log_store import SqlLogReader
from audit.checkpoint import Checkpoint, Signer
from audit.errors import SignatureInvalid
from audit.merkle import Frontier
from gateway.cli.examination import log as doctors_look_at_the_log
from gateway.cli.finding import Patient
from gateway.disclosure.release import Released
from gateway.disclosure.wholeness import WholenessCheck
from gateway.errors import SettingsError
from gateway.verification import verify_gateway
from tests.laws.guarded_place import Place, empty_place
from tests.laws.test_restore_drill import saattaen
from tests.parts.postgres import ON_BOTH
from tests.simulators.checkpoints import sign_checkpoint

TABLES = ("audit_leaf", "audit_sealed", "audit_index")


@pytest.fixture(params=ON_BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place, whose clock is the machine's."""
    with empty_place(request.param, tmp_path, datetime.now(UTC)) as place:
        yield place


async def test_a_retired_log_key_signs_no_head_of_the_open_log(place: Place) -> None:
    async with place.open() as laws:
        consent = await laws.give()
    stolen, old = _rotate(place)
    async with place.open() as laws:
        await laws.deposit()  # Signed by both.
        assert verify_gateway(laws.gateway).sound
    KeyRing.retire(place.settings.keys, "log", old, at=place.now)
    async with place.open() as laws:
        await laws.deposit()
        shorter = laws.size()
        await laws.gateway.recording.withdraw(consent.id)
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()
    _cut(place, shorter, Signer(stolen))
    with pytest.raises(SettingsError, match="a key that was retired signed"):
        async with place.open():
            pass
    async with place.open(guarded=False) as laws:
        gateway = laws.gateway
        found = verify_gateway(gateway)
        assert found.exit_status == 1
        assert any("a key that was retired signed" in one for one in found.sentences()), found.sentences()
        with pytest.raises(SignatureInvalid, match="a key that was retired signed"):
            list(doctors_look_at_the_log(Patient(place.settings, gateway.keyring, gateway.database)))
        assert not (await WholenessCheck(gateway.log_store, gateway.log.head_verifiers).check()).sound


async def test_a_log_that_ended_is_verified_by_the_key_of_its_days(place: Place) -> None:
    place.now = datetime(2026, 12, 31, 12, tzinfo=UTC)
    async with place.open() as laws:
        laws.clock.set(datetime(2027, 1, 1, 12, tzinfo=UTC))
        await laws.deposit()
    place.now = datetime(2027, 1, 1, 13, tzinfo=UTC)
    _, old = _rotate(place)
    async with place.open() as laws:
        await laws.deposit()
    KeyRing.retire(place.settings.keys, "log", old, at=place.now)
    async with place.open() as laws:
        found = verify_gateway(laws.gateway)
        assert found.sound, found.sentences()


async def test_a_log_that_ended_is_the_one_that_the_next_log_says_it_follows(place: Place) -> None:
    place.now = datetime(2026, 12, 31, 12, tzinfo=UTC)
    async with place.open() as laws:
        document = await laws.deposit()
        await laws.give()
        assert isinstance(await laws.ask(laws.read_of(document)), Released)
        (gone,) = (one.index for one in laws.entries() if one.kind == "disclosure")
        laws.clock.set(datetime(2027, 1, 1, 12, tzinfo=UTC))
        await laws.deposit("maija")
    place.now = datetime(2027, 1, 1, 13, tzinfo=UTC)
    stolen, old = _rotate(place)
    async with place.open() as laws:
        await laws.deposit("maija")
        ended = laws.entries()[0].origin
    KeyRing.retire(place.settings.keys, "log", old, at=place.now)
    _take_out(place, ended, gone, Signer(stolen))
    async with place.open(guarded=False) as laws:
        found = verify_gateway(laws.gateway)
        assert found.exit_status == 1
        assert any("it does not end as" in one for one in found.sentences()), found.sentences()


async def test_a_log_key_is_not_retired_while_the_last_checkpoint_hangs_on_it_alone(place: Place) -> None:
    async with place.open() as laws:
        await laws.deposit()
    _, old = _rotate(place)
    status, said = await asyncio.to_thread(saattaen, place, "keys", "retire", "log", old)
    assert (status, "writes an entry" in said) == (1, True), said
    async with place.open() as laws:  # Begun and not retired: either key counts.
        assert verify_gateway(laws.gateway).sound
        await laws.deposit()
    status, said = await asyncio.to_thread(saattaen, place, "keys", "retire", "log", old)
    assert status == 0, said
    async with place.open() as laws:
        assert verify_gateway(laws.gateway).sound


def _rotate(place: Place) -> tuple[bytes, str]:
    """Rotate the log's key with the gateway stopped; return the seed of before and its id."""
    folder = place.settings.keys
    seed = KeyRing.load(folder, demo=True).log_seeds[0]
    (old,) = (one.id for one in KeyRing.status(folder) if one.kind == "log")
    KeyRing.rotate(folder, "log", at=place.now)
    return seed, old


@contextmanager
def _as_owner(place: Place) -> Iterator[Connection]:
    """Write as the database's owner may, whom no trigger stops."""
    database = open_database(place.url)
    with database.write() as connection:
        triggers = []
        if connection.dialect.name == "sqlite":
            triggers = connection.execute(text("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")).all()
            for name, _ in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield connection
        for _, sql in triggers:
            connection.exec_driver_sql(sql)
        connection.commit()
    database.close()


def _sign(connection: Connection, origin: str, size: int, signer: Signer) -> None:
    frontier = Frontier()
    for leaf in SqlLogReader(connection).hashes(origin, 0, 0, size):
        frontier.push(leaf)
    note = sign_checkpoint(Checkpoint(origin, size, frontier.root()), [signer])
    connection.execute(
        text("UPDATE audit_head SET size = :size, frontier = :frontier, note = :note WHERE log = :log"),
        {"size": size, "frontier": frontier.to_bytes(), "note": note, "log": origin},
    )


def _cut(place: Place, size: int, signer: Signer) -> None:
    """Cut the log and sign what is left, as the database's owner who stole a key would."""
    with _as_owner(place) as connection:
        for table in TABLES:
            connection.execute(text(f"DELETE FROM {table} WHERE idx >= :size"), {"size": size})  # noqa: S608
        _sign(connection, SqlLogReader(connection).heads()[-1].origin, size, signer)


def _take_out(place: Place, origin: str, gone: int, signer: Signer) -> None:
    """Take one entry out of the middle, let the later ones move up, and sign that."""
    with _as_owner(place) as connection:
        (size,) = (head.size for head in SqlLogReader(connection).heads() if head.origin == origin)
        for table in TABLES:
            named = {"log": origin, "gone": gone}
            for change in (
                f"DELETE FROM {table} WHERE log = :log AND idx = :gone",  # noqa: S608
                f"UPDATE {table} SET idx = -idx WHERE log = :log AND idx > :gone",  # noqa: S608
                f"UPDATE {table} SET idx = -idx - 1 WHERE log = :log AND idx < 0 AND :gone >= 0",  # noqa: S608
            ):
                connection.execute(text(change), named)
        _sign(connection, origin, size - 1, signer)
