"""The log's store on SQL: implements `audit.store.LogStore` on the tables of `log_tables`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Table, func, select
from sqlalchemy.exc import DBAPIError

from adapters.sql.combinations import IS_FOUND, WITH_COMBINATION, Combinations
from adapters.sql.direct import Statement, fetch_within, statement
from adapters.sql.engine import Database
from adapters.sql.log_tables import ERASED, HEAD, INDEX, LEAF, SEALED, SUBTREE
from audit.entry import SECTIONS, IndexRow, Sealed
from audit.errors import LogForked
from audit.store import Addition, DurabilityLost, ErasedRow, EventRow, Head, LeafRow

_SELECT_HEADS = statement("SELECT log, size, frontier, note, last_t, ended, started FROM audit_head ORDER BY started")
_FIND = Statement(lambda say: f"SELECT event_id, log, idx FROM audit_index WHERE event_id {say.among('ids')}")  # noqa: S608
_MOVE_HEAD = statement(
    "UPDATE audit_head SET size = :new_size, frontier = :frontier, note = :note, last_t = :last_t, ended = :ended "
    "WHERE log = :log AND size = :old_size AND NOT ended"
)
_FIND_AT_ONCE = 500


class SqlLogReader:
    """Reads logs through one connection, within its snapshot."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def heads(self) -> Sequence[Head]:
        """Return every log's head, oldest log first."""
        rows: Any = fetch_within(self.connection, _SELECT_HEADS, {})
        return [
            Head(log, size, frontier, note, last_t, bool(ended), started)
            for log, size, frontier, note, last_t, ended, started in rows
        ]

    def hashes(self, origin: str, level: int, start: int, end: int) -> Sequence[bytes]:
        """Return stored hashes [start, end) of a level, in order."""
        if level == 0:
            query = select(LEAF.c.leaf).where(LEAF.c.log == origin, LEAF.c.idx >= start, LEAF.c.idx < end)
            return list(self.connection.scalars(query.order_by(LEAF.c.idx)))
        query = select(SUBTREE.c.hash).where(
            SUBTREE.c.log == origin, SUBTREE.c.level == level, SUBTREE.c.idx >= start, SUBTREE.c.idx < end
        )
        return list(self.connection.scalars(query.order_by(SUBTREE.c.idx)))

    def leaves(self, origin: str, start: int, end: int) -> Sequence[LeafRow]:
        """Return the rows of the leaves [start, end), in order."""
        return self._leaves(LEAF.c.log == origin, LEAF.c.idx >= start, LEAF.c.idx < end)

    def _leaves(self, *where: ColumnElement[bool]) -> list[LeafRow]:
        query = select(LEAF.c.idx, LEAF.c.leaf, LEAF.c.entry).where(*where)
        return [LeafRow(*row) for row in self.connection.execute(query.order_by(LEAF.c.idx)).all()]

    def sealed(self, origin: str, start: int, end: int) -> Sequence[tuple[int, Sealed]]:
        """Return the sealed sections of the entries [start, end), in order."""
        return self._sealed(SEALED.c.log == origin, SEALED.c.idx >= start, SEALED.c.idx < end)

    def _sealed(self, *where: ColumnElement[bool]) -> list[tuple[int, Sealed]]:
        columns = SEALED.c.idx, SEALED.c.section, SEALED.c.dek_id, SEALED.c.nonce, SEALED.c.ct
        query = select(*columns).where(*where)
        rows = self.connection.execute(query.order_by(SEALED.c.idx, SEALED.c.section)).all()
        return [(idx, Sealed(section, key, nonce, ct)) for idx, section, key, nonce, ct in rows if section in SECTIONS]

    def events(self, origin: str, start: int, end: int) -> Sequence[EventRow]:
        """Return the index rows of the entries [start, end), in order."""
        return self._events(INDEX.c.log == origin, INDEX.c.idx >= start, INDEX.c.idx < end)

    def _events(self, *where: ColumnElement[bool]) -> list[EventRow]:
        query = select(
            INDEX.c.idx,
            INDEX.c.event_id,
            INDEX.c.subject_token,
            INDEX.c.actor_token,
            INDEX.c.kind,
            INDEX.c.outcome,
            INDEX.c.basis,
            INDEX.c.category,
            INDEX.c.recipient,
            INDEX.c.custodian,
            INDEX.c.requester,
            INDEX.c.t,
            IS_FOUND,
        ).select_from(WITH_COMBINATION)
        rows = self.connection.execute(query.where(*where).order_by(INDEX.c.idx)).all()
        return [EventRow(row[0], row[1], row[2], row[3], IndexRow(*row[4:11]), row[11], bool(row[12])) for row in rows]

    def erased(self, origin: str, start: int, end: int) -> Sequence[ErasedRow]:
        """Return which sections of the entries [start, end) were erased."""
        return self._erased(ERASED.c.log == origin, ERASED.c.idx >= start, ERASED.c.idx < end)

    def _erased(self, *where: ColumnElement[bool]) -> list[ErasedRow]:
        query = select(ERASED.c.idx, ERASED.c.section, ERASED.c.by_log, ERASED.c.by_idx).where(*where)
        return [ErasedRow(*row) for row in self.connection.execute(query.order_by(ERASED.c.idx))]

    def counts(self, origin: str) -> Mapping[str, int]:
        """Return the number of rows stored for a log."""
        tables = {"leaves": LEAF, "subtrees": SUBTREE, "events": INDEX}
        return {
            name: self.connection.scalars(select(func.count()).select_from(table).where(table.c.log == origin)).one()
            for name, table in tables.items()
        }

    def find_events(self, event_ids: Collection[str]) -> Mapping[str, tuple[str, int]]:
        """Return where events are, for those that are in some log."""
        found: dict[str, tuple[str, int]] = {}
        ids = list(event_ids)
        for at in range(0, len(ids), _FIND_AT_ONCE):
            asked = {"ids": orjson.dumps(ids[at : at + _FIND_AT_ONCE]).decode()}
            rows: Any = fetch_within(self.connection, _FIND, asked)
            found.update({event_id: (log, idx) for event_id, log, idx in rows})
        return found


