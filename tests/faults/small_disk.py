"""A disk that is full: a small file system of its own, with one of PostgreSQL's tables on it."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import make_url

from tests.parts.postgres import private_postgres

_SIZE = "4m"


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """Lend an empty file system of a few megabytes; None where this user may not mount one."""
    with TemporaryDirectory(prefix="sa-disk-") as name:
        mounting = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0755", "tmpfs", name]
        try:
            is_mounted = subprocess.run(mounting, check=False, capture_output=True).returncode == 0
        except OSError:
            is_mounted = False
        if not is_mounted:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


@contextmanager
def table_on_full_disk(url: str, table: str, disk: Path) -> Iterator[None]:
    """Move a table of the private server to *disk* and let nothing more fit there; put it back afterwards."""
    server, database = private_postgres(), str(make_url(url).database)
    space, place = f"small_{os.getpid()}", disk / "space"
    place.mkdir()
    owner = os.stat(server.folder)
    os.chown(place, owner.st_uid, owner.st_gid)
    server.run_sql(f"CREATE TABLESPACE {space} LOCATION '{place}'")
    server.run_sql(f"ALTER TABLE {table} SET TABLESPACE {space}", database=database)
    filler = disk / "filler"
    _fill(filler)
    try:
        yield
    finally:
        filler.unlink()
        server.run_sql(f"ALTER TABLE {table} SET TABLESPACE pg_default", database=database)
        server.run_sql(f"DROP TABLESPACE {space}")


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
