"""The store of data keys, in a database file of its own whose backups live short.

Keys are wrapped by a key-encryption key; owners stand in it as HMACs only. Destroying a row destroys what it sealed.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    inspect,
    select,
    update,
)

from adapters.sql.direct import Fields, Statement, fetch_within, statement
from adapters.sql.engine import Database, DatabaseUnfit
from audit.keys import DataKey, KeyKind, KeyName

_METADATA = MetaData()
_KEYS = Table(
    "data_key",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("year", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("kek_id", String, nullable=False, index=True),
    Column("created", BigInteger, nullable=False),
    UniqueConstraint("kind", "owner", "year"),
)
_COLUMNS = (_KEYS.c.id, _KEYS.c.kind, _KEYS.c.owner, _KEYS.c.year, _KEYS.c.wrapped, _KEYS.c.kek_id)
_SELECT = "SELECT id, kind, owner, year, wrapped, kek_id FROM data_key"
_BY_ID = statement(f"{_SELECT} WHERE id = :id")
_BY_IDS = Statement(lambda say: f"{_SELECT} WHERE id {say.among('ids')}")
_BY_NAME = Statement(lambda say: f"{_SELECT} WHERE (kind, owner, year) {say.among_names('names')}")
_NONCE = 12
_REMEMBERED = 20_000


class _Row(NamedTuple):
    """A row of the table, in the order of `_SELECT`."""

    id: str
    kind: str
    owner: str
    year: int
    wrapped: bytes
    kek_id: str


class KeyUnusable(Exception):
    """A data key is there and does not unwrap: its key-encryption key is missing, or the row was altered."""


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The key-encryption keys by id, which of them wraps now, and the key that owners' names are hidden under."""

    keys: Mapping[str, bytes]
    current: str
    owners: bytes
    ciphers: Mapping[str, AESGCM] = field(init=False)
    _hidden: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.current not in self.keys or len(self.owners) != 32 or any(len(k) != 32 for k in self.keys.values()):
            raise ValueError("a keyring has keys of 32 bytes, and its current key is one of them")
        object.__setattr__(self, "ciphers", {name: AESGCM(key) for name, key in self.keys.items()})

    def hide(self, owner: str) -> str:
        """Return the name under which an owner stands in the database; those of late are remembered."""
        hidden = self._hidden.get(owner)
        if hidden is None:
            if len(self._hidden) >= _REMEMBERED:
                self._hidden.clear()
            hidden = self._hidden[owner] = hmac.digest(self.owners, owner.encode(), "sha256").hex()
        return hidden


