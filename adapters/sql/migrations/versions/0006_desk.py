"""The professional's desk: whom a service looked up, consents being talked over, and what was asked and answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_contact",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
        sa.UniqueConstraint("service", "lookup"),
    )
    op.create_index(op.f("ix_desk_contact_ends"), "desk_contact", ["ends"], unique=False)
    op.create_table(
        "desk_draft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("scan", sa.LargeBinary(), nullable=True),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("service", "ends"):
        op.create_index(op.f(f"ix_desk_draft_{column}"), "desk_draft", [column], unique=False)
    op.create_table(
        "desk_answer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("service", "not_before"):
        op.create_index(op.f(f"ix_desk_answer_{column}"), "desk_answer", [column], unique=False)


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
