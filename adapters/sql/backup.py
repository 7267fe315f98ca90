"""Copies of a database: made while it serves, described by a manifest, put into an empty place.

SQLite's own online backup copies one snapshot; PostgreSQL is dumped by `pg_dump` under a snapshot that the log's heads
are read in too. Either way the manifest bears the checkpoints that the copy leads to.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from adapters.sql.engine import open_database, sqlite_module
from adapters.sql.key_store import wrapped_with
from adapters.sql.libpq import told_in_private
from adapters.sql.log_tables import HEAD
from adapters.sql.manifest import MANIFEST, NAMES, BackupFailed, Manifest, digest_of


def back_up(url: str, folder: Path, what: str, at: datetime) -> Manifest:
    """Copy a database into *folder*, which is made and must be new; others may go on writing. Raises BackupFailed."""
    source = make_url(url)
    store = source.get_backend_name()
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise BackupFailed(f"{folder} is there already; each copy gets a new folder.") from None
    file = folder / NAMES[store]
    found = _copy_sqlite(source, file) if store == "sqlite" else _dump_postgresql(source, file)
    made = Manifest(what, at.isoformat(), store, file.name, digest_of(file), found.schema, found.heads, found.keks)
    _write(folder / MANIFEST, made.to_bytes())
    return made


def check_restorable(folder: Path, url: str, what: str) -> Manifest:
    """Raise BackupFailed unless the copy is whole and the place that *url* names is empty; return its manifest."""
    manifest, target = Manifest.read(folder), make_url(url)
    if manifest.what != what:
        raise BackupFailed(f"{folder} is a copy of the {manifest.what}, not of the {what}.")
    if target.get_backend_name() != manifest.store:
        raise BackupFailed(f"{folder} is a copy of a {manifest.store} database; it cannot be put into another store.")
    if manifest.store == "sqlite":
        _check_no_file(target)
    else:
        _check_empty(target)
    return manifest


def restore(folder: Path, url: str, what: str) -> Manifest:
    """Put a copy into the empty place that *url* names and return its manifest; raises BackupFailed."""
    manifest, target = check_restorable(folder, url, what), make_url(url)
    if manifest.store == "sqlite":
        _put_sqlite(folder / manifest.file, target)
    else:
        _put_postgresql(folder / manifest.file, target)
    database = open_database(url)
    try:
        with database.read() as connection:
            found = _contents(connection)
    finally:
        database.close()
    if (found.schema, found.heads) != (manifest.schema, dict(manifest.checkpoints)):
        raise BackupFailed("What was put back does not hold the heads that the manifest tells of; do not serve it.")
    return manifest


@dataclass(frozen=True, slots=True)
class _Contents:
    schema: str | None
    heads: dict[str, bytes]
    keks: tuple[str, ...] = ()


def _contents(connection: Connection) -> _Contents:
    if not inspect(connection).has_table(HEAD.name):
        return _Contents(None, {}, wrapped_with(connection))
    heads = connection.execute(select(HEAD.c.log, HEAD.c.note).order_by(HEAD.c.started))
    revision = MigrationContext.configure(connection).get_current_revision()
    return _Contents(revision, {log: bytes(note) for log, note in heads})


# SQLite.


def _copy_sqlite(source: URL, file: Path) -> _Contents:
    module, path = sqlite_module(), Path(source.database or "")
    if not path.is_file():
        raise BackupFailed(f"There is no database at {path}.")
    file.touch(mode=0o600)
    # All pages in one step: one read transaction, so one snapshot, whoever writes meanwhile.
    with closing(module.connect(f"file:{path}?mode=ro", uri=True)) as one, closing(module.connect(str(file))) as other:
        one.backup(other, pages=-1)
        other.execute("PRAGMA journal_mode=DELETE").fetchall()
        if other.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            raise BackupFailed("SQLite finds the copy damaged; look at the database's disk.")
    _make_durable(file)
    engine = create_engine(f"sqlite:///{file}", module=module, poolclass=NullPool)
    with engine.connect() as connection:
        return _contents(connection)


def _check_no_file(target: URL) -> None:
    path = Path(target.database or "")
    if any(path.with_name(path.name + ending).exists() for ending in ("", "-wal", "-shm")):
        raise BackupFailed(
            f"There is a database at {path}: move it away, with its -wal, and keep it until all is well."
        )


def _put_sqlite(file: Path, target: URL) -> None:
    path = Path(target.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(path.name + ".restoring")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as writing, file.open("rb") as reading:
        shutil.copyfileobj(reading, writing)
    _make_durable(new)
    new.rename(path)
    _sync_folder(path.parent)


# PostgreSQL.


def _dump_postgresql(source: URL, file: Path) -> _Contents:
    program = _program("pg_dump")
    engine = create_engine(source, poolclass=NullPool, isolation_level="REPEATABLE READ", use_native_hstore=False)
    with engine.connect() as connection:
        snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        found = _contents(connection)
        file.touch(mode=0o600)
        _run(
            program,
            source,
            f"--snapshot={snapshot}",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--file={file}",
        )
    _make_durable(file)
    return found


def _check_empty(target: URL) -> None:
    _program("pg_restore")
    engine = create_engine(target, poolclass=NullPool, use_native_hstore=False)
    with engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise BackupFailed(f"The database {target.database} is not empty: make a new one (createdb) and name that.")


def _put_postgresql(file: Path, target: URL) -> None:
    program = _program("pg_restore")
    _run(program, target, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(file))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupFailed(
            f"{name} is not on this machine: install PostgreSQL's client programs (Debian: postgresql-client) in the "
            "server's version or newer."
        )
    return found


def _run(program: str, url: URL, *arguments: str) -> None:
    try:
        with told_in_private(url) as (named, environment):
            done = subprocess.run(  # noqa: S603  The program is PostgreSQL's own, the arguments are not a shell's.
                [program, "--no-password", f"--dbname={named}", *arguments], env=environment, capture_output=True,
                text=True, check=False,
            )  # fmt: skip
    except ValueError as error:
        raise BackupFailed(f"The database's URL cannot be told to {Path(program).name}: {error}.") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise BackupFailed(f"{Path(program).name} failed: {said[-1] if said else done.returncode}")


# Files.


def _make_durable(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: Path, data: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(data)
    _make_durable(file)
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    _make_durable(folder)
