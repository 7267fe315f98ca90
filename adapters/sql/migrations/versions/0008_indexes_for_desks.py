"""Indexes along which a service's own clients and its worklist are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UNCONFIRMED = sa.text("confirmed_at IS NULL")
_WITHDRAWN = sa.text("withdrawn_at IS NOT NULL")


def upgrade() -> None:
    for side in ("recipient", "custodian"):
        op.create_index(f"ix_grant_{side}_seq", "consent_grant", [side, "seq"], unique=False)
        op.create_index(f"ix_grant_{side}_until", "consent_grant", [side, "until"], unique=False)
    op.create_index(
        "ix_grant_unconfirmed", "consent_grant", ["custodian", "until"], unique=False, sqlite_where=_UNCONFIRMED,
        postgresql_where=_UNCONFIRMED,
    )  # fmt: skip
    op.create_index(
        "ix_consent_withdrawn", "consent", ["withdrawn_at"], unique=False, sqlite_where=_WITHDRAWN,
        postgresql_where=_WITHDRAWN,
    )  # fmt: skip
    op.create_index("ix_version_capture", "consent_version", ["capture_service", "seq"], unique=False)
    op.create_index("ix_document_custodian", "document", ["custodian", "updated"], unique=False)
    op.create_index(op.f("ix_relation_recorded_at"), "relation", ["recorded_at"], unique=False)
