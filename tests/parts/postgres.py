"""A private PostgreSQL server for tests: on a UNIX socket in a folder of its own, gone when the tests are.

It is started once a process, by another user than root, since PostgreSQL refuses to run as root. Every test gets a
database of its own, copied from a template.
"""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from adapters.sql import schema
from adapters.sql.engine import open_database

_SUPERUSER = "postgres"
_START_SECONDS = 180


class PrivatePostgres:
    """A server that runs. *folder* is its own, and short: the path of a socket has at most 107 letters.

    A cluster that lies in its `data` already is served, else a new one is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        account = _unprivileged()
        self._user = None if account is None else account.pw_uid
        self._group = None if account is None else account.pw_gid
        self._groups: list[int] | None = None if account is None else []
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        if not (folder / "data").exists():
            command = [
                str(programs() / "initdb"), "--pgdata", str(folder / "data"), "--auth", "trust", "--encoding", "UTF8",
                "--locale", "C", "--username", _SUPERUSER, "--no-sync",
            ]  # fmt: skip
            subprocess.run(
                command, check=True, capture_output=True, cwd=folder, user=self._user, group=self._group,
                extra_groups=self._groups,
            )  # fmt: skip
        self._log = (folder / "server.log").open("wb")
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(folder), "shared_buffers": "64MB",
            "max_connections": "200", "wal_level": "minimal", "max_wal_senders": "0",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [*_until_we_end(), str(programs() / "postgres"), "-D", str(folder / "data"), *options],
            stdout=self._log, stderr=self._log, cwd=folder, start_new_session=True, user=self._user, group=self._group,
            extra_groups=self._groups,
        )  # fmt: skip
        self._wait()

    def url(self, database: str, user: str = _SUPERUSER) -> str:
        """Return the URL of a database of this server."""
        host = {"host": str(self.folder)}
        return URL.create("postgresql+psycopg", user, database=database, query=host).render_as_string(False)

    def run_sql(self, *statements: str, database: str = "postgres") -> None:
        """Execute statements as the superuser, each a transaction of its own."""
        engine = self._engine(database)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def new_database(self, template: str = "template1") -> str:
        """Make a database and return its URL."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.run_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.run_sql(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    @cache  # noqa: B019
    def migrated_template(self) -> str:
        """Return the name of a database with all our tables, to be copied."""
        self.run_sql("CREATE DATABASE migrated")
        database = open_database(self.url("migrated"))
        try:
            schema.upgrade(database)
        finally:
            database.close()
        return "migrated"

    def make(self, name: str, template: str = "template1") -> str:
        """Make a database of that name, a copy of *template*, and return its URL."""
        self.run_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _engine(self, database: str) -> Engine:
        return create_engine(self.url(database), poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def _wait(self) -> None:
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                with self._engine("postgres").connect() as connection:
                    connection.execute(text("SELECT 1"))
                return
            except OperationalError:
                if self.process.poll() is not None or time.monotonic() > until:
                    said = (self.folder / "server.log").read_text()
                    self.stop()
                    raise RuntimeError(f"PostgreSQL did not start:\n{said}") from None
                time.sleep(0.05)


@cache
def programs() -> Path:
    """Return the folder of the server's programs: the newest that Debian has, else what is on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    if found is None:
        raise RuntimeError("PostgreSQL's server programs are not here")
    return Path(found).resolve().parent


def _until_we_end() -> list[str]:
    """Return the command before the command that ends the server when this process is killed, where there is one."""
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", "QUIT", "--"]


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom the server runs as; None where we are not root and it runs as we do."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no user but root to run PostgreSQL as")


@cache
def private_postgres() -> PrivatePostgres:
    """Return this process's server, started at the first call and stopped when the process ends."""
    server = PrivatePostgres(Path(tempfile.mkdtemp(prefix="sa-pg-")))
    atexit.register(server.stop)
    return server


@contextmanager
def own_database(*, migrated: bool = False) -> Iterator[str]:
    """Lend the URL of a fresh database, empty or with our tables."""
    server = private_postgres()
    url = server.new_database(server.migrated_template() if migrated else "template1")
    try:
        yield url
    finally:
        server.drop(url)


ON_BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgres)]
"""The parameters of a fixture that opens either database."""
