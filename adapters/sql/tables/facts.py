"""Which tables the facts are read from, and the one of the rules that all judge by.

A trigger bumps the epoch of the client, partner or world that a row of these tells of, so that a write between
judgement and release forces a new judgement (`migrations`, and the law's test over SQLite's authorizer).
"""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from adapters.sql.tables.columns import micros


class WorldStateRow(SQLModel, table=True):
    """The one row of directory digest and policy revision in use, and the epoch that a change of either bumps."""

    __tablename__ = "world_state"
    id: int = Field(default=1, primary_key=True)
    epoch: int = Field(default=0, sa_column=micros())
    directory: str = ""
    policy: str = ""


CLIENT_FACT_TABLES = ("client_identifier", "consent", "consent_grant", "refusal", "prohibition", "relation")
"""Tables with a `client` column whose every write bumps that client's epoch (client_state itself bumps too)."""

PARTNER_FACT_TABLES = ("partner", "partner_service", "revoked_token")
"""Tables whose every write bumps that partner's epoch."""
