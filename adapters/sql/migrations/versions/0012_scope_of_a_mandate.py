"""What the register said that a representative's mandate covers; and the answers that a partner may ask for twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent_version", sa.Column("giver_scope", sa.String(), nullable=True))
    op.create_table(
        "kept_answer",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_kept_answer_ends"), "kept_answer", ["ends"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
