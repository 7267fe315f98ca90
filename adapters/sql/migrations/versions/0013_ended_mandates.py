"""Mandates whose end was recorded, so that nothing more is done under them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_mandate",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("mandate", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client", "mandate"),
    )


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
