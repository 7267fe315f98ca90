"""The combinations of values that index rows have, so that a search asks them instead of every entry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.sql.triggers import make_combination_triggers

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_AT_ONCE = 20_000
_COMBINED = ("kind", "outcome", "basis", "category", "recipient", "custodian", "requester")
# All of them as one text that can be looked up, with signs between that are in no value; NULL is a sign of its own.
_SAID = " || '\x1f' || ".join(["log", *(f"coalesce({name}, '\x1e')" for name in _COMBINED)])
_COLUMNS = f"log, {', '.join(_COMBINED)}"


def upgrade() -> None:
    op.create_table(
        "audit_combination",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in _COMBINED[2:]),
        sa.PrimaryKeyConstraint("log", "id"),
        sa.UniqueConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.add_column("audit_index", sa.Column("combination", sa.BigInteger(), nullable=True))
    # The numbers serve better what these did, of which every read has paid for the first.
    for name in ("requester", "kind", "outcome"):
        op.drop_index(f"ix_audit_index_{name}", table_name="audit_index")
    _fill(op.get_bind())
    op.create_index("ix_audit_index_combination", "audit_index", ["combination", "idx"], unique=False)
    make_combination_triggers(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Sort the entries that are there, so many at a time."""
    connection.exec_driver_sql(
        # The names are those of our own tables.
        f"INSERT INTO audit_combination (id, {_COLUMNS}) "  # noqa: S608
        f"SELECT row_number() OVER (ORDER BY log), {_COLUMNS} "
        f"FROM (SELECT DISTINCT {_COLUMNS} FROM audit_index) AS said"
    )
    connection.exec_driver_sql("CREATE TEMPORARY TABLE sorted_by (said TEXT PRIMARY KEY, id BIGINT NOT NULL)")
    connection.exec_driver_sql(f"INSERT INTO sorted_by (said, id) SELECT {_SAID}, id FROM audit_combination")  # noqa: S608
    sort = sa.text(
        "UPDATE audit_index SET combination = sorted_by.id FROM sorted_by "  # noqa: S608
        f"WHERE sorted_by.said = {_SAID} AND audit_index.log = :log AND idx >= :start AND idx < :end"
    )
    ends = connection.exec_driver_sql("SELECT log, max(idx) FROM audit_index GROUP BY log").all()
    for log, last in ends:
        for start in range(0, last + 1, _AT_ONCE):
            connection.execute(sort, {"log": log, "start": start, "end": start + _AT_ONCE})
    connection.exec_driver_sql("DROP TABLE sorted_by")


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
