"""The tables of the log. Several logs, by origin, share them; triggers keep history from being edited."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from audit.entry import IndexRow


class AuditHead(SQLModel, table=True):
    """Where each log stands."""

    __tablename__ = "audit_head"

    log: str = Field(primary_key=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    frontier: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    note: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    last_t: int = Field(sa_column=Column(BigInteger, nullable=False))
    ended: bool = False
    started: int = Field(unique=True)


class AuditLeaf(SQLModel, table=True):
    """The entries, byte for byte, and their leaf hashes."""

    __tablename__ = "audit_leaf"
    __table_args__ = {"sqlite_with_rowid": False}

    log: str = Field(primary_key=True)
    idx: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    leaf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    entry: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditSubtree(SQLModel, table=True):
    """The roots of complete subtrees of 256**level leaves."""

    __tablename__ = "audit_subtree"
    __table_args__ = {"sqlite_with_rowid": False}

    log: str = Field(primary_key=True)
    level: int = Field(primary_key=True)
    idx: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditSealed(SQLModel, table=True):
    """The sealed sections."""

    __tablename__ = "audit_sealed"
    __table_args__ = {"sqlite_with_rowid": False}

    log: str = Field(primary_key=True)
    idx: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    section: str = Field(primary_key=True)
    dek_id: str
    nonce: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    ct: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditErased(SQLModel, table=True):
    """Which sections were erased, and which entry says so. A sealed section may be deleted once it stands here."""

    __tablename__ = "audit_erased"
    __table_args__ = {"sqlite_with_rowid": False}

    log: str = Field(primary_key=True)
    idx: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    section: str = Field(primary_key=True)
    by_log: str
    by_idx: int = Field(sa_column=Column(BigInteger, nullable=False))


class AuditIndex(SQLModel, table=True):
    """What events are found by. Tokens are HMACs under keys that may be destroyed.

    A search runs backwards along one log, so each index ends with the place in it. A token is of one log's year, and a
    combination's number of one log. Every other value is found by the combinations that it is in.
    """

    __tablename__ = "audit_index"
    __table_args__ = (
        Index("ix_audit_index_subject", "subject_token", "idx"),
        Index("ix_audit_index_actor", "actor_token", "idx"),
        Index("ix_audit_index_combination", "combination", "idx"),
    )  # fmt: skip

    log: str = Field(primary_key=True)
    idx: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    event_id: str = Field(unique=True)
    subject_token: str | None = None
    actor_token: str | None = None
    kind: str
    outcome: str
    basis: str | None = None
    category: str | None = None
    recipient: str | None = None
    custodian: str | None = None
    requester: str | None = None
    t: int = Field(sa_column=Column(BigInteger, nullable=False))
    combination: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    """Which combination of the row's values this is; NULL of a row that nobody has sorted yet."""


class AuditCombination(SQLModel, table=True):
    """The values that the index rows of a log have together. There are few, however long the log is.

    A search picks out those that fit, and then knows each entry by its combination's number. They name nobody: tokens
    are no part of them. Numbers are of all logs together, and grow.
    """

    __tablename__ = "audit_combination"
    __table_args__ = {"sqlite_with_rowid": False}

    log: str = Field(primary_key=True)
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False, unique=True))
    kind: str
    outcome: str
    basis: str | None = None
    category: str | None = None
    recipient: str | None = None
    custodian: str | None = None
    requester: str | None = None


HEAD = SQLModel.metadata.tables["audit_head"]
LEAF = SQLModel.metadata.tables["audit_leaf"]
SUBTREE = SQLModel.metadata.tables["audit_subtree"]
SEALED = SQLModel.metadata.tables["audit_sealed"]
ERASED = SQLModel.metadata.tables["audit_erased"]
INDEX = SQLModel.metadata.tables["audit_index"]
COMBINATION = SQLModel.metadata.tables["audit_combination"]
LOG_TABLES = [HEAD, LEAF, SUBTREE, SEALED, ERASED, INDEX, COMBINATION]

COMBINED = tuple(one.name for one in fields(IndexRow))
"""The columns of an index row that its combination has too: all that an event can be found by."""


def refusal(table: str, verb: str) -> str:
    """Return what a trigger says that refuses a verb on a table."""
    return f"{table} is never {verb.lower()}d".replace("updated", "changed")


def _refuse(table: str, verb: str, when: str = "") -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()} BEFORE {verb} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, '{refusal(table, verb)}'); END"
    )


# An index row may lose its tokens when a person is erased; the rest of it says nothing about anyone.
KEPT_OF_INDEX = ("log", "idx", "event_id", *COMBINED, "t")
ERASED_OF_INDEX = ("subject_token", "actor_token")
_ERASES_ONLY_TOKENS = " AND ".join(
    [f"NEW.{column} IS OLD.{column}" for column in KEPT_OF_INDEX]
    + [f"(NEW.{token} IS OLD.{token} OR NEW.{token} IS NULL)" for token in ERASED_OF_INDEX]
)

LOG_TRIGGERS_SQLITE: list[str] = [
    _refuse("audit_leaf", "UPDATE"),
    _refuse("audit_leaf", "DELETE"),
    _refuse("audit_subtree", "UPDATE"),
    _refuse("audit_subtree", "DELETE"),
    _refuse("audit_sealed", "UPDATE"),
    _refuse(
        "audit_sealed",
        "DELETE",
        "WHEN NOT EXISTS (SELECT 1 FROM audit_erased e "
        "WHERE e.log = OLD.log AND e.idx = OLD.idx AND e.section = OLD.section)",
    ),
    _refuse("audit_erased", "UPDATE"),
    _refuse("audit_erased", "DELETE"),
    _refuse("audit_index", "UPDATE", f"WHEN NOT ({_ERASES_ONLY_TOKENS})"),
    _refuse("audit_index", "DELETE"),
    _refuse("audit_head", "DELETE"),
    _refuse("audit_head", "UPDATE", "WHEN OLD.ended OR NEW.size < OLD.size OR NEW.log IS NOT OLD.log"),
]

COMBINATION_TRIGGERS_SQLITE: list[str] = [
    _refuse("audit_combination", "UPDATE"),
    _refuse("audit_combination", "DELETE"),
    # A row that was not sorted yet may be.
    "CREATE TRIGGER IF NOT EXISTS audit_index_combination BEFORE UPDATE OF combination ON audit_index "
    f"WHEN OLD.combination IS NOT NULL BEGIN SELECT RAISE(ABORT, '{refusal('audit_index', 'UPDATE')}'); END",
]
"""What guards the combinations, which came with revision 0010."""