class SqlLogTransaction(SqlLogReader):
    """The write transaction."""

    def __init__(self, connection: Connection, combinations: Combinations) -> None:
        super().__init__(connection)
        self._combinations = combinations.within(connection)
        # Savepoints go to the driver directly: SQLAlchemy would spend more on each than the item itself does.
        self._savepoints = connection.connection.cursor()
        self._is_remote = connection.dialect.name == "postgresql"
        self._is_kept = False

    def savepoint(self) -> None:
        """Begin an item."""
        # Over a wire each statement is a journey: the last item's end travels with this one's beginning.
        released = "RELEASE SAVEPOINT item; " if self._is_kept else ""
        self._is_kept = False
        self._savepoints.execute(f"{released}SAVEPOINT item")

    def keep(self) -> None:
        """End an item, keeping what it wrote."""
        if self._is_remote:
            self._check_whole()
            self._is_kept = True
        else:
            self._savepoints.execute("RELEASE SAVEPOINT item")

    def undo(self) -> None:
        """End an item, undoing what it wrote. Raises when the database has ended the transaction by itself."""
        self._savepoints.execute("ROLLBACK TO SAVEPOINT item")
        self._savepoints.execute("RELEASE SAVEPOINT item")
        self._combinations.forget()

    def _check_whole(self) -> None:
        """Raise after a failed statement: PostgreSQL would answer a COMMIT then, and roll back."""
        raw = self.connection.connection.driver_connection
        if raw is not None and raw.info.transaction_status.name == "INERROR":
            raise RuntimeError("an item went on after a statement of its own had failed")

    def start(self, head: Head) -> None:
        """Add a log."""
        self.connection.execute(
            HEAD.insert(),
            {
                "log": head.origin,
                "size": head.size,
                "frontier": head.frontier,
                "note": head.note,
                "last_t": head.last_time,
                "ended": head.ended,
                "started": head.started,
            },
        )

    def append(self, old: Head, new: Head, addition: Addition) -> None:
        """Add entries and move the head; raises LogForked when the head is not *old* any more."""
        log = old.origin
        rows: dict[Table, list[tuple[object, ...]]] = {
            LEAF: [(log, one.index, one.leaf, one.entry) for one in addition.leaves],
            SEALED: [(log, idx, one.section, one.key_id, one.nonce, one.ciphertext) for idx, one in addition.sealed],
            INDEX: [_event_values(log, one, self._combinations.number(log, one.row)) for one in addition.events],
            SUBTREE: [(log, level, idx, digest) for level, idx, digest in addition.subtrees],
        }
        move = {
            "log": log, "old_size": old.size, "new_size": new.size, "frontier": new.frontier, "note": new.note,
            "last_t": new.last_time, "ended": new.ended,
        }  # fmt: skip
        driver: Any = self.connection.connection.driver_connection
        if self._is_remote:
            # All of it travels at once and comes back at once; a column at a time, planned once for any number of rows.
            with driver.pipeline():
                for table, values in rows.items():
                    if values:
                        driver.execute(_unnesting(table), [list(column) for column in zip(*values, strict=True)])
                moved = driver.execute(_MOVE_HEAD.postgresql, move)
        else:
            for table, values in rows.items():
                if values:
                    driver.executemany(_insertion(table), values)
            moved = driver.execute(_MOVE_HEAD.sqlite, move)
        if moved.rowcount != 1:
            raise LogForked(f"the head of {log} moved under its lock")

    def commit(self) -> None:
        """Make all of it durable; raises DurabilityLost after an error of the disk."""
        if self._is_remote:
            self._check_whole()
        try:
            self.connection.commit()
        except DBAPIError as error:
            name = getattr(error.orig, "sqlite_errorname", "")
            if name.startswith("SQLITE_IOERR") or name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
                raise DurabilityLost("the disk failed during a commit") from error
            raise
        self._combinations.remember()


