"""Sessions of people in browsers, and sign-ins that wait for their provider's answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "web_session",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("begun", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("provider_session", sa.LargeBinary(), nullable=True),
        sa.Column("provider_subject", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    for column in ("ends", "provider_session", "provider_subject"):
        op.create_index(op.f(f"ix_web_session_{column}"), "web_session", [column], unique=False)
    op.create_table(
        "sign_in_attempt",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_sign_in_attempt_ends"), "sign_in_attempt", ["ends"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
