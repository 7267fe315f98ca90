"""Alembic's environment: runs on the connection that `schema.upgrade` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import adapters.sql.log_tables
import adapters.sql.tables  # noqa: F401

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
context.run_migrations()
