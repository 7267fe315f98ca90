"""`saattaen doctor` on installations with one thing wrong each: what it says, and that it changes nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from adapters.keyring.ring import KeyRing
from adapters.sql.engine import open_database
from gateway.cli.doctor import examine
from gateway.cli.finding import Finding
from gateway.demo.world import WORLD
from gateway.installation import grant
from gateway.settings import Settings, read_settings
from tests.contract.databases import database_url
from tests.laws.guarded_place import Place
from tests.laws.test_restore_drill import saattaen
from tests.parts.postgres import ON_BOTH


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that is well, made once."""
    folder = tmp_path_factory.mktemp("doctor")
    asyncio.run(_fill(Place(folder, f"sqlite:///{folder}/main.db", now=datetime.now(UTC))))
    return folder


async def _fill(place: Place) -> None:
    async with place.open() as laws:
        await laws.gateway.log.keep()
        await laws.gateway.recording.deliver_outbox(10_000)


@pytest.fixture
def settings(made: Path, tmp_path: Path) -> Settings:
    """The settings of a copy of it."""
    folder = tmp_path / "installation"
    shutil.copytree(made, folder)
    folder.chmod(0o700)
    settings = Place(folder, f"sqlite:///{folder}/main.db").settings
    return settings.model_copy(update={"directory": WORLD})


def _at(settings: Settings) -> Path:
    return settings.keys.parent


def _sick(settings: Settings) -> list[Finding]:
    return [one for one in examine(lambda: settings) if one.state != "well"]


def _age(settings: Settings) -> None:
    file = settings.keys / "keks.json"
    whole = json.loads(file.read_bytes())
    for key in whole["keys"]:
        key["created"] = (datetime.now(UTC) - timedelta(days=100)).isoformat()
    file.unlink()
    file.touch(mode=0o400)
    file.write_text(json.dumps(whole))


def _older_tables(settings: Settings) -> None:
    database = open_database(settings.database)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    database.close()


def _rolled_back(settings: Settings) -> None:
    engine = create_engine(settings.database)
    with engine.begin() as connection:
        for name in connection.scalars(text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text("UPDATE audit_head SET size = size - 1"))
    engine.dispose()


