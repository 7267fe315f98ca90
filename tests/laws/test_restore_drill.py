"""The drill, by the commands that an operator has: backed up while serving, lost, put back, led out."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from adapters.sql.backup import BackupFailed, Manifest
from gateway.demo.world import WORLD
from gateway.disclosure.backups import last_backup
from gateway.disclosure.release import Refused, Released
from tests.laws.guarded_place import Place, empty_place
from tests.parts.postgres import ON_BOTH, programs


@pytest.fixture(params=ON_BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place, whose clock is the machine's: the commands have no other."""
    with empty_place(request.param, tmp_path, datetime.now(UTC)) as place:
        yield place


def saattaen(place: Place, *arguments: str) -> tuple[int, str]:
    """Run a command on the installation; return its exit status and all that it said."""
    settings = place.settings
    environment = dict(os.environ) | {
        "SAATTAEN_DATABASE": settings.database, "SAATTAEN_KEY_DATABASE": settings.key_database,
        "SAATTAEN_KEYS": str(settings.keys), "SAATTAEN_BASE_URL": settings.base_url,
        "SAATTAEN_DIRECTORY": str(WORLD), "SAATTAEN_OUTBOX": str(settings.outbox), "SAATTAEN_SAFE": str(settings.safe),
        "SAATTAEN_DEMO": "true",
    }  # fmt: skip
    if place.url.startswith("postgresql"):
        environment["PATH"] = f"{programs()}:{environment['PATH']}"
    command = [sys.executable, "-W", "ignore", "-c", "from gateway.cli import main; main()", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout + done.stderr


def lose(place: Place) -> None:
    """Lose both databases: the files are moved away; on PostgreSQL a new empty database takes the old one's part."""
    if place.url.startswith("sqlite"):
        for file in place.folder.glob("main.db*"):
            file.rename(file.with_name(f"lost-{file.name}"))
    else:
        source = make_url(place.url)
        engine = create_engine(source.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{source.database}_new"'))
        place.url = source.set(database=f"{source.database}_new").render_as_string(hide_password=False)
    for file in place.folder.glob("keys.db*"):
        file.rename(file.with_name(f"lost-{file.name}"))


def test_the_drill_leads_from_a_lost_database_to_a_gateway_that_still_refuses(place: Place) -> None:
    copies = place.folder / "copies"

    async def before() -> tuple[str, str]:
        async with place.open() as laws:
            document, consent = await laws.deposit(), await laws.give()
            running = asyncio.create_task(asyncio.to_thread(saattaen, place, "backup", str(copies)))
            reads = 0
            while not running.done():  # The gateway serves meanwhile, and each read is an entry.
                assert isinstance(await laws.ask(laws.read_of(document)), Released)
                reads += 1
                await asyncio.sleep(0.01)
            status, said = await running
            assert (status, reads > 0) == (0, True), said
            await laws.gateway.recording.withdraw(consent.id)
            with laws.gateway.log_store.read() as reader:
                assert last_backup(reader, laws.gateway.keys) is not None
            return document, said

    document, said = asyncio.run(before())
    assert "Move data-keys to a place of its own" in said
    (copy,) = copies.iterdir()
    assert Manifest.read(copy / "main").checkpoints
    assert not Manifest.read(copy / "data-keys").checkpoints

    status, said = saattaen(place, "restore", str(copy))
    assert (status, "move it away" in said or "not empty" in said) == (1, True), said
    lose(place)
    status, said = saattaen(place, "restore", str(copy))
    assert (status, "saattaen safe replay" in said) == (0, True), said
    status, said = saattaen(place, "log", "search", "--as", "officer")
    assert (status, "Nothing is signed or served" in said) == (1, True), said
    status, said = saattaen(place, "safe", "status")
    assert (status, "entries signed" in said) == (1, True), said
    status, said = saattaen(place, "safe", "replay")
    assert (status, "done again: 1 x consent.withdrawn" in said) == (0, True), said
    status, said = saattaen(place, "verify")
    assert (status, "ended by a restore" in said) == (0, True), said

    async def after() -> None:
        place.now = datetime.now(UTC)
        async with place.open() as laws:
            assert isinstance(await laws.ask(laws.read_of(document)), Refused)
            assert (laws.entries()[-1].b or {})["reasons"] == ["withdrawn"]

    asyncio.run(after())


def test_a_damaged_or_mistaken_copy_is_not_put_back(tmp_path: Path) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/main.db", now=datetime.now(UTC))

    async def fill() -> None:
        async with place.open():
            pass

    asyncio.run(fill())
    status, said = saattaen(place, "backup", str(tmp_path / "copies"))
    assert status == 0, said
    (copy,) = (tmp_path / "copies").iterdir()
    lose(place)
    file = copy / "main" / "database.sqlite"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BackupFailed, match="another copy"):
        Manifest.read(copy / "main")
    status, said = saattaen(place, "restore", str(copy))
    assert (status, "another copy" in said, (tmp_path / "main.db").exists()) == (1, True, False), said
    file.write_bytes(whole)
    (copy / "main").rename(copy / "was-main")
    (copy / "data-keys").rename(copy / "main")
    status, said = saattaen(place, "restore", str(copy))
    assert (status, "not of the main database" in said) == (1, True), said