@cache
def _insertion(table: Table) -> str:
    """Return SQLite's INSERT of a table with every column in its order, for the driver's executemany."""
    places = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({places})"  # noqa: S608


@cache
def _unnesting(table: Table) -> str:
    """Return PostgreSQL's INSERT of a table from one array a column; numbers and bytes travel as they are."""
    types = {"BIGINT": "%b::bigint[]", "INTEGER": "%b::integer[]", "BLOB": "%b::bytea[]", "VARCHAR": "%s::text[]"}
    arrays = ", ".join(types[str(column.type)] for column in table.columns)
    return f"INSERT INTO {table.name} ({_columns(table)}) SELECT * FROM unnest({arrays})"  # noqa: S608


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _event_values(log: str, one: EventRow, combination: int) -> tuple[object, ...]:
    row = one.row
    return (
        log,
        one.index,
        one.event_id,
        one.subject_token,
        one.actor_token,
        row.kind,
        row.outcome,
        row.basis,
        row.category,
        row.recipient,
        row.custodian,
        row.requester,
        one.time,
        combination,
    )


class SqlLogStore:
    """A database with the log's tables in it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._combinations = Combinations()

    @contextmanager
    def write(self) -> Iterator[SqlLogTransaction]:
        """Begin the write transaction under the head lock."""
        with self._database.write() as connection:
            yield SqlLogTransaction(connection, self._combinations)

    @contextmanager
    def read(self) -> Iterator[SqlLogReader]:
        """Begin a snapshot for reading."""
        with self._database.read() as connection:
            yield SqlLogReader(connection)
