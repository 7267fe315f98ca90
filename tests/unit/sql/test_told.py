"""What the log may raise is told in the gateway's words, in one place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.sql.faults import told
from audit import errors
from gateway.errors import GatewayError, NotKeptTwice, StoreUnavailable, TooBusy

WORDS: dict[type[errors.AuditError], type[GatewayError]] = {
    errors.LogBusy: TooBusy,
    errors.NotKept: NotKeptTwice,
    errors.CommitFailed: StoreUnavailable,
    errors.CommitUnknown: StoreUnavailable,
    errors.LogBroken: StoreUnavailable,
    errors.LogForked: StoreUnavailable,
    errors.NotSigned: StoreUnavailable,
}
DISBELIEF = (errors.ProofInvalid, errors.SignatureInvalid, errors.EntryInvalid, errors.OpeningInvalid)
"""What says that something is not as it should be, and not that it could not be written."""


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a_failure_of_the_log_is_told_with_its_cause(kind: type[errors.AuditError]) -> None:
    failure = kind("why")
    known = told(failure)
    assert type(known) is WORDS[kind]
    assert known.__cause__ is failure


def test_every_error_of_the_log_is_a_failure_with_a_word_or_a_disbelief() -> None:
    assert set(errors.AuditError.__subclasses__()) == {*WORDS, *DISBELIEF}


@pytest.mark.parametrize("kind", DISBELIEF, ids=lambda kind: kind.__name__)
def test_a_disbelief_stays_what_it_is(kind: type[errors.AuditError]) -> None:
    disbelief = kind("why")
    assert told(disbelief) is disbelief


def test_failures_are_told_where_no_sound_sqlite_is_installed(tmp_path: Path) -> None:
    """A gateway on PostgreSQL runs without one: there is no wheel of pysqlite3 for every machine."""
    (tmp_path / "pysqlite3.py").write_text("raise ImportError('no wheel for this machine')\n", encoding="utf-8")
    (tmp_path / "sqlite3.py").write_text(
        "class Error(Exception): pass\nsqlite_version = '3.40.1'\nsqlite_version_info = (3, 40, 1)\n", encoding="utf-8"
    )
    asked = (
        "import sys\n"
        "import psycopg\n"
        "from adapters.sql.faults import told\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "assert 'sqlite3' not in sys.modules and 'pysqlite3' not in sys.modules\n"
        "own = ValueError('own')\n"
        "assert told(own) is own\n"
        "print(type(told(psycopg.OperationalError('gone'))).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "StoreUnavailable\n"), done.stderr
