"""What `saattaen doctor` asks of the keys: the gateway's own, and the data keys that they wrap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from adapters.keyring.ring import KeyRing
from adapters.sql.engine import DatabaseUnfit
from adapters.sql.inspecting import open_for_inspection
from adapters.sql.key_store import KeyUnusable
from adapters.sql.log_store import SqlLogStore
from gateway.cli.finding import Finding, Patient, look, well, wrong
from gateway.errors import StoreUnavailable
from gateway.installation import open_data_keys
from gateway.settings import Settings

_OLDEST: dict[str, int] = {"tokens": 90, "keks": 30, "receipts": 400, "log": 400}
"""Days after which a key of a kind should be rotated."""
_LOST = (
    "A new installation: run `saattaen migrate`. Else what it sealed cannot be read: stop the gateway, and put the "
    "database itself back, or the newest copies of both with `saattaen restore`."
)


def keys(settings: Settings) -> Iterator[Finding]:
    """Age and marks of the keys; raises SettingsError."""
    if not settings.keys.is_dir():
        return  # Told of with the folders.
    now = datetime.now(UTC)
    for row in KeyRing.status(settings.keys):
        age = (now - datetime.fromisoformat(row.created)).days
        if row.current and age > _OLDEST.get(row.kind, age):
            yield look("keys", f"The key for {row.kind} is {age} days old.", f"Run `saattaen keys rotate {row.kind}`.")
    yield well("keys", "The keys are whole." if not settings.demo else "The keys are whole; they may be a demo's.")


def data_keys(settings: Settings) -> Iterator[Finding]:
    """Whether the database of data keys is there, and what it keeps unwraps with this ring; raises SettingsError."""
    file = make_url(settings.key_database)
    is_missing = file.get_backend_name() == "sqlite" and not Path(file.database or "").is_file()
    if is_missing or not settings.keys.is_dir():
        if is_missing:
            yield wrong("data keys", f"There is no database of data keys at {file.database}.", _LOST)
        return
    try:
        with open_data_keys(settings, KeyRing.load(settings.keys, demo=settings.demo), open_for_inspection) as kept:
            count = kept.check()
    except KeyUnusable as error:
        yield wrong("data keys", f"They do not fit the keys of this gateway: {error}.", "Put the fitting copy back.")
    except (DatabaseUnfit, StoreUnavailable) as error:
        yield wrong("data keys", str(error), _LOST)
    else:
        yield well("data keys", f"{count} data keys are kept, and unwrap with the keys of this gateway.")


def sealing(patient: Patient) -> Iterator[Finding]:
    """Whether a log that has entries has data keys too: a database of them that was lost may have been made anew."""
    with SqlLogStore(patient.database).read() as reader:
        entries = sum(head.size for head in reader.heads())
    try:
        with open_data_keys(patient.settings, patient.keyring, open_for_inspection) as kept:
            count = kept.check()
    except (DatabaseUnfit, KeyUnusable):
        return  # Told of already.
    if entries and not count:
        yield wrong("data keys", f"The log has {entries} entries, and no data key of them is there.", _LOST)
