"""Edits by hand: what whoever has the main database can write, and neither key ring, data keys nor the log's key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from adapters.sql.engine import Database


def edit(database: Database, statement: str, **values: Any) -> None:
    """Run a statement past every trigger, which stand again afterwards."""
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            changed = connection.execute(text(statement), values).rowcount
            connection.commit()
            assert changed > 0, "the edit changed nothing"
            return
        triggers = connection.execute(text("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")).all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        changed = connection.execute(text(statement), values).rowcount
        for _, sql in triggers:
            connection.exec_driver_sql(sql)
        connection.commit()
    assert changed > 0, "the edit changed nothing"
