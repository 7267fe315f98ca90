"""An installation of an earlier revision, with data in it, comes to the newest one: everything still verifies, and what
was given and ended stays so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from adapters.sql.engine import sqlite_module
from audit.verify import verify_rows
from gateway.disclosure.release import Refused, Released
from gateway.installation import migrate
from tests.laws.gateway_world import STORES, Store, open_world, removed, settings_in
from tests.parts.postgres import ON_BOTH, private_postgres

VECTORS = Path(__file__).parents[1] / "vectors" / "schema"
REVISIONS = sorted(folder.name for folder in VECTORS.iterdir() if folder.name.isdigit())


def _restore(vector: Path, folder: Path, store: Store) -> None:
    shutil.copytree(vector / "keys", folder / "keys")
    (folder / "keys").chmod(0o700)
    for file in (folder / "keys").iterdir():
        file.chmod(0o600)
    (folder / "outbox").mkdir()
    scripts = [(vector / name).read_text() for name in ("main.sql", "keys.sql")]
    if store == "sqlite":
        for name, script in zip(("gateway.db", "keys.db"), scripts, strict=True):
            with sqlite_module().connect(str(folder / name)) as connection:
                connection.executescript(script)
        return
    urls = [private_postgres().new_database() for _ in scripts]
    (folder / STORES).write_text("\n".join(urls))
    for url, script in zip(urls, scripts, strict=True):
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(script)


@pytest.fixture(params=ON_BOTH)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Name the store, and drop its databases afterwards."""
    yield request.param
    removed(tmp_path)


@pytest.mark.parametrize("revision", REVISIONS)
async def test_an_installation_with_data_in_it_comes_to_the_newest_revision(
    revision: str, store: Store, tmp_path: Path
) -> None:
    vector = VECTORS / revision / store
    told = json.loads((vector / "told.json").read_text())
    _restore(vector, tmp_path, store)
    migrate(settings_in(tmp_path))
    async with open_world(tmp_path, web=False) as laws:
        # History is as it was told, to the last signature.
        entries = [[entry.origin, entry.index, entry.event_id, entry.kind] for entry in laws.entries()]
        assert entries[: len(told["entries"])] == told["entries"]
        with laws.gateway.log_store.read() as reader:
            verifiers = [laws.gateway.log.verifier(head.origin) for head in reader.heads()]
            held = [told["checkpoint"].encode()]
            assert [str(one) for one in verify_rows(reader, verifiers, laws.gateway.keys, held).findings] == []
        assert laws.verify() == []
        # And it goes on: what stands is read, what ended is refused, what is spent stays spent.
        documents = told["documents"]
        assert isinstance(await laws.ask(laws.read_of(documents["suvi"])), Released)
        assert isinstance(await laws.ask(laws.read_of(documents["maija"])), Released)
        refused = [await laws.ask(laws.read_of(documents[client])) for client in ("sirpa", "ari")]
        assert [one.reason for one in refused if isinstance(one, Refused)] == ["withdrawn", "spent"]
        await laws.give("sirpa")
        assert isinstance(await laws.ask(laws.read_of(documents["sirpa"])), Released)
        assert laws.verify() == []
