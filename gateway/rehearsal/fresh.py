"""A fresh installation for each case: folders, keys and databases of its own, gone when the case is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.clocks import SteeredClock
from adapters.opa.embedded import EmbeddedEngine
from gateway.composition import Gateway, opened
from gateway.demo.world import WORLD, World
from gateway.errors import SettingsError
from gateway.installation import prepare
from gateway.rehearsal.stage import MakeGateway
from gateway.settings import Settings, read_settings

BASE_URL = "https://gateway.example"


def fresh_gateways(
    world: World, *, engine: str = "embedded", opa_url: str | None = None, database: str | None = None
) -> MakeGateway:
    """Return the maker of gateways, each on an empty SQLite database in a folder of its own.

    With *database*, a SQLite URL, each case keeps its database: `cases.db` becomes `cases-1.db`, `cases-2.db`, ...
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
    scheme, separator, name = database.partition("sqlite:///")
    if scheme or not separator or not name:
        raise SettingsError("Rehearsals run on SQLite for now: give --database sqlite:///file.db, or leave it out.")
    path = Path(name)
    kept = path.with_name(f"{path.stem}-{number}{path.suffix or '.db'}")
    if kept.exists():
        raise SettingsError(f"{kept} is there already; each case needs a fresh database: give another name.")
    return f"sqlite:///{kept.absolute()}"


__all__ = ["BASE_URL", "fresh_gateways"]
