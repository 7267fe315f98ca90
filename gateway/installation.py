"""Making an installation: folders, keys and both databases at the schema that this program expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from adapters.keyring.ring import KeyRing
from adapters.safe.keeper import SafeKeeper
from adapters.safe.volume import SafeVolume
from adapters.signer.client import RemoteSigner
from adapters.sql import rights, schema
from adapters.sql.engine import Database, DatabaseUnfit, open_database
from adapters.sql.inspecting import open_for_inspection
from adapters.sql.key_store import Keyring as WrappingRing
from adapters.sql.key_store import KeyStore
from adapters.sql.log_store import SqlLogStore
from audit.checkpoint import HeadSigner, Signer, Verifier, verify_head_note
from audit.store import Head
from gateway.errors import SettingsError
from gateway.settings import Settings


def prepare(settings: Settings, at: datetime) -> None:
    """Make what is missing of an installation: its folders, its keys (marked when it is a demo) and its databases.

    What is there stays as it is; the schema is brought up to date.
    """
    for url in (settings.database, settings.key_database):
        named = make_url(url)
        if named.get_backend_name() == "sqlite" and named.database is not None:
            file = Path(named.database)
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if file.exists():
                file.chmod(0o600)
    settings.outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not settings.keys.exists():
        KeyRing.create(settings.keys, demo=settings.demo, at=at)
    migrate(settings)
    _prepare_safe(settings)


def check_there(settings: Settings) -> None:
    """Raise DatabaseUnfit where the file of a database is missing: SQLite would make an empty one in its place."""
    for url in (settings.database, settings.key_database):
        named = make_url(url)
        if named.get_backend_name() == "sqlite" and named.database and not Path(named.database).is_file():
            raise DatabaseUnfit(
                f"There is no database at {named.database}. A new installation: run `saattaen migrate`. Else put it "
                "back; `saattaen doctor` says what else is missing."
            )


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


def head_signers(
    settings: Settings, keyring: KeyRing, remote: RemoteSigner | None = None
) -> tuple[list[HeadSigner], list[HeadSigner]]:
    """Return who signs the log's heads and who did once: keys of the ring, or the process that the settings name.

    Raises SettingsError where both have a key, or neither.
    """
    if settings.signer is not None:
        if keyring.log_seeds:
            raise SettingsError(
                "SAATTAEN_SIGNER names a signing process, and the log's key lies among the gateway's: give it away "
                "(`saattaen keys give-log FOLDER`)."
            )
        return [remote or RemoteSigner(settings.signer)], []
    if not keyring.log_seeds:
        raise SettingsError("The log's key was given to a signing process: name its socket in SAATTAEN_SIGNER.")
    return [Signer(seed) for seed in keyring.log_seeds], [Signer(seed) for seed in keyring.log_former]


def verifiers_of(signers: Sequence[HeadSigner], former: Sequence[HeadSigner], origin: str) -> list[Verifier]:
    """Return every public key of a log, the current one first."""
    return [key for one in (*signers, *former) for key in one.verifiers(origin)]


def check_head(signers: Sequence[HeadSigner], former: Sequence[HeadSigner], head: Head) -> None:
    """Raise SignatureInvalid unless a key that may have signed this head did: while its log is open, one that signs."""
    known = verifiers_of(signers, former, head.origin)
    signing = known if head.ended else [key for one in signers for key in one.signing(head.origin)]
    verify_head_note(head.note, signing, known, head.origin)


@contextmanager
def open_data_keys(
    settings: Settings, keyring: KeyRing, open_store: Callable[[str], Database] = open_database
) -> Iterator[KeyStore]:
    """Open the store of data keys by itself; `open_for_inspection` is the *open_store* of whoever changes nothing."""
    database = open_store(settings.key_database)
    try:
        wrapping = WrappingRing(keyring.keks.secrets, keyring.keks.current, keyring.owner_key)
        yield KeyStore(database, wrapping, _no_clock)
    finally:
        database.close()


@contextmanager
def open_safe(settings: Settings, keyring: KeyRing, database: Database) -> Iterator[SafeKeeper[Connection]]:
    """Open the second volume beside an open database, to look at it; the settings name one."""
    if settings.safe_folder is None:
        raise SettingsError("SAATTAEN_SAFE names no second volume.")
    signers, former = head_signers(settings, keyring)
    volume = SafeVolume(settings.safe_folder, keyring.safe_key)
    with open_data_keys(settings, keyring, open_for_inspection) as keys:
        yield SafeKeeper(volume, SqlLogStore(database), keys, lambda origin: verifiers_of(signers, former, origin))


def migrate(settings: Settings) -> None:
    """Bring both databases to the schema that this program expects."""
    keyring = KeyRing.load(settings.keys, demo=settings.demo)
    database = open_database(settings.database)
    try:
        schema.upgrade(database)
    finally:
        database.close()
    with open_data_keys(settings, keyring) as keys:
        keys.create_tables()


def grant(settings: Settings, role: str) -> None:
    """Give the role that serves its rights in the PostgreSQL databases, and no more. Raises SettingsError."""
    is_granted = False
    for url, give in ((settings.database, rights.grant), (settings.key_database, rights.grant_data_keys)):
        if make_url(url).get_backend_name() != "postgresql":
            continue
        database = open_database(url)
        try:
            give(database, role)
        except (DBAPIError, ValueError) as error:
            said = str(error.orig).strip().splitlines()[0] if isinstance(error, DBAPIError) else str(error)
            raise SettingsError(f"The role cannot be given its rights: {said}.") from None
        finally:
            database.close()
        is_granted = True
    if not is_granted:
        raise SettingsError("Rights are given in PostgreSQL; a SQLite file is guarded by its folder's mode.")


def _no_clock() -> datetime:
    raise AssertionError("neither making tables nor reading keys asks for the time")