class KeyStore:
    """Data keys: got or made by name, found by id, wrapped anew, destroyed. Safe to use from several threads."""

    def __init__(self, database: Database, keyring: Keyring, now: Callable[[], datetime], cache: int = 20_000) -> None:
        self._database = database
        self._keyring = keyring
        self._now = now
        self._size = cache
        self._by_name: OrderedDict[KeyName, DataKey] = OrderedDict()
        self._lock = threading.Lock()

    def renew(self, keyring: Keyring) -> None:
        """Wrap and unwrap with another ring from now on; its owners' key is the same."""
        if keyring.owners != self._keyring.owners:
            raise ValueError("the key of owners' names does not change")
        self._keyring = keyring

    def create_tables(self) -> None:
        """Make the tables where they are missing."""
        with self._database.write() as connection:
            _METADATA.create_all(connection)
            connection.commit()

    def check(self) -> int:
        """Return how many keys are kept, once one under each key-encryption key was unwrapped.

        Raises DatabaseUnfit where the table is not there, KeyUnusable where a key does not unwrap.
        """
        samples = select(func.min(_KEYS.c.id)).group_by(_KEYS.c.kek_id)
        with self._database.read() as connection:
            if not inspect(connection).has_table(_KEYS.name):
                raise DatabaseUnfit("The database of data keys is empty: it has no table of ours.")
            count = int(connection.execute(select(func.count()).select_from(_KEYS)).scalar_one())
            rows = connection.execute(select(*_COLUMNS).where(_KEYS.c.id.in_(samples))).all()
        for row in map(_Row._make, rows):
            self._unwrap(row)
        return count

    def get_or_create(self, names: Collection[KeyName]) -> dict[KeyName, DataKey]:
        """Return the keys of these names; those made now are committed before this returns.

        The store is asked for all of them each time, known or not: a client whose key is not at hand must not cost more
        than one whose key is, or than nobody.
        """
        found: dict[KeyName, DataKey] = {}
        with self._lock:
            for name in names:
                key = self._by_name.get(name)
                if key is not None:
                    self._by_name.move_to_end(name)
                    found[name] = key
        stored = self._named(names, self._database.direct.fetch_now(_BY_NAME, self._asked(names)))
        # By its id, not by its name: another process may have destroyed the key at hand, and made a new one.
        found = stored | {name: key for name, key in found.items() if name in stored and stored[name].id == key.id}
        missing = [name for name in names if name not in found]
        if missing:
            found.update(self._create(missing))
        with self._lock:
            for name in names:
                self._by_name[name] = found[name]
            while len(self._by_name) > self._size:
                self._by_name.popitem(last=False)
        return found

    def get(self, name: KeyName) -> DataKey | None:
        """Return the key of a name without making one; None when there is none, or none any more."""
        return self._named([name], self._database.direct.fetch_now(_BY_NAME, self._asked([name]))).get(name)

    def find(self, key_id: str) -> DataKey | None:
        """Return the key of this id, None when it was destroyed; raises KeyUnusable when it does not unwrap."""
        return self._first(self._database.direct.fetch_now(_BY_ID, {"id": key_id}))

    async def fetch(self, key_id: str) -> DataKey | None:
        """Do as `find`, without holding up the event loop."""
        return self._first(await self._database.direct.fetch(_BY_ID, {"id": key_id}))

    def find_all(self, key_ids: Collection[str]) -> dict[str, DataKey]:
        """Return the keys of these ids, without those that were destroyed; raises KeyUnusable as `find` does."""
        rows = self._database.direct.fetch_now(_BY_IDS, {"ids": orjson.dumps(list(key_ids)).decode()})
        return {row.id: DataKey(row.id, self._unwrap(row)) for row in map(_Row._make, rows)}

    def destroy(self, kind: KeyKind, owner: str, years: Collection[int] | None = None) -> list[str]:
        """Destroy an owner's keys of one kind, of all years unless some are named; return the ids they had.

        Erasure is this. No command does it yet; that the log and the answers stand it is what the tests call it for.
        Other processes forget theirs when they start again, or when `forget` is called there.
        """
        condition = (_KEYS.c.kind == kind) & (_KEYS.c.owner == self._keyring.hide(owner))
        if years is not None:
            condition &= _KEYS.c.year.in_(list(years))
        with self._database.write() as connection:
            ids = list(connection.scalars(delete(_KEYS).where(condition).returning(_KEYS.c.id)))
            connection.commit()
        self._clear_remains()
        self.forget()
        return ids

    def _clear_remains(self) -> None:
        """Take deleted rows off the disk, as far as the database itself keeps them."""
        engine = self._database.engine
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
            return
        # What stays in write-ahead logs and backups dies with the key-encryption key that wraps it.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM {_KEYS.name}")

    def forget(self) -> None:
        """Drop every unwrapped key from memory."""
        with self._lock:
            self._by_name.clear()

    def count_wrapped_with(self, kek: str) -> int:
        """Return how many keys are wrapped with the key-encryption key of that id."""
        with self._database.read() as connection:
            query = select(func.count()).select_from(_KEYS).where(_KEYS.c.kek_id == kek)
            return int(connection.execute(query).scalar_one())

    def rewrap(self) -> int:
        """Wrap every key that is under an older key-encryption key with the current one; return how many."""
        current = self._keyring.current
        with self._database.write() as connection:
            found = connection.execute(select(*_COLUMNS).where(_KEYS.c.kek_id != current)).all()
            if found:
                rewrapping = (
                    update(_KEYS)
                    .where(_KEYS.c.id == bindparam("of_id"))
                    .values(wrapped=bindparam("new_wrapped"), kek_id=bindparam("new_kek"))
                )
                values = [
                    {
                        "of_id": row.id,
                        "new_wrapped": self._wrap(self._unwrap(row), _bound_to_row(row)),
                        "new_kek": current,
                    }
                    for row in map(_Row._make, found)
                ]
                connection.execute(rewrapping, values)
                connection.commit()
        return len(found)

    def _asked(self, names: Collection[KeyName]) -> dict[str, object]:
        return {"names": orjson.dumps([(one.kind, self._keyring.hide(one.owner), one.year) for one in names]).decode()}

    def _named(self, names: Collection[KeyName], rows: Sequence[Fields]) -> dict[KeyName, DataKey]:
        by_row: dict[tuple[str, str, int], KeyName] = {
            (name.kind, self._keyring.hide(name.owner), name.year): name for name in names
        }
        found: dict[KeyName, DataKey] = {}
        for row in map(_Row._make, rows):
            found[by_row[(row.kind, row.owner, row.year)]] = DataKey(row.id, self._unwrap(row))
        return found

    def _first(self, rows: Sequence[Fields]) -> DataKey | None:
        return next((DataKey(row.id, self._unwrap(row)) for row in map(_Row._make, rows)), None)

    def _create(self, names: Collection[KeyName]) -> dict[KeyName, DataKey]:
        with self._database.write() as connection:
            # Another process may have made them meanwhile.
            found = self._named(names, fetch_within(connection, _BY_NAME, self._asked(names)))
            created = int(self._now().timestamp() * 1_000_000)
            rows: list[dict[str, object]] = []
            for name in names:
                if name in found:
                    continue
                secret = secrets.token_bytes(32)
                row: dict[str, object] = {
                    "id": secrets.token_hex(16),
                    "kind": name.kind,
                    "owner": self._keyring.hide(name.owner),
                    "year": name.year,
                }
                found[name] = DataKey(str(row["id"]), secret)
                bound = _bound_to(str(row["id"]), name.kind, str(row["owner"]), name.year)
                wrapped = self._wrap(secret, bound)
                rows.append({**row, "wrapped": wrapped, "kek_id": self._keyring.current, "created": created})
            if rows:
                connection.execute(_KEYS.insert(), rows)
                connection.commit()
        return found

    def _wrap(self, secret: bytes, bound: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._keyring.ciphers[self._keyring.current].encrypt(nonce, secret, bound)

    def _unwrap(self, row: _Row) -> bytes:
        cipher = self._keyring.ciphers.get(row.kek_id)
        if cipher is None:
            raise KeyUnusable(
                f"data key {row.id} needs the key-encryption key {row.kek_id}, which is not here: it is in a copy of "
                "the key folder from before that key was retired"
            )
        try:
            return cipher.decrypt(row.wrapped[:_NONCE], row.wrapped[_NONCE:], _bound_to_row(row))
        except (InvalidTag, ValueError) as error:
            raise KeyUnusable(f"data key {row.id} does not unwrap") from error


def wrapped_with(connection: Connection) -> tuple[str, ...]:
    """Return the ids of the key-encryption keys that the data keys of a database are under; none where it has none."""
    if not inspect(connection).has_table(_KEYS.name):
        return ()
    return tuple(connection.scalars(select(_KEYS.c.kek_id).distinct().order_by(_KEYS.c.kek_id)))


def _bound_to_row(row: _Row) -> bytes:
    return _bound_to(row.id, row.kind, row.owner, row.year)


def _bound_to(key_id: str, kind: str, owner: str, year: int) -> bytes:
    return f"{key_id}\n{kind}\n{owner}\n{year}".encode()
