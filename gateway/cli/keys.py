"""`saattaen keys`: the gateway's own keys. No command shows a secret."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from adapters.keyring import KeyRing, RotatingKind
from gateway.cli.opening import settings_of
from gateway.cli.options import Demo, Folder
from gateway.errors import SettingsError
from gateway.rotation import rehash_identifiers, rewrap_data_keys, unhash_identifiers
from gateway.settings import Settings

app = typer.Typer(no_args_is_help=True, help=__doc__)
NOTICED_SECONDS = 5.0
"""Every process of the gateway looks at its keys each second; by then the slowest has."""


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
    kind: Annotated[str, typer.Argument(help="tokens, receipts, keks, log or lookup.")],
    noticed: Annotated[float, typer.Option(help="Seconds in which every process has read a key.")] = NOTICED_SECONDS,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Add a new key and use it once every process knows it, while the gateway serves; no start is needed.

    keks: every data key is wrapped anew. lookup: every identifier is stored under the new key, then the old one goes.
    log: checkpoints bear both signatures until `keys retire log`.
    """
    settings, rotating = settings_of(demo, folder), _kind(kind)
    former = KeyRing.load(settings.keys, demo=settings.demo).lookup_keys
    old = next(row.id for row in KeyRing.status(settings.keys) if row.kind == kind and row.current)
    if kind == "lookup" and len(former) > 1:
        raise SettingsError("A rotation of `lookup` was not finished: run `saattaen keys finish-lookup`.")
    new = KeyRing.add(settings.keys, rotating, at=datetime.now(UTC))
    time.sleep(noticed)
    if kind == "lookup":
        _move_lookup(settings, new, old, noticed)
        return
    KeyRing.promote(settings.keys, rotating, new)
    if kind == "keks":
        time.sleep(noticed)
        typer.echo(f"{rewrap_data_keys(settings)} data keys were wrapped anew.")
    if kind == "log":
        typer.echo(
            f"Checkpoints bear both signatures. When all have the new log.vkey: `saattaen keys retire log {old}`."
        )
    typer.echo(f"The new key of kind {kind} is in use.")


@app.command("finish-lookup")
def finish_lookup(
    noticed: Annotated[float, typer.Option(help="Seconds in which every process has read a key.")] = NOTICED_SECONDS,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Finish a rotation of `lookup` that was interrupted; the newer of its two keys stays."""
    settings = settings_of(demo, folder)
    rows = sorted((row for row in KeyRing.status(settings.keys) if row.kind == "lookup"), key=lambda row: row.created)
    if len(rows) != 2:
        raise SettingsError("There is one look-up key alone; nothing is unfinished.")
    time.sleep(noticed)
    _move_lookup(settings, rows[1].id, rows[0].id, noticed)


@app.command("give-log")
def give_log(
    target: Annotated[Path, typer.Argument(help="A new folder, of the user that `saattaen sign` runs as.")],
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Move the log's keys to a folder of their own, with the gateway stopped; then name SAATTAEN_SIGNER."""
    KeyRing.give_log(settings_of(demo, folder).keys, target)
    typer.echo(f"The log's keys are in {target}; give it to the user that signs (chown -R), and no copy stays here.")


@app.command("rotate-given")
def rotate_given(folder: Annotated[Path, typer.Argument(help="The folder that `keys give-log` made.")]) -> None:
    """Add a log key to those of the signing process; checkpoints bear both signatures from the next one on."""
    KeyRing.promote(folder, "log", KeyRing.add(folder, "log", at=datetime.now(UTC)))
    typer.echo("The new key of kind log is in use.")


@app.command("retire-given")
def retire_given(
    folder: Annotated[Path, typer.Argument(help="The folder that `keys give-log` made.")],
    key: Annotated[str, typer.Argument(help="The id of a former key, as its log.json has it.")],
) -> None:
    """Let a former log key of the signing process sign no more; it still verifies."""
    KeyRing.retire(folder, "log", key, at=datetime.now(UTC))
    typer.echo(f"The key {key} is retired.")


@app.command("retire")
def retire(
    kind: Annotated[str, typer.Argument(help="log, receipts or keks.")],
    key: Annotated[str, typer.Argument(help="The id of a former key, as `keys status` lists it.")],
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Let a former key go. A log's signs no more and still verifies; a key of another kind is deleted for good."""
    settings = settings_of(demo, folder)
    if kind == "keks" and rewrap_data_keys(settings, only_count=key):
        raise SettingsError(f"Data keys are still wrapped with {key}: run `saattaen keys rotate keks` first.")
    if kind == "lookup":
        raise SettingsError("A look-up key goes with `keys rotate lookup`, which moves what is stored under it.")
    KeyRing.retire(settings.keys, _kind(kind), key, at=datetime.now(UTC))
    typer.echo(f"The key {key} is retired.")


def _move_lookup(settings: Settings, new: str, old: str, noticed: float) -> None:
    # New people are stored under both keys by now, so none is missed.
    moved = rehash_identifiers(settings, new)
    KeyRing.promote(settings.keys, "lookup", new)
    time.sleep(noticed)
    unhash_identifiers(settings, old)
    KeyRing.retire(settings.keys, "lookup", old, at=datetime.now(UTC))
    typer.echo(f"{moved} identifiers are found by the new key; the old one is deleted.")


def _kind(kind: str) -> RotatingKind:
    if kind not in get_args(RotatingKind):
        raise SettingsError("Keys of these kinds rotate: " + ", ".join(get_args(RotatingKind)) + ".")
    return cast(RotatingKind, kind)
