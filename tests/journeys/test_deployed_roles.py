"""The commands of `deploy/compose.yaml`, run by hand: migrated by the owner, served by a role that owns nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.demo.world import WORLD
from tests.parts.postgres import PrivatePostgres, programs

DATABASES = Path(__file__).parents[2] / "deploy" / "postgres" / "databases.sql"
COMMAND = [sys.executable, "-W", "ignore", "-c", "from gateway.cli import main; main()"]


@pytest.mark.needs_postgres
def test_the_owner_migrates_and_the_role_that_serves_is_well(tmp_path: Path) -> None:
    with own_server() as server:
        _serve_by_roles(server, tmp_path)


@contextmanager
def own_server() -> Iterator[PrivatePostgres]:
    """Run a server for this test alone: roles belong to a whole server, and other tests make the same ones."""
    with TemporaryDirectory(prefix="sa-pg-") as folder:
        server = PrivatePostgres(Path(folder))
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGINT)
            server.process.wait(60)


def _serve_by_roles(server: PrivatePostgres, tmp_path: Path) -> None:
    server.run_sql("CREATE ROLE saattaen_owner SUPERUSER LOGIN", "CREATE DATABASE saattaen OWNER saattaen_owner")
    psql = [str(programs() / "psql"), "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--host={server.folder}"]
    made = subprocess.run(
        [*psql, "--username=saattaen_owner", "--dbname=saattaen", f"--file={DATABASES}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    (tmp_path / "safe").mkdir(mode=0o700)

    def run(role: str, *arguments: str) -> str:
        settings = {
            "SAATTAEN_DATABASE": server.url("saattaen", role),
            "SAATTAEN_KEY_DATABASE": server.url("saattaen_keys", role),
            "SAATTAEN_KEYS": str(tmp_path / "keys" / "ring"), "SAATTAEN_SAFE": str(tmp_path / "safe"),
            "SAATTAEN_OUTBOX": str(tmp_path / "outbox"), "SAATTAEN_DIRECTORY": str(WORLD),
            "SAATTAEN_BASE_URL": "https://gateway.example.fi",
        }  # fmt: skip
        done = subprocess.run(
            [*COMMAND, *arguments], env=dict(os.environ) | settings, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "cannot edit" in run("saattaen_owner", "migrate", "--grant", "saattaen_app")
    assert "LOOK  rights" in run("saattaen_owner", "doctor")
    assert "proves itself" in run("saattaen_app", "verify")
    said = run("saattaen_app", "doctor")
    assert "ok    rights" in said, said
    assert "WRONG" not in said
    run("saattaen_app", "backup", str(tmp_path / "copies"))
    assert "ok    backup" in run("saattaen_app", "doctor")