def _message_waits(settings: Settings) -> None:
    engine = create_engine(settings.database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET delivered = NULL, created = 1"))
        client = connection.scalar(text("SELECT id FROM client LIMIT 1"))
        connection.execute(
            text(
                "INSERT INTO outbox (id, kind, party, client, body, created, seq) "
                "VALUES ('1', 'disclosure', 'client', :client, x'00', 1, 1)"
            ),
            {"client": client},
        )
    engine.dispose()


def _notice_given_up(settings: Settings) -> None:
    _message_waits(settings)
    engine = create_engine(settings.database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET due = NULL, fault = 'smtp-550' WHERE id = '1'"))
    engine.dispose()


def _key_by_hand(settings: Settings) -> None:
    engine = create_engine(settings.database)
    with engine.begin() as connection:
        connection.execute(text("UPDATE partner SET jwks = '{\"keys\": []}' WHERE id = 'kuntakokeilu-system'"))
    engine.dispose()


FAULTS: list[tuple[str, str, str, Callable[[Settings], object]]] = [
    ("folders", "wrong", "is open to other users", lambda one: one.keys.chmod(0o755)),
    ("keys", "wrong", "missing among the keys", lambda one: (one.keys / "log.json").unlink()),
    ("folders", "wrong", "outbox is not there", lambda one: shutil.rmtree(one.outbox)),
    ("keys", "look", "days old", _age),
    ("tables", "wrong", "saattaen migrate", _older_tables),
    ("second volume", "wrong", "Nothing is signed or served", _rolled_back),
    ("second volume", "wrong", "cannot be read", lambda one: shutil.rmtree(_at(one) / "safe")),
    ("second volume", "wrong", "no anchor", lambda one: (_at(one) / "safe" / "anchor.json").unlink()),
    ("second volume", "wrong", "open to others", lambda one: (_at(one) / "safe").chmod(0o755)),
    ("partners", "wrong", "The partner system kuntakokeilu-system gets no token: the register says", _key_by_hand),
    ("outbox", "look", "messages wait, the oldest", _message_waits),
    ("notices", "look", "1 notices to clients could not be delivered", _notice_given_up),
]


@pytest.mark.parametrize(("part", "state", "says", "spoil"), FAULTS, ids=[f"{one[0]}: {one[2]}" for one in FAULTS])
def test_what_is_wrong_is_told_with_what_to_do(
    settings: Settings, part: str, state: str, says: str, spoil: Callable[[Settings], object]
) -> None:
    spoil(settings)
    found = _sick(settings)
    assert (part, state) in {(one.part, one.state) for one in found if says in f"{one.says} {one.remedy}"}, found


def test_a_new_installation_is_well_but_for_its_disk_and_its_first_backup(settings: Settings) -> None:
    before = sorted((one, one.stat().st_mtime_ns) for one in _at(settings).rglob("*.json"))
    assert {(one.part, one.state) for one in _sick(settings)} == {("second volume", "look"), ("backup", "look")}
    assert sorted((one, one.stat().st_mtime_ns) for one in _at(settings).rglob("*.json")) == before


def test_settings_that_are_missing_are_the_only_finding() -> None:
    (only,) = examine(lambda: read_settings(database="sqlite:////nowhere/x.db"))
    assert (only.part, only.state) == ("settings", "wrong")
    assert "SAATTAEN_KEY_DATABASE" in only.says


def test_a_demos_keys_and_partners_are_wrong_outside_a_demo(settings: Settings) -> None:
    real = settings.model_copy(update={"demo": False, "keys": _at(settings) / "own"})
    KeyRing.create(real.keys, demo=False, at=datetime.now(UTC))
    assert any("demo's key" in one.says and one.part == "partners" for one in _sick(real))
    marked = _sick(settings.model_copy(update={"demo": False}))
    assert any("made for a demo" in one.says and one.state == "wrong" for one in marked)


def test_an_installation_that_can_tell_nobody_is_told_so(settings: Settings) -> None:
    real = settings.model_copy(update={"demo": False})
    assert any(one.part == "channels" and "SAATTAEN_SMTP" in one.says for one in _sick(real))
    reached = real.model_copy(update={"smtp": "smtps://mail.example.fi", "smtp_from": "viesti@palvelu.example"})
    assert not any(one.part == "channels" for one in _sick(reached))


def test_the_command_speaks_json_and_its_status_tells(settings: Settings) -> None:
    place = Place(_at(settings), settings.database)
    status, said = saattaen(place, "doctor", "--json")
    told = json.loads(said)
    assert (status, told["well"]) == (0, True)
    assert {one["part"] for one in told["findings"]} > {"log", "clock", "engine", "schema"}
    settings.keys.chmod(0o755)
    status, said = saattaen(place, "doctor")
    assert (status, "WRONG" in said) == (1, True), said


@pytest.fixture(params=[one for one in ON_BOTH if one != "sqlite"])
def on_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An installation on PostgreSQL."""
    with database_url("postgresql", tmp_path) as url:
        assert url is not None
        place = Place(tmp_path, url, now=datetime.now(UTC))
        asyncio.run(_fill(place))
        yield place


def test_a_role_that_may_edit_history_is_told_of_and_the_granted_one_is_not(on_postgresql: Place) -> None:
    settings = on_postgresql.settings.model_copy(update={"directory": WORLD})
    assert any("superuser" in one.says for one in _sick(settings))
    engine = create_engine(settings.database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS saattaen_serves"))
        connection.execute(text("CREATE ROLE saattaen_serves LOGIN"))
    grant(settings, "saattaen_serves")
    as_role = make_url(settings.database).set(username="saattaen_serves").render_as_string(hide_password=False)
    served = settings.model_copy(update={"database": as_role})
    assert not any(one.part in ("rights", "database") for one in _sick(served)), _sick(served)
    with engine.connect() as connection:
        connection.execute(text("GRANT DELETE ON audit_leaf TO saattaen_serves"))
    assert any("delete audit_leaf" in one.says for one in _sick(served))
    with engine.connect() as connection:
        connection.execute(text("DROP OWNED BY saattaen_serves"))
        connection.execute(text("DROP ROLE saattaen_serves"))
    engine.dispose()
