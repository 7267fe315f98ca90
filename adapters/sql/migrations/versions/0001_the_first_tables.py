"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.sql.triggers import make_triggers

DECOY_CLIENT = "0" * 32


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_erased",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("by_log", sa.String(), nullable=False),
        sa.Column("by_idx", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log", "idx", "section"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_head",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("last_t", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("log"),
        sa.UniqueConstraint("started"),
    )
    op.create_table(
        "audit_index",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("subject_token", sa.String(), nullable=True),
        sa.Column("actor_token", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("custodian", sa.String(), nullable=True),
        sa.Column("requester", sa.String(), nullable=True),
        sa.Column("t", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log", "idx"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index(op.f("ix_audit_index_actor_token"), "audit_index", ["actor_token"], unique=False)
    op.create_index(op.f("ix_audit_index_subject_token"), "audit_index", ["subject_token"], unique=False)
    op.create_index(op.f("ix_audit_index_t"), "audit_index", ["t"], unique=False)
    op.create_table(
        "audit_leaf",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_sealed",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("dek_id", sa.String(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("ct", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "idx", "section"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_subtree",
        sa.Column("log", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "level", "idx"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "client",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("born", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "client_identifier",
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("lookup"),
    )
    op.create_index(op.f("ix_client_identifier_client"), "client_identifier", ["client"], unique=False)
    op.create_table(
        "client_state",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("non_disclosure", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("client"),
    )
    op.create_table(
        "confirmation_code",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=True),
        sa.Column("offer", sa.LargeBinary(), nullable=True),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("handle"),
    )
    op.create_index(op.f("ix_confirmation_code_client"), "confirmation_code", ["client"], unique=False)
    op.create_index(op.f("ix_confirmation_code_consent"), "confirmation_code", ["consent"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_told", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_consent_client"), "consent", ["client"], unique=False)
    op.create_table(
        "consent_grant",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("custodian", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("sensitivities", sa.String(), nullable=False),
        sa.Column("single_use", sa.Boolean(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("dated_from", sa.BigInteger(), nullable=True),
        sa.Column("dated_until", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("spent_by", sa.String(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("by_client", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("expired_logged", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_consent_grant_consent"), "consent_grant", ["consent"], unique=False)
    op.create_index("ix_grant_candidates", "consent_grant", ["client", "recipient", "replaced"], unique=False)
    op.create_table(
        "consent_request",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("custodian", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_consent_request_client"), "consent_request", ["client"], unique=False)
    op.create_table(
        "consent_version",
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("giver_kind", sa.String(), nullable=False),
        sa.Column("giver_reference", sa.String(), nullable=True),
        sa.Column("giver_until", sa.BigInteger(), nullable=True),
        sa.Column("capture_method", sa.String(), nullable=False),
        sa.Column("capture_service", sa.String(), nullable=True),
        sa.Column("capture_system", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("wording_version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("register", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("consent", "version"),
    )
    op.create_index(op.f("ix_consent_version_client"), "consent_version", ["client"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("custodian", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("dated", sa.BigInteger(), nullable=False),
        sa.Column("labels", sa.String(), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.Column("referrer", sa.String(), nullable=True),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_document_search", "document", ["client", "category"], unique=False)
    op.create_table(
        "document_version",
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("document", "version"),
    )
    op.create_index(op.f("ix_document_version_client"), "document_version", ["client"], unique=False)
    op.create_table(
        "import_nonce",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "nonce"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_outbox_client"), "outbox", ["client"], unique=False)
    op.create_index(op.f("ix_outbox_consent"), "outbox", ["consent"], unique=False)
    op.create_index(op.f("ix_outbox_party"), "outbox", ["party"], unique=False)
    op.create_table(
        "paper_check",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("scan", sa.String(), nullable=False),
        sa.Column("offer", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index(op.f("ix_paper_check_client"), "paper_check", ["client"], unique=False)
    op.create_table(
        "partner",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("jwks", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "partner_service",
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "service"),
    )
    op.create_table(
        "partner_state",
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partner"),
    )
    op.create_table(
        "prohibition",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("by_client", sa.Boolean(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_prohibition_client"), "prohibition", ["client"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("jws", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_receipt_client"), "receipt", ["client"], unique=False)
    op.create_index(op.f("ix_receipt_consent"), "receipt", ["consent"], unique=False)
    op.create_table(
        "refusal",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("by_client", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_refusal_client"), "refusal", ["client"], unique=False)
    op.create_table(
        "relation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("custodian", sa.String(), nullable=False),
        sa.Column("recipients", sa.String(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("section", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("contested_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_relation_client"), "relation", ["client"], unique=False)
    op.create_table(
        "replay",
        sa.Column("iss", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("iss", "jti"),
    )
    op.create_index(op.f("ix_replay_expires"), "replay", ["expires"], unique=False)
    op.create_table(
        "revoked_token",
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("jti"),
    )
    op.create_index(op.f("ix_revoked_token_partner"), "revoked_token", ["partner"], unique=False)
    op.create_table(
        "search_cursor",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_search_cursor_expires"), "search_cursor", ["expires"], unique=False)
    op.create_table(
        "world_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("directory", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(sa.text("INSERT INTO world_state (id, epoch, directory, policy) VALUES (1, 0, '', '')"))
    # The client that no identifier leads to: an unknown client's request does the same work on it.
    op.execute(sa.text("INSERT INTO client (id, created) VALUES (:id, 0)").bindparams(id=DECOY_CLIENT))
    state = "INSERT INTO client_state (client, epoch, suspended, non_disclosure) VALUES (:id, 0, :no, :no)"
    op.execute(sa.text(state).bindparams(id=DECOY_CLIENT, no=False))
    # A later migration that changes a trigger carries its own text of it; these are those of the first version.
    make_triggers(op.get_bind())


def downgrade() -> None:
    raise NotImplementedError("The log is append-only: restore a backup instead.")
