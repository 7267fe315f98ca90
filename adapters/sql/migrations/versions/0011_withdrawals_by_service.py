"""When a row was withdrawn stands on the row itself, with indexes along which a service's worklist reads its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None

_WITHDRAWN = sa.text("withdrawn_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("consent_grant", sa.Column("withdrawn_at", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE consent_grant SET withdrawn_at = "
        "(SELECT consent.withdrawn_at FROM consent WHERE consent.id = consent_grant.consent) WHERE withdrawn"
    )
    for side in ("recipient", "custodian"):
        op.create_index(
            f"ix_grant_{side}_withdrawn", "consent_grant", [side, "withdrawn_at"], unique=False,
            sqlite_where=_WITHDRAWN, postgresql_where=_WITHDRAWN,
        )  # fmt: skip
    # Nobody reads the withdrawals of all services at once any more.
    op.drop_index("ix_consent_withdrawn", table_name="consent")


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
