"""A fresh installation for each case: folders, keys and databases of its own, gone when the case is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from adapters.clocks import SteeredClock
from adapters.opa.embedded import EmbeddedEngine
from adapters.sql.postgresql import create_beside
from gateway.composition import opened
from gateway.demo.world import WORLD, World
from gateway.errors import SettingsError
from gateway.installation import prepare
from gateway.open_gateway import Gateway
from gateway.rehearsal.stage import MakeGateway
from gateway.settings import Settings, read_settings

BASE_URL = "https://gateway.example"
_GIVE = "Give --database sqlite:///file.db or postgresql+psycopg://user@host/database, or leave it out."


def fresh_gateways(
    world: World, *, engine: str = "embedded", opa_url: str | None = None, database: str | None = None
) -> MakeGateway:
    """Return the maker of gateways, each on an empty SQLite database in a folder of its own.

    With *database* each case keeps its database: of the SQLite URL's `cases.db` it is `cases-1.db`, `cases-2.db`, ...,
    and of a PostgreSQL URL's database `cases` it is `cases_1`, `cases_2`, ..., made on its server through that
    database.
    """
    played = 0
    # It keeps nothing of a question, and loading it takes longer than most cases.
    shared = EmbeddedEngine() if engine == "embedded" else None

    @asynccontextmanager
    async def make(clock: SteeredClock) -> AsyncIterator[Gateway]:
        nonlocal played
        played += 1
        with TemporaryDirectory(prefix="saattaen-rehearsal-") as name:
            settings = _settings(Path(name), engine, opa_url, _kept(database, played))
            prepare(settings, clock.now())
            async with opened(settings, world.directory, clock=clock, engine=shared) as gateway:
                yield gateway

    return make


def _settings(folder: Path, engine: str, opa_url: str | None, database: str | None) -> Settings:
    return read_settings(
        database=database or f"sqlite:///{folder / 'saattaen.db'}",
        key_database=f"sqlite:///{folder / 'keys.db'}",
        keys=folder / "keys",
        outbox=folder / "outbox",
        directory=WORLD,
        base_url=BASE_URL,
        engine=engine,
        opa_url=opa_url,
        demo=True,
    )


def _kept(database: str | None, number: int) -> str | None:
    if database is None:
        return None
    try:
        url = make_url(database)
    except ArgumentError:
        raise SettingsError(_GIVE) from None
    if not url.database:
        raise SettingsError(_GIVE)
    if url.get_backend_name() == "postgresql":
        return create_beside(url, f"{url.database}_{number}")
    if url.get_backend_name() != "sqlite":
        raise SettingsError(_GIVE)
    path = Path(url.database)
    kept = path.with_name(f"{path.stem}-{number}{path.suffix or '.db'}")
    if kept.exists():
        raise SettingsError(f"{kept} is there already; each case needs a fresh database: give another name.")
    return f"sqlite:///{kept.absolute()}"


__all__ = ["BASE_URL", "fresh_gateways"]
