"""Populated stores, each made once, kept under `build/`, and lent as a copy: what is measured writes into it."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from adapters.keyring.ring import KeyRing
from gateway.demo.world import WORLD
from gateway.installation import prepare
from gateway.settings import Settings, read_settings
from tests.bench import population
from tests.bench.machine import SERVER, on_cores
from tests.bench.population import EDITION, Populated
from tests.bench.sizes import Population
from tests.parts.postgres import PrivatePostgres

StoreKind = Literal["sqlite", "postgresql"]

PORT = 8471
"""The port of the first server, which the tokens' issuer is named by."""
_KEPT = Path("build/bench")
_POPULATED = "populated.json"


@dataclass(frozen=True, slots=True)
class Store:
    """A populated installation that is ready to be opened. `database` is the process of its database server."""

    kind: StoreKind
    folder: Path
    settings: Settings
    populated: Populated
    database: int | None

    def environment(self) -> Mapping[str, str]:
        """Return the environment by which `saattaen` opens it."""
        given = self.settings.model_dump(exclude_none=True)
        return {f"SAATTAEN_{name.upper()}": str(value) for name, value in given.items()}

    def keyring(self) -> KeyRing:
        """Return the installation's own keys."""
        return KeyRing.load(self.settings.keys, demo=True)


@contextmanager
def lent_store(kind: StoreKind, size: Population) -> Iterator[Store]:
    """Lend a copy of a populated store; it is made first where it is not kept."""
    kept = _KEPT / f"{kind}-{size.clients}-{size.entries}-{_version()}"
    if not (kept / _POPULATED).exists():
        _make(kind, size, kept)
    with _copy(kept) as folder, _opened(kind, folder) as (settings, database):
        # A store that is kept may be older than the newest tables.
        prepare(settings, datetime.now(UTC))
        yield Store(kind, folder, settings, Populated.load(folder / _POPULATED), database)


def _version() -> str:
    """Return what a kept store depends on: the code lists, how it was filled, and the year of its log."""
    said = f"{EDITION} {datetime.now(UTC).year}".encode()
    return hashlib.sha256(WORLD.read_bytes() + said).hexdigest()[:12]


def _make(kind: StoreKind, size: Population, kept: Path) -> None:
    print(f"bench: filling a {kind} store with {size.clients} clients, kept in {_KEPT}", file=sys.stderr)
    began = time.monotonic()
    with _short_folder() as folder:
        with _opened(kind, folder) as (settings, _):
            prepare(settings, datetime.now(UTC))
            # Large batches on a busy machine may take long; what is measured later has the usual patience.
            patient = settings.model_copy(update={"patience": 120.0})
            population.fill(patient, size).save(folder / _POPULATED)
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        _copy_tree(folder, kept)
    print(f"bench: filled in {time.monotonic() - began:.0f} s", file=sys.stderr)


@contextmanager
def _copy(kept: Path) -> Iterator[Path]:
    with _short_folder() as folder:
        _copy_tree(kept, folder)
        yield folder


def _copy_tree(source: Path, target: Path) -> None:
    # Owners are kept: the cluster belongs to whom PostgreSQL runs as.
    subprocess.run(["cp", "-a", "--reflink=auto", f"{source}/.", str(target)], check=True)


@contextmanager
def _short_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sa-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(kind: StoreKind, folder: Path) -> Iterator[tuple[Settings, int | None]]:
    if kind == "sqlite":
        yield _settings(folder, f"sqlite:///{folder / 'saattaen.db'}", f"sqlite:///{folder / 'keys.db'}"), None
        return
    place = folder / "postgresql"
    place.mkdir(exist_ok=True)
    folder.chmod(0o755)
    with on_cores(SERVER):
        server = PrivatePostgres(place)
    try:
        if not (folder / _POPULATED).exists():
            server.run_sql("CREATE DATABASE gateway", "CREATE DATABASE keys")
        yield _settings(folder, server.url("gateway"), server.url("keys")), server.process.pid
    finally:
        server.run_sql("CHECKPOINT")
        server.process.send_signal(signal.SIGINT)
        server.process.wait(60)
        os.sync()


def _settings(folder: Path, database: str, key_database: str) -> Settings:
    return read_settings(
        database=database, key_database=key_database, keys=folder / "keys", outbox=folder / "outbox", directory=WORLD,
        base_url=f"http://127.0.0.1:{PORT}", host="127.0.0.1", port=PORT, demo=True,
    )  # fmt: skip
