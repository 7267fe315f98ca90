"""What `saattaen doctor` looks at, each a function that says in sentences what is wrong and what to do.

Nothing is written. A check that cannot be made says why and is wrong: nothing is well because nobody looked.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import and_, func, or_, select
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel

from adapters.clocks import SystemClock
from adapters.custodian.fhir_server.connection import ServerConnection
from adapters.custodian.fhir_server.load import load_custodians
from adapters.keyring.ring import KeyRing
from adapters.opa.embedded import EmbeddedEngine
from adapters.opa.probe import verify_engine
from adapters.opa.server import ServerEngine
from adapters.opa.shipped import read_bundle
from adapters.sql import rights, schema
from adapters.sql.engine import sqlite_module
from adapters.sql.log_store import SqlLogStore
from adapters.sql.tables.notices import OutboxRow
from gateway.cli.finding import Finding, Patient, State, look, well, wrong
from gateway.cli.partner_examination import logged_partners, partners
from gateway.consent.delivering import BY_CHOICE
from gateway.directory.instants import from_micros, to_micros
from gateway.directory.load import load_directory
from gateway.disclosure.backups import last_backup
from gateway.disclosure.ports import MAX_CLOCK_SKEW
from gateway.errors import CustodianUnavailable
from gateway.installation import check_head, head_signers, open_data_keys, open_safe
from gateway.notice_channels import NONE, notice_channels
from gateway.settings import Settings

_OLDEST: dict[str, int] = {"tokens": 90, "keks": 30, "receipts": 400, "log": 400}
"""Days after which a key of a kind should be rotated."""
_BACKUP_DAYS = 1
_BACKLOG = timedelta(minutes=5)
_SPACE = 1 << 30


def folders(settings: Settings) -> Iterator[Finding]:
    """Who else may enter, and how much room there is."""
    named = {"outbox": settings.outbox, "keys": settings.keys}
    for name, url in (("database", settings.database), ("data keys", settings.key_database)):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            named[name] = Path(parsed.database).parent
    if settings.safe_folder is not None:
        named["second volume"] = settings.safe_folder
    for name, folder in named.items():
        if not folder.is_dir():
            yield wrong("folders", f"The folder of the {name} is not there.", "Run `saattaen migrate`, or mount it.")
            continue
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            yield wrong("folders", f"The folder of the {name} is open to other users.", "Close it: chmod go-rwx.")
        free = shutil.disk_usage(folder).free
        if free < _SPACE:
            yield wrong("space", f"The disk of the {name} has {free >> 20} MiB left.", "Make room before it is full.")
    yield well("folders", f"{len(named)} folders were looked at.")


def sqlite_build(settings: Settings) -> Iterator[Finding]:
    """Whether SQLite's build is sound; raises DatabaseUnfit."""
    if "sqlite" in (make_url(settings.database).get_backend_name(), make_url(settings.key_database).get_backend_name()):
        yield well("sqlite", f"SQLite {sqlite_module().sqlite_version} is sound.")


def keys(settings: Settings) -> Iterator[Finding]:
    """Age and marks of the keys; raises SettingsError."""
    now = datetime.now(UTC)
    for row in KeyRing.status(settings.keys):
        age = (now - datetime.fromisoformat(row.created)).days
        if row.current and age > _OLDEST.get(row.kind, age):
            yield look("keys", f"The key for {row.kind} is {age} days old.", f"Run `saattaen keys rotate {row.kind}`.")
    yield well("keys", "The keys are whole." if not settings.demo else "The keys are whole; they may be a demo's.")


def channels(settings: Settings) -> Iterator[Finding]:
    """Whether a channel leads to clients; raises SettingsError for a secret that cannot be read."""
    if settings.tells_clients:
        notice_channels(settings)
        yield well("channels", "A channel leads to clients.")
    else:
        yield look("channels", NONE, "Set SAATTAEN_SMTP and SAATTAEN_SMTP_FROM.")


def tables(patient: Patient) -> Iterator[Finding]:
    """Whether the tables are this program's; raises DatabaseUnfit."""
    schema.check(patient.database)
    yield well("schema", f"The tables are of {schema.expected_revision()}, as this program expects.")


def clock(patient: Patient) -> Iterator[Finding]:
    """Our clock against the database's."""
    mine = SystemClock()
    with patient.database.read() as connection:
        skew = abs(mine.now() - mine.database_now(connection))
    if skew > MAX_CLOCK_SKEW:
        yield wrong(
            "clock", f"Our clock and the database's differ by {skew.total_seconds():.0f} s: nothing is released.",
            "Set both by NTP.",
        )  # fmt: skip
    else:
        yield well("clock", "Our clock and the database's agree.")


async def engine(settings: Settings) -> list[Finding]:
    """Whether the policy engine judges by the pinned policies; raises EngineUnavailable."""
    if settings.engine == "opa" and settings.opa_url is not None:
        async with ServerEngine(settings.opa_url, read_bundle().revision) as server:
            await verify_engine(server)
            return [well("engine", f"The OPA server judges by revision {server.revision[:12]}.")]
    embedded = EmbeddedEngine()
    await verify_engine(embedded)
    return [well("engine", f"The embedded engine judges by revision {embedded.revision[:12]}.")]


