"""Used codes and second persons' checks bear a keyed hash; messages are sealed for their reader.

What was sealed without its reader is taken out: whom it was meant for can be told by nobody any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("confirmation_code", sa.Column("used", sa.LargeBinary(), nullable=True))
    op.add_column("paper_check", sa.Column("seal", sa.LargeBinary(), nullable=True))
    outbox = sa.table("outbox", sa.column("body", sa.LargeBinary()))
    op.execute(outbox.update().values(body=b""))


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
