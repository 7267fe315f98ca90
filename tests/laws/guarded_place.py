"""An installation with a second volume, whose main database can be copied, lost and put back."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from adapters.clocks import SteeredClock
from adapters.sql.engine import sqlite_module
from gateway.app import create_app
from gateway.composition import opened
from gateway.demo.population import load_systems, populate
from gateway.installation import prepare
from gateway.settings import Settings
from tests.contract.databases import database_url
from tests.laws.gateway_world import BASE, Laws, demo_world, installed


@contextmanager
def empty_place(kind: str, folder: Path, now: datetime | None = None) -> Iterator[Place]:
    """Yield a place without an installation, on an empty database of *kind*; *now* is what its clock shows."""
    with database_url(kind, folder) as url:
        assert url is not None
        yield Place(folder, url, now=now or demo_world().now)


@dataclass
class Place:
    """An installation with a second volume, on SQLite or PostgreSQL, whose main database can be copied and put back."""

    folder: Path
    url: str
    saved: str = ""
    now: datetime = field(default_factory=lambda: demo_world().now)

    @property
    def settings(self) -> Settings:
        folder = self.folder
        return Settings(
            database=self.url, key_database=f"sqlite:///{folder}/keys.db", keys=folder / "keys", base_url=BASE,
            directory=folder / "directory.yaml", outbox=folder / "outbox", safe=str(folder / "safe"), demo=True,
            safe_patience=120.0,
        )  # fmt: skip

    @asynccontextmanager
    async def open(self, *, guarded: bool = True) -> AsyncIterator[Laws]:
        world = demo_world()
        clock = SteeredClock(self.now)
        if not (self.folder / "keys").exists():
            await self._install(clock)
        async with opened(self.settings, world.directory, clock=clock, guarded=guarded) as gateway:
            web = httpx.AsyncClient(transport=httpx.ASGITransport(create_app(gateway)), base_url=BASE)
            async with web:
                yield Laws(gateway, world, clock, load_systems(self.folder / "systems", world), web, self.folder)

    async def _install(self, clock: SteeredClock) -> None:
        """Make the installation with its people; on SQLite it is a copy of one that was made before."""
        world = demo_world()
        if self.url.startswith("sqlite") and self.now == world.now:
            installed(self.folder)
            (self.folder / "gateway.db").rename(self.folder / "main.db")
            async with opened(self.settings, world.directory, clock=clock, guarded=False) as gateway:
                assert gateway.safe is not None
                gateway.safe.create()
            return
        prepare(self.settings, self.now)
        async with opened(self.settings, world.directory, clock=clock) as gateway:
            await populate(gateway, world, load_systems(self.folder / "systems", world))
            await gateway.log.keep()

    def copy(self) -> None:
        """Make the copy; nobody has the database open."""
        if self.url.startswith("sqlite"):
            shutil.copy(self.folder / "main.db", self.folder / "copy.db")
        else:
            self.saved = self._clone(self.url, "saved")

    def put_back(self) -> None:
        """Put the copy in the place of the database."""
        if self.url.startswith("sqlite"):
            for ending in ("-wal", "-shm"):
                (self.folder / f"main.db{ending}").unlink(missing_ok=True)
            shutil.copy(self.folder / "copy.db", self.folder / "main.db")
        else:
            self.url = self._clone(self.saved, "restored")

    def put_back_under_a_running_gateway(self) -> None:
        """Let the database become what the copy holds, as a failover to a standby that was behind does."""
        if self.url.startswith("sqlite"):
            with (
                closing(sqlite_module().connect(self.folder / "copy.db")) as copy,
                closing(sqlite_module().connect(self.folder / "main.db")) as main,
            ):
                copy.backup(main)
            return
        name, saved = make_url(self.url).database, make_url(self.saved).database
        self._run(f'DROP DATABASE "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE "{saved}"')

    def _clone(self, url: str, suffix: str) -> str:
        source = make_url(url)
        name = f"{source.database}_{suffix}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{source.database}"')
        return source.set(database=name).render_as_string(hide_password=False)

    def _run(self, *statements: str) -> None:
        postgres = make_url(self.url).set(database="postgres")
        engine = create_engine(postgres, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
