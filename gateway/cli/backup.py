"""`saattaen backup` and `saattaen restore`: copies of both databases, kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.keyring.ring import KeyRing
from adapters.sql.backup import back_up, check_restorable
from adapters.sql.backup import restore as put_back
from adapters.sql.manifest import BackupFailed
from adapters.sql.schema import expected_revision
from audit.checkpoint import parse_note
from gateway.cli.opening import settings_of, with_gateway
from gateway.cli.options import Demo, Folder, Operator
from gateway.disclosure.backups import BackupMade
from gateway.errors import RolledBack
from gateway.open_gateway import Gateway

MAIN, DATA_KEYS = "main", "data-keys"
_WHAT = {MAIN: "main database", DATA_KEYS: "data keys"}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    target: Annotated[Path, typer.Argument(help="A folder; a folder of this moment is made in it.")],
    operator: Operator = "operator",
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Copy the main database and the data keys while the gateway serves, each with a manifest; the log says so.

    The key folder is not copied: keep a copy of it elsewhere, offline.
    """
    settings, at = settings_of(demo, folder), datetime.now(UTC)
    place = target / f"{at:%Y%m%dT%H%M%SZ}"
    # The data keys second: each key that the main database needs was made durable before what needs it.
    made = back_up(settings.database, place / MAIN, _WHAT[MAIN], at)
    keys = back_up(settings.key_database, place / DATA_KEYS, _WHAT[DATA_KEYS], at)

    async def tell(gateway: Gateway) -> None:
        item = BackupMade(gateway.parts.new_event_id(), operator, made.sha256, keys.sha256, made.checkpoints)
        await gateway.log.submit(item)

    with_gateway(settings, tell)
    for origin, note in made.checkpoints.items():
        typer.echo(f"{origin}: {parse_note(note).checkpoint.size} entries")
    typer.echo(f"Copied to {place}. Move {DATA_KEYS} to a place of its own and delete it there within 30 days.")


def restore(
    source: Annotated[Path, typer.Argument(help="The folder that `backup` named, or one that holds its `main` alone.")],
    data_keys: Annotated[Path | None, typer.Option(help="Where its data-keys lie, if not in it.")] = None,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Put a copy into the empty databases that the settings name, and say what is to be done before serving."""
    settings = settings_of(demo, folder)
    ring = KeyRing.load(settings.keys, demo=settings.demo)  # Without the keys nothing of it could be read.
    places = (
        (source / MAIN, settings.database, MAIN),
        (data_keys or source / DATA_KEYS, settings.key_database, DATA_KEYS),
    )
    # Both are looked at before either is written: half a restore would stand in the way of the next one.
    for copy, url, what in places:
        _check_keks(check_restorable(copy, url, _WHAT[what]).keks, ring)
    made, _ = (put_back(copy, url, _WHAT[what]) for copy, url, what in places)
    for origin, note in made.checkpoints.items():
        typer.echo(f"{origin}: {parse_note(note).checkpoint.size} entries, as copied at {made.at[:19]}")
    if made.schema != expected_revision():
        typer.echo("Its tables are of another version of this program: run `saattaen migrate`, then `saattaen doctor`.")
        return

    async def check(gateway: Gateway) -> None:
        if gateway.safe is None:
            typer.echo("There is no second volume: enter every withdrawal and prohibition since then by hand, first.")
        else:
            await asyncio.to_thread(gateway.safe.check)
            typer.echo("Nothing that was signed since then is missing. The gateway may be started.")

    try:
        with_gateway(settings, check, guarded=False)
    except RolledBack as behind:
        typer.echo(str(behind))


def _check_keks(needed: Collection[str], ring: KeyRing) -> None:
    """Raise BackupFailed unless the ring holds every key-encryption key that a copy needs."""
    retired = sorted(set(needed) - set(ring.keks.secrets))
    if retired:
        raise BackupFailed(
            f"The data keys of this copy need the key-encryption key {', '.join(retired)}, which is not among those in "
            "SAATTAEN_KEYS: it was retired since (`saattaen keys retire keks`). Take a newer copy; or put the "
            "`keks.json` of an offline copy of the key folder from before that in its place, keep today's, and run "
            "`saattaen keys rotate keks` once all is well. Nothing was written."
        )
