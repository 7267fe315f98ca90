"""How clients are told, their pauses and reminders, and concerns about entries of the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WAITING = sa.text("delivered IS NULL")


def upgrade() -> None:
    op.add_column(
        "client_state", sa.Column("told_of_all", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("outbox", sa.Column("due", sa.BigInteger(), server_default=sa.text("0"), nullable=True))
    op.add_column("outbox", sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("outbox", sa.Column("fault", sa.String(), nullable=True))
    op.create_index("ix_outbox_due", "outbox", ["due"], unique=False, sqlite_where=_WAITING, postgresql_where=_WAITING)
    op.create_index(
        "ix_grant_until", "consent_grant", ["until"], unique=False, sqlite_where=sa.text("expired_logged IS 0"),
        postgresql_where=sa.text("expired_logged IS false"),
    )  # fmt: skip
    op.create_table(
        "notice_choice",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client"),
    )
    op.create_table(
        "pause",
        sa.Column("prohibition", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("prohibition"),
    )
    op.create_index(op.f("ix_pause_client"), "pause", ["client"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("grant_id", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", "days"),
    )
    op.create_table(
        "walk_through",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client"),
    )
    op.create_table(
        "concern",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("entry_at", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("client", "event_id"),
    )
    op.create_table(
        "concern_case",
        sa.Column("concern", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("concern", "organisation"),
    )
    op.create_index(op.f("ix_concern_case_organisation"), "concern_case", ["organisation"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