async def custodians(settings: Settings) -> list[Finding]:
    """Whether custodians' own servers answer us; raises SettingsError for faults of the file that names them."""
    if settings.custodians is None:
        return []
    named = load_custodians(settings.custodians, load_directory(settings.directory), demo=settings.demo)
    found: list[Finding] = []
    for name, server in named.servers.items():
        try:
            async with ServerConnection(server) as connection:
                await connection.capability()
            found.append(well("custodians", f"The server {name} answers."))
        except CustodianUnavailable as error:
            says = f"The server {name} cannot be used: {error.detail}. Nothing that lies there is released."
            found.append(wrong("custodians", says, "Ask whoever runs it; no restart is needed once it answers."))
    return found


def directory(settings: Settings) -> Iterator[Finding]:
    """Whether the code lists can be read; raises DirectoryError."""
    found = load_directory(settings.directory)
    yield well("directory", f"The directory has {len(found.services)} services.")


def log(patient: Patient) -> Iterator[Finding]:
    """Whether each head is signed by our key, an open log's by one that signs now.

    Raises SignatureInvalid, NotSigned where the signing process is away.
    """
    signers, former = head_signers(patient.settings, patient.keyring)
    with SqlLogStore(patient.database).read() as reader:
        heads = reader.heads()
    for head in heads:
        check_head(signers, former, head)
    last = f"; the last is {heads[-1].origin} with {heads[-1].size} entries" if heads else ""
    yield well("log", f"The heads of {len(heads)} logs are signed by our key{last}.")


def second_volume(patient: Patient) -> Iterator[Finding]:
    """Whether the database leads on from its anchor; raises RolledBack or SettingsError."""
    settings = patient.settings
    folder = settings.safe_folder
    if folder is None:
        state: State = "well" if settings.demo else "look"
        says = "There is no second volume: a restored backup would raise what was withdrawn since."
        yield Finding("second volume", state, says, "Set SAATTAEN_SAFE, then run `saattaen safe create`.")
        return
    with open_safe(settings, patient.keyring, patient.database) as safe:
        safe.check()
        count = len(safe.kept().events)
    place = make_url(settings.database)
    if place.get_backend_name() == "sqlite" and _disk(Path(place.database or "").parent) == _disk(folder):
        yield look(
            "second volume", "The second volume lies on the same disk as the database and is lost with it.",
            "Mount another one at SAATTAEN_SAFE.",
        )  # fmt: skip
    yield well("second volume", f"The database leads on from its anchor; {count} protective events are kept.")


def _disk(folder: Path) -> int:
    return folder.stat().st_dev


def backups(patient: Patient) -> Iterator[Finding]:
    """When the last copy was made, as the log tells."""
    store = SqlLogStore(patient.database)
    with open_data_keys(patient.settings, patient.keyring) as data_keys, store.read() as reader:
        made = last_backup(reader, data_keys)
    remedy = "Run `saattaen backup FOLDER` daily, and copy what it makes to another machine."
    if made is None:
        yield look("backup", "No copy of the databases was ever made.", remedy)
        return
    age = datetime.now(UTC) - from_micros(made)
    if age > timedelta(days=_BACKUP_DAYS, hours=1):
        yield look("backup", f"The last copy is {age.days} days and {age.seconds // 3600} hours old.", remedy)
    else:
        yield well("backup", "The last copy is not older than a day.")


def outbox(patient: Patient) -> Iterator[Finding]:
    """How many messages wait, and how long."""
    row = SQLModel.metadata.tables[OutboxRow.__tablename__].c
    # What waits for the morning because its client chose so is no backlog.
    waiting = and_(row.delivered.is_(None), or_(row.due <= to_micros(datetime.now(UTC)), row.attempts > 0))
    given_up = and_(row.delivered.is_(None), row.due.is_(None), row.fault != BY_CHOICE)
    with patient.database.read() as connection:
        count, oldest = connection.execute(
            select(func.count(row.id), func.min(row.created)).where(waiting, row.due.is_not(None))
        ).one()
        lost = connection.execute(select(func.count(row.id)).where(given_up)).scalar_one()
    if lost:
        yield look(
            "notices", f"{lost} notices to clients could not be delivered; they stand on the clients' own pages.",
            "See the metric saattaen_notices for the reasons.",
        )  # fmt: skip
    if count and datetime.now(UTC) - from_micros(oldest) > _BACKLOG:
        yield look(
            "outbox", f"{count} messages wait, the oldest since {from_micros(oldest):%Y-%m-%d %H:%M} UTC.",
            "See that the gateway runs and that SAATTAEN_OUTBOX can be written.",
        )  # fmt: skip
    else:
        yield well("outbox", f"{count} messages wait.")


def role_rights(patient: Patient) -> Iterator[Finding]:
    """On PostgreSQL, whether the role that serves could edit history."""
    if patient.database.engine.dialect.name != "postgresql":
        return
    with patient.database.read() as connection:
        excess = rights.excess(connection)
    if excess:
        yield look(
            "rights", f"The role that serves may {', '.join(excess)}.",
            "Serve as a role that owns nothing: `saattaen migrate --grant ROLE`.",
        )  # fmt: skip
    else:
        yield well("rights", "The role that serves can neither edit nor delete what the log holds.")


Check = Callable[[Patient], Iterator[Finding]]
BEFORE: Sequence[Callable[[Settings], Iterator[Finding]]] = (folders, sqlite_build, directory, keys, channels)
"""What can be looked at before anything is open."""
OPENED: Sequence[Check] = (tables, clock, log, second_volume, backups, outbox, partners, logged_partners, role_rights)
