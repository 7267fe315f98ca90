"""The roll: who uses another ring of keys than the newest is named, and who has gone is not waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sql.engine import open_database
from adapters.sql.roll import Roll, roll_of
from gateway.errors import StoreUnavailable
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH
from tests.serving.installation import wait_for

OLD, NEW, NEWEST = "00112233aabbccdd", "99aabbcc00112233", "f0f1f2f3f4f5f6f7"
CUT = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Cuts the sessions that have a part in the roll of this database, and returns once they have ended."""
ANOTHER_PROCESS = """
import sys
from adapters.sql.engine import open_database
from adapters.sql.roll import roll_of
roll_of(open_database(sys.argv[1])).sign(sys.argv[2])
print("signed", flush=True)
sys.stdin.read()
"""
CALLING_PROCESS = """
import sys
from adapters.sql.engine import open_database
from adapters.sql.roll import roll_of
roll = roll_of(open_database(sys.argv[1]))
print(roll.is_alone(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=ON_BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    with database_url(request.param, tmp_path) as found:
        assert found is not None
        yield found


@pytest.fixture
def rolls(url: str) -> Iterator[list[Roll]]:
    """Three parts in the roll of one database, as of three processes."""
    databases = [open_database(url) for _ in range(3)]
    rolls = [roll_of(database) for database in databases]
    yield rolls
    for roll in rolls:
        roll.close()
    for database in databases:
        database.close()


def test_nobody_is_behind_where_nobody_runs(rolls: list[Roll]) -> None:
    assert rolls[0].behind(NEW) == ()


def test_who_uses_a_former_ring_is_behind_until_the_new_one_is_taken_up(rolls: list[Roll]) -> None:
    first, second, caller = rolls
    first.sign(OLD)
    second.sign(NEW)
    (late,) = caller.behind(NEW)
    assert late.startswith(f"process {os.getpid()}")
    assert len(caller.behind(NEWEST)) == 2  # Whoever is more than one ring behind is behind too.
    first.sign(NEW)
    assert (caller.behind(NEW), len(caller.behind(OLD))) == ((), 2)


def test_who_signs_again_and_again_stands_on_the_roll_once(rolls: list[Roll]) -> None:
    first, _, caller = rolls
    for ring in (OLD, OLD, NEW, NEW):
        first.sign(ring)
    assert (len(caller.behind(OLD)), caller.behind(NEW)) == (1, ())


def test_who_left_the_roll_is_not_waited_for(rolls: list[Roll]) -> None:
    first, _, caller = rolls
    first.sign(OLD)
    assert len(caller.behind(NEW)) == 1
    first.close()
    wait_for(lambda: caller.behind(NEW) == ())


def test_a_process_that_hangs_is_waited_for_and_one_that_was_killed_is_not(url: str, rolls: list[Roll]) -> None:
    command = [sys.executable, "-c", ANOTHER_PROCESS, url, OLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"signed\n"
        other.send_signal(signal.SIGSTOP)
        (late,) = rolls[0].behind(NEW)
        assert late.startswith(f"process {other.pid}")
        other.kill()
        other.wait()
        wait_for(lambda: rolls[0].behind(NEW) == ())


def test_an_entry_that_was_swept_away_is_made_anew(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/main.db")
    roll, caller = roll_of(database), roll_of(database)
    roll.sign(OLD)
    for file in (tmp_path / "main.db.roll").iterdir():
        file.unlink()
    roll.sign(OLD)
    assert len(caller.behind(NEW)) == 1
    roll.close()
    database.close()


@pytest.mark.needs_postgres
def test_a_session_that_was_cut_is_begun_anew_by_whoever_signs_and_ends_the_call(tmp_path: Path) -> None:
    with database_url("postgresql", tmp_path) as url:
        assert url is not None
        database, other = open_database(url), open_database(url)
        roll, caller = roll_of(database), roll_of(other)
        roll.sign(OLD)
        assert len(caller.behind(NEW)) == 1
        with database.engine.connect() as connection:
            connection.execute(text(CUT))
        assert caller.behind(NEW) == ()
        roll.sign(OLD)
        assert len(caller.behind(NEW)) == 1
        with database.engine.connect() as connection:
            connection.execute(text(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "
                "WHERE query ~ 'pg_locks' AND datname = current_database() AND pid <> pg_backend_pid()"
            ))  # fmt: skip
        for _ in range(2):  # Nor does it begin again as if nothing had been missed.
            with pytest.raises(StoreUnavailable):
                caller.behind(NEW)
        roll.close()
        database.close()
        other.close()


def test_one_alone_calls_the_roll_until_it_is_closed_and_is_no_part_of_it(rolls: list[Roll]) -> None:
    first, second, signing = rolls
    signing.sign(NEW)
    assert [one.is_alone() for one in (first, first, second)] == [True, True, False]
    assert first.behind(NEW) == ()
    assert not second.is_alone()
    first.close()
    # The server notices the end of a session by itself, and not at once.
    wait_for(second.is_alone)
    assert second.behind(NEW) == ()


def test_who_called_the_roll_and_was_killed_stands_in_nobodys_way(url: str, rolls: list[Roll]) -> None:
    command = [sys.executable, "-c", CALLING_PROCESS, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        assert not rolls[0].is_alone()
        other.kill()
    wait_for(rolls[0].is_alone)
