"""The tables of the main database, save the log's own (`log_tables`), a module for each thing that they tell of.

Rows stop at `adapters.sql`. Instants are integer microseconds since the epoch. Whoever imports one of these modules has
all tables in `SQLModel.metadata`.
"""

from adapters.sql.tables import (  # noqa: F401  Each tells the metadata of its tables.
    clients,
    consents,
    desks,
    documents,
    facts,
    notices,
    oversight,
    partners,
    proofs,
    sessions,
    standing,
)
