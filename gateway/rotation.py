"""Moving what is stored from an old key to a new one, beside gateways that serve."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from adapters.keyring.alone import BUSY, alone_in
from adapters.keyring.ring import KeyRing
from adapters.sql.client_register import SqlClientRegister
from adapters.sql.engine import Database, open_database
from adapters.sql.log_store import SqlLogStore
from adapters.sql.roll import roll_of
from adapters.sql.sealing import Sealing
from audit.checkpoint import Signer
from audit.errors import SignatureInvalid
from gateway.errors import SettingsError
from gateway.installation import check_head, open_data_keys
from gateway.settings import Settings

_AT_ONCE = 100
_QUIET_ROUNDS = 2
_LOOK_SECONDS = 0.1


class NotTakenUp(Exception):
    """Some processes of the gateway still use other keys than those in the folder; `processes` tells which."""

    def __init__(self, processes: Sequence[str]) -> None:
        super().__init__(", ".join(processes))
        self.processes = tuple(processes)


@contextmanager
def calling_the_roll(settings: Settings, patience: float) -> Iterator[Callable[[], None]]:
    """Yield what returns once every process on the database uses the keys in the folder, at once where none runs.

    It raises NotTakenUp after *patience* seconds, and StoreUnavailable where the database fails meanwhile: then nobody
    knows who runs. While the block runs no other command changes these keys, on whichever host: what it looks up in it
    stays so. Raises SettingsError at once, with nothing changed, where another one does.
    """
    database = open_database(settings.database)
    roll = roll_of(database)

    def wait_for_all() -> None:
        ring, until = KeyRing.load(settings.keys, demo=settings.demo).name, time.monotonic() + patience
        while behind := roll.behind(ring):
            if time.monotonic() >= until:
                raise NotTakenUp(behind)
            time.sleep(_LOOK_SECONDS)

    try:
        with alone_in(settings.keys):
            # A copy of the folder on another host has the same database.
            if not roll.is_alone():
                raise SettingsError(BUSY)
            # Asked before anything is changed: who loses an entry from here on is noticed.
            roll.behind(KeyRing.load(settings.keys, demo=settings.demo).name)
            yield wait_for_all
    finally:
        roll.close()
        database.close()


def is_signed_without(settings: Settings, key: str) -> bool:
    """Return whether the head of each open log bears a signature of another log key than this one, which is retired
    next: its own would count no more."""
    signers = [Signer(seed) for seed in KeyRing.log_seeds_without(settings.keys, key)]
    database = open_database(settings.database)
    try:
        with SqlLogStore(database).read() as reader:
            heads = [head for head in reader.heads() if not head.ended]
    finally:
        database.close()
    try:
        for head in heads:
            check_head(signers, (), head)
    except SignatureInvalid:
        return False
    return True


def rewrap_data_keys(settings: Settings, *, only_count: str | None = None) -> int:
    """Wrap every data key with the current key-encryption key; return how many. With *only_count* nothing is written,
    and those wrapped with that key are counted."""
    keyring = KeyRing.load(settings.keys, demo=settings.demo)
    with open_data_keys(settings, keyring) as keys:
        if only_count is not None:
            return keys.count_wrapped_with(only_count)
        total, quiet = 0, 0
        while quiet < _QUIET_ROUNDS:  # A process that was at work may have wrapped one with the old key meanwhile.
            count = keys.rewrap()
            total, quiet = total + count, 0 if count else quiet + 1
        return total


def rehash_identifiers(settings: Settings, key: str) -> int:
    """Store every identifier in use under the look-up key of that id too; return how many were added."""
    added = 0
    with _register(settings, key) as (database, register, secret):
        for clients in _batches(database, register):
            # Each batch is short: whoever serves waits for the head's lock meanwhile.
            with database.write() as connection:
                added += register.rehash(connection, clients, secret)
                connection.commit()
    return added


def unhash_identifiers(settings: Settings, key: str) -> None:
    """Let what is stored under the look-up key of that id answer as unknown."""
    with _register(settings, key) as (database, register, secret):
        for clients in _batches(database, register):
            with database.write() as connection:
                register.unhash(connection, clients, secret)
                connection.commit()


def _batches(database: Database, register: SqlClientRegister) -> Iterator[list[str]]:
    # Alone: whoever was being enrolled by a former ring's keys stands by now, or is stored under all keys of this one.
    with database.write() as connection:
        clients = register.clients(connection)
    for start in range(0, len(clients), _AT_ONCE):
        yield clients[start : start + _AT_ONCE]


@contextmanager
def _register(settings: Settings, key: str) -> Iterator[tuple[Database, SqlClientRegister, bytes]]:
    keyring = KeyRing.load(settings.keys, demo=settings.demo)
    secret = KeyRing.lookup_secret(settings.keys, key)
    database = open_database(settings.database)
    try:
        with open_data_keys(settings, keyring) as keys:
            yield database, SqlClientRegister(keyring.lookup_keys, Sealing(keys)), secret
    finally:
        database.close()
