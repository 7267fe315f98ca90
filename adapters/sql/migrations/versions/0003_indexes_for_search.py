"""Indexes along which the log is searched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NOT_A_READ = sa.text("kind <> 'disclosure'")
_REFUSED = sa.text("outcome <> 'permit' AND outcome <> 'na'")


def upgrade() -> None:
    for name in ("actor_token", "subject_token", "t"):
        op.drop_index(op.f(f"ix_audit_index_{name}"), table_name="audit_index")
    op.create_index("ix_audit_index_subject", "audit_index", ["subject_token", "idx"], unique=False)
    op.create_index("ix_audit_index_actor", "audit_index", ["actor_token", "idx"], unique=False)
    op.create_index("ix_audit_index_requester", "audit_index", ["requester", "log", "idx"], unique=False)
    op.create_index(
        "ix_audit_index_kind", "audit_index", ["kind", "log", "idx"], unique=False, sqlite_where=_NOT_A_READ,
        postgresql_where=_NOT_A_READ,
    )  # fmt: skip
    op.create_index(
        "ix_audit_index_outcome", "audit_index", ["outcome", "log", "idx"], unique=False, sqlite_where=_REFUSED,
        postgresql_where=_REFUSED,
    )  # fmt: skip
