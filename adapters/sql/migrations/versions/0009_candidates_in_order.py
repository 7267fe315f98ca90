"""The index along which the grants of one question are read, in their order.

Without the order in it, SQLite took a service's index of 0008 for that order, and went through all grants of that
service at each read.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_grant_candidates", "consent_grant")
    op.create_index("ix_grant_candidates", "consent_grant", ["client", "recipient", "seq"], unique=False)
