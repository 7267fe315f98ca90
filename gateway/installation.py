"""Making an installation: folders, keys and both databases at the schema that this program expects."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from adapters.keyring import KeyRing
from adapters.safe.volume import SafeVolume
from adapters.sql import schema
from adapters.sql.engine import open_database
from adapters.sql.key_store import Keyring as WrappingRing
from adapters.sql.key_store import KeyStore
from adapters.sql.log_store import SqlLogStore
from gateway.settings import Settings


def prepare(settings: Settings, at: datetime) -> None:
    """Make what is missing of an installation: its folders, its keys (marked when it is a demo) and its databases.

    What is there stays as it is; the schema is brought up to date.
    """
    for url in (settings.database, settings.key_database):
        named = make_url(url)
        if named.get_backend_name() == "sqlite" and named.database is not None:
            Path(named.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not settings.keys.exists():
        KeyRing.create(settings.keys, demo=settings.demo, at=at)
    migrate(settings)
    _prepare_safe(settings)


def _prepare_safe(settings: Settings) -> None:
    """Make the second volume's anchor where there is no log yet. Later only the operator can say that none was lost."""
    if settings.safe_folder is None:
        return
    database = open_database(settings.database)
    try:
        with SqlLogStore(database).read() as reader:
            is_new = not reader.heads()
    finally:
        database.close()
    if is_new:
        keyring = KeyRing.load(settings.keys, demo=settings.demo)
        SafeVolume(settings.safe_folder, keyring.safe_key).create()


def migrate(settings: Settings) -> None:
    """Bring both databases to the schema that this program expects."""
    keyring = KeyRing.load(settings.keys, demo=settings.demo)
    database = open_database(settings.database)
    try:
        schema.upgrade(database)
    finally:
        database.close()
    key_database = open_database(settings.key_database)
    try:
        wrapping = WrappingRing(keyring.keks.secrets, keyring.keks.current, keyring.owner_key)
        KeyStore(key_database, wrapping, _no_clock).create_tables()
    finally:
        key_database.close()


def _no_clock() -> datetime:
    raise AssertionError("making tables asks for no time")
