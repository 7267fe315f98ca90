"""The statement on the way of a request goes along one client's rows, whatever indexes were added for others.

SQLite chooses by the indexes alone, since nobody gathers statistics for it: so its choice can be held here.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from adapters.sql import fact_reader, log_store, releaser, token_store
from adapters.sql.direct import Statement
from adapters.sql.engine import open_database
from adapters.sql.schema import upgrade

STATEMENTS = {
    "facts of a document": fact_reader._BY_DOCUMENT,
    "facts of a client": fact_reader._BY_CLIENT,
    "facts of nobody": fact_reader._BY_NOBODY,
    "all of a client": fact_reader._WHOLE,
    "what is compared under the lock": releaser._CURRENT,
    "an entry by its id": log_store._FIND,
    "a revoked token": token_store._REVOKED,
}
_WHOSE = re.compile(r"^SEARCH .*\((client|id|event_id|jti|system|partner|lookup|rowid|log)=\?")
_FEW = re.compile(
    r"^SCAN (acts|found|candidates|named|standing|recorded|held|waiting|acting|json_each|audit_head)\b|partner"
)
"""Looked through: rows found by whose they are, the asker's own list, and the dozens of partner systems."""


@pytest.mark.parametrize("name", STATEMENTS)
def test_sqlite_finds_rows_by_whose_they_are_and_looks_through_no_table(name: str, tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'main.db'}")
    upgrade(database)
    database.close()
    statement: Statement = STATEMENTS[name]
    with sqlite3.connect(tmp_path / "main.db") as connection:
        asked = dict.fromkeys(statement.names, "[]")
        plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", asked)]
    steps = [step for step in plan if step.startswith(("SEARCH", "SCAN")) and step != "SCAN CONSTANT ROW"]
    assert steps
    assert [step for step in steps if not _WHOSE.search(step) and not _FEW.search(step)] == []
