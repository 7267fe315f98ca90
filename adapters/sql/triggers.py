"""Triggers that no path can forget: epochs are bumped by the database itself, and history is not edited.

`client_state.epoch`, `partner_state.epoch` and `world_state.epoch` are compared at release, so a write to any table
that facts are read from forces a new judgement.
"""

from __future__ import annotations

from sqlalchemy import Connection

from adapters.sql import triggers_postgresql
from adapters.sql.log_tables import COMBINATION_TRIGGERS_SQLITE, LOG_TRIGGERS_SQLITE
from adapters.sql.tables.facts import CLIENT_FACT_TABLES, PARTNER_FACT_TABLES

_VERBS = ("INSERT", "UPDATE", "DELETE")


def _of_client(table: str, verb: str) -> str:
    row = "OLD" if verb == "DELETE" else "NEW"
    bump = f"UPDATE client_state SET epoch = epoch + 1 WHERE client = {row}.client;"  # noqa: S608
    moved = "UPDATE client_state SET epoch = epoch + 1 WHERE client = OLD.client AND OLD.client <> NEW.client;"
    return (
        f"CREATE TRIGGER epoch_{table}_{verb.lower()} AFTER {verb} ON {table} "
        f"BEGIN {bump} {moved if verb == 'UPDATE' else ''} END"
    )


def _of_partner(table: str, verb: str) -> str:
    row = "OLD" if verb == "DELETE" else "NEW"
    column = "id" if table == "partner" else "partner"
    return (
        # The names are those of our own tables.
        f"CREATE TRIGGER epoch_{table}_{verb.lower()} AFTER {verb} ON {table} BEGIN "  # noqa: S608
        f"INSERT INTO partner_state (partner, epoch) VALUES ({row}.{column}, 1) "
        f"ON CONFLICT (partner) DO UPDATE SET epoch = epoch + 1; END"
    )


EPOCH_TRIGGERS_SQLITE: list[str] = [
    *(_of_client(table, verb) for table in CLIENT_FACT_TABLES for verb in _VERBS),
    *(_of_partner(table, verb) for table in PARTNER_FACT_TABLES for verb in _VERBS),
    "CREATE TRIGGER epoch_client_state AFTER UPDATE OF suspended, non_disclosure ON client_state BEGIN "
    "UPDATE client_state SET epoch = epoch + 1 WHERE client = NEW.client; END",
    "CREATE TRIGGER epoch_world_state AFTER UPDATE OF directory, policy ON world_state BEGIN "
    "UPDATE world_state SET epoch = epoch + 1 WHERE id = NEW.id; END",
    # An epoch never goes back, and a fact row never outlives the counter that guards it.
    *(
        f"CREATE TRIGGER {table}_forward BEFORE UPDATE OF epoch ON {table} WHEN NEW.epoch < OLD.epoch "
        f"BEGIN SELECT RAISE(ABORT, 'an epoch never goes back'); END"
        for table in ("client_state", "partner_state", "world_state")
    ),
    *(
        f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is never deleted'); END"
        for table in ("client_state", "partner_state", "world_state")
    ),
    # A document's facts change only with its version, which release compares.
    "CREATE TRIGGER document_versioned BEFORE UPDATE ON document WHEN NEW.version <= OLD.version "
    "BEGIN SELECT RAISE(ABORT, 'a document changes only with its version'); END",
    "CREATE TRIGGER document_version_update BEFORE UPDATE OF document, version, client, content, digest "
    "ON document_version BEGIN SELECT RAISE(ABORT, 'a stored version is never changed'); END",
    "CREATE TRIGGER consent_version_update BEFORE UPDATE ON consent_version "
    "BEGIN SELECT RAISE(ABORT, 'a consent version is never changed'); END",
]

TRIGGERS_SQLITE: list[str] = [*LOG_TRIGGERS_SQLITE, *EPOCH_TRIGGERS_SQLITE]


def make_triggers(connection: Connection, *, log_alone: bool = False) -> None:
    """Make every trigger in the database at hand, or those of the log's tables alone."""
    if connection.dialect.name == "sqlite":
        statements = LOG_TRIGGERS_SQLITE if log_alone else TRIGGERS_SQLITE
    else:
        schema = str(connection.exec_driver_sql("SELECT current_schema()").scalar_one())
        statements = triggers_postgresql.log_triggers(schema)
        if not log_alone:
            statements += triggers_postgresql.epoch_triggers(schema)
    for statement in statements:
        connection.exec_driver_sql(statement)
    if log_alone:
        make_combination_triggers(connection)


def make_combination_triggers(connection: Connection) -> None:
    """Make those that guard the combinations of index rows, after the log's other ones: revision 0010 brought them."""
    is_sqlite = connection.dialect.name == "sqlite"
    for statement in COMBINATION_TRIGGERS_SQLITE if is_sqlite else triggers_postgresql.combination_triggers():
        connection.exec_driver_sql(statement)
