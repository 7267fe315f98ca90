"""Documents that lie with a custodian outside: where each is, and what its server last showed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SAYS = "a document outside stays where it was met"
_KEPT = ("document", "source", "resource", "server_id")


def upgrade() -> None:
    op.add_column("document", sa.Column("source", sa.String(), nullable=True))
    op.create_table(
        "document_origin",
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("server_id", sa.String(), nullable=False),
        sa.Column("server_version", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("document"),
        sa.UniqueConstraint("source", "resource", "server_id"),
    )
    # The log names a document by our id: what that led to must not be changed afterwards.
    for statement in _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql():
        op.get_bind().exec_driver_sql(statement)


def _sqlite() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
    return [
        f"CREATE TRIGGER document_origin_update BEFORE UPDATE OF {', '.join(_KEPT)} ON document_origin {refuse}",
        f"CREATE TRIGGER document_origin_delete BEFORE DELETE ON document_origin {refuse}",
    ]


def _postgresql() -> list[str]:
    moved = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _KEPT)
    refuse = f"EXECUTE FUNCTION saattaen_refuse('{_SAYS}')"
    return [
        f"CREATE TRIGGER document_origin_update BEFORE UPDATE ON document_origin FOR EACH ROW WHEN ({moved}) {refuse}",
        f"CREATE TRIGGER document_origin_delete BEFORE DELETE ON document_origin FOR EACH ROW {refuse}",
        f"CREATE TRIGGER document_origin_truncate BEFORE TRUNCATE ON document_origin FOR EACH STATEMENT {refuse}",
    ]


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
