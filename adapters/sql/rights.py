"""What the role that serves may do in PostgreSQL: nothing that edits history, before any trigger speaks.

The role that migrates owns the tables; the one that serves owns none, so it can neither drop nor disable a trigger.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from adapters.sql.database import Database
from adapters.sql.log_tables import HEAD, LOG_TABLES
from adapters.sql.tables.consents import ConsentVersionRow
from adapters.sql.tables.documents import DocumentVersionRow

_MOVES = ("size", "frontier", "note", "last_t", "ended")
_WRITTEN_ONCE = {ConsentVersionRow.__tablename__, DocumentVersionRow.__tablename__}
_PASSING = {
    "client_report", "desk_answer", "desk_contact", "desk_draft", "kept_answer", "officer_look", "partner_service",
    "replay", "revoked_token", "search_cursor", "sign_in_attempt", "web_session",
}  # fmt: skip
"""Rows that go when they have ended; every other row stays."""
_NOBODY_MAKES = (
    "DO $$ BEGIN EXECUTE 'REVOKE TEMPORARY, CREATE ON DATABASE ' || quote_ident(current_database()) || "
    "' FROM PUBLIC'; END $$",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
)
"""Nobody makes tables but the owner: a temporary one would stand before the real one of its name."""


_MAKING = {
    "make temporary tables": "has_database_privilege(current_database(), 'TEMPORARY')",
    "make schemas": "has_database_privilege(current_database(), 'CREATE')",
    "make tables": "has_schema_privilege('public', 'CREATE')",
}


def grants(role: str) -> list[str]:
    """Return the statements that give *role* what serving needs and take everything else."""
    if not re.fullmatch(r"[a-z_][a-z0-9_$]*", role):
        raise ValueError("a role's name is made of small letters, digits and underscores")
    made = [
        *_NOBODY_MAKES,
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON alembic_version TO {role}",
        # A backup reads where the sequences stand.
        f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    ]
    log = {table.name for table in LOG_TABLES}
    for name in sorted(SQLModel.metadata.tables):
        verbs = "SELECT, INSERT"
        if name not in log | _WRITTEN_ONCE:
            verbs += ", UPDATE, DELETE" if name in _PASSING else ", UPDATE"
        made.append(f"GRANT {verbs} ON {name} TO {role}")
    made.append(f"GRANT UPDATE ({', '.join(_MOVES)}) ON {HEAD.name} TO {role}")
    return made


def grant(database: Database, role: str) -> None:
    """Give *role* its rights in a migrated PostgreSQL database; the caller's role owns the tables.

    Raises ValueError where there is no such role.
    """
    made = grants(role)
    with database.write() as connection:
        _check_role(connection, role)
        for statement in made:
            connection.exec_driver_sql(statement)
        connection.commit()


def grant_data_keys(database: Database, role: str) -> None:
    """Give *role* its rights in the database of data keys, where destroying a key is deleting its row.

    Raises ValueError where there is no such role.
    """
    grants(role)  # Refuses what is no role's name.
    with database.write() as connection:
        _check_role(connection, role)
        for statement in _NOBODY_MAKES:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON data_key TO {role}")
        connection.commit()


def _check_role(connection: Connection, role: str) -> None:
    found = text("SELECT count(*) FROM pg_roles WHERE rolname = :role")
    if not connection.execute(found, {"role": role}).scalar_one():
        raise ValueError(f"there is no role {role}; make it first (CREATE ROLE {role} LOGIN)")


def excess(connection: Connection) -> list[str]:
    """Return what the current role may do and should not, in words; empty for a role that serves and owns nothing."""
    found: list[str] = []
    if connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar_one():
        found.append("do everything, being a superuser")
        return found
    owned = text("SELECT count(*) FROM pg_class WHERE relname = 'audit_leaf' AND pg_has_role(relowner, 'USAGE')")
    if connection.execute(owned).scalar_one():
        found.append("drop the log's tables and switch off their triggers, being their owner")
        return found
    may = text("SELECT has_table_privilege(:name, :verb)")
    for name in sorted(table.name for table in LOG_TABLES):
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            if connection.execute(may, {"name": name, "verb": verb}).scalar_one():
                found.append(f"{verb.lower()} {name}")
    for what, may_make in _MAKING.items():
        if connection.execute(text(f"SELECT {may_make}")).scalar_one():
            found.append(what)
    return found
