"""The main database's schema: bringing it up to date, and refusing one that is not the expected one."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from adapters.sql.engine import Database, DatabaseUnfit


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config


def expected_revision() -> str:
    """Return the schema revision that this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise DatabaseUnfit("This installation has no migrations; install the package again.")
    return head


def upgrade(database: Database) -> None:
    """Bring the schema up to date, in one transaction. Raises DatabaseUnfit for a schema that is not an older one."""
    with database.write() as connection:
        found = _found(connection)
        if found is not None:
            _check_known(found)
        if connection.dialect.name == "postgresql":
            # A large table takes longer to change than anything else may.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        command.upgrade(_config(connection), "head")
        connection.commit()


def check(database: Database) -> None:
    """Raise DatabaseUnfit unless the schema is the expected one."""
    with database.read() as connection:
        found = _found(connection)
    if found is None:
        raise DatabaseUnfit("The database has no schema of ours yet; run `saattaen migrate`.")
    _check_known(found)
    if found != expected_revision():
        raise DatabaseUnfit(
            f"The database has schema {found}, this program expects {expected_revision()}; run `saattaen migrate`."
        )


def _found(connection: Connection) -> str | None:
    """Return the schema's revision, None for an empty database; raises DatabaseUnfit for somebody else's."""
    heads = MigrationContext.configure(connection).get_current_heads()
    if len(heads) > 1:
        raise DatabaseUnfit(f"The database has schema {' and '.join(sorted(heads))} at once; restore a backup.")
    if heads:
        return heads[0]
    tables = inspect(connection).get_table_names()
    if set(tables) - {"alembic_version"}:
        raise DatabaseUnfit("The database holds tables that are not ours; give this program a database of its own.")
    return None


def _check_known(found: str) -> None:
    known = {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found not in known:
        raise DatabaseUnfit(
            f"The database has schema {found}, which this program does not know: a newer one made it. "
            "Install that one; nothing was changed."
        )
