"""`saattaen keys`: the gateway's own keys. No command shows a secret."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from adapters.keyring import KeyRing
from adapters.sql.engine import open_database
from adapters.sql.key_store import Keyring as WrappingRing
from adapters.sql.key_store import KeyStore
from gateway.cli.opening import settings_of
from gateway.cli.options import Demo, Folder

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command("create")
def create(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Make every key of a new installation."""
    KeyRing.create(folder, demo=False, at=datetime.now(UTC))
    typer.echo(f"Keys made in {folder}. Keep a copy of the folder apart from the databases' backups.")


@app.command("status")
def status(demo: Demo = False, folder: Folder = Path("var/demo")) -> None:
    """List the keys: kind, id, age, which is in use."""
    for row in KeyRing.status(settings_of(demo, folder).keys):
        typer.echo(f"{row.kind:10} {row.id:44} {row.created[:19]} {'in use' if row.current else 'kept'}")


@app.command("rotate")
def rotate(
    kind: Annotated[str, typer.Argument(help="tokens, receipts or keks.")],
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Add a new key and use it from the next start on; rotating `keks` wraps every data key anew."""
    settings = settings_of(demo, folder)
    rotating = cast(Literal["tokens", "receipts", "keks"], kind)
    keyring = KeyRing.rotate(settings.keys, rotating, at=datetime.now(UTC))
    typer.echo(f"A new key of kind {kind} is in use from the next start on.")
    if kind == "keks":
        database = open_database(settings.key_database)
        try:
            ring = WrappingRing(keyring.keks.secrets, keyring.keks.current, keyring.owner_key)
            count = KeyStore(database, ring, lambda: datetime.now(UTC)).rewrap()
        finally:
            database.close()
        typer.echo(f"{count} data keys were wrapped anew.")
