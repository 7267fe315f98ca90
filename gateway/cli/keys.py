"""`saattaen keys`: the gateway's own keys. No command shows a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeAlias, cast, get_args

import typer

from adapters.keyring.alone import alone_in
from adapters.keyring.files import RotatingKind
from adapters.keyring.ring import KeyRing
from gateway.cli.opening import settings_of
from gateway.cli.options import Demo, Folder
from gateway.errors import SettingsError, StoreUnavailable
from gateway.rotation import (
    NotTakenUp,
    calling_the_roll,
    is_signed_without,
    rehash_identifiers,
    rewrap_data_keys,
    unhash_identifiers,
)
from gateway.settings import Settings

app = typer.Typer(no_args_is_help=True, help=__doc__)
Patience: TypeAlias = Annotated[
    float, typer.Option(help="Seconds to wait for every process of the gateway to take up a change.")
]
PATIENCE = 30.0
"""Each process looks at its keys every second, and then lets end what it had begun."""
_FINISH = "saattaen keys finish-lookup"


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
    patience: Patience = PATIENCE,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Add a new key and use it once every process knows it, while the gateway serves; no start is needed.

    keks: every data key is wrapped anew. lookup: every identifier is stored under the new key, then the old one goes.
    log: checkpoints bear both signatures until `keys retire log`. Where a process does not take the new key up in time,
    the command says so and ends; run again, it goes on from there.
    """
    settings, rotating = settings_of(demo, folder), _kind(kind)
    with calling_the_roll(settings, patience) as wait_for_all:
        old = next((row.id for row in KeyRing.status(settings.keys) if row.kind == kind and row.current), None)
        if old is None:
            raise SettingsError("The log's key is the signing process's: run `saattaen keys rotate-given FOLDER`.")
        if kind == "lookup" and len(KeyRing.load(settings.keys, demo=settings.demo).lookup_keys) > 1:
            raise SettingsError("A rotation of `lookup` was not finished: run `saattaen keys finish-lookup`.")
        if kind == "keks" and (count := _finish_wrapping(settings, wait_for_all)):
            typer.echo(f"{count} data keys of a rotation that was not finished were wrapped anew.")
            return
        again = _FINISH if kind == "lookup" else f"saattaen keys rotate {kind}"
        new = KeyRing.added(settings.keys, rotating) or KeyRing.add(settings.keys, rotating, at=datetime.now(UTC))
        _wait(wait_for_all, f"The new key of kind {kind} is there and not in use", again)
        if kind == "lookup":
            _move_lookup(settings, new, old, wait_for_all)
            return
        KeyRing.promote(settings.keys, rotating, new)
        if kind == "keks":
            _wait(wait_for_all, "The new key of kind keks is in use, and no data key was wrapped anew", again)
            typer.echo(f"{rewrap_data_keys(settings)} data keys were wrapped anew.")
    if kind == "log":
        typer.echo(
            f"Checkpoints bear both signatures. When all have the new log.vkey: `saattaen keys retire log {old}`."
        )
    if kind == "keks":
        typer.echo(
            f"Copies of the data keys from before now need the key {old}: run `saattaen backup FOLDER`, copy the key "
            f"folder, and `saattaen keys retire keks {old}` only once the oldest copy that you keep is newer than now."
        )
    typer.echo(f"The new key of kind {kind} is in use.")


@app.command("finish-lookup")
def finish_lookup(patience: Patience = PATIENCE, demo: Demo = False, folder: Folder = Path("var/demo")) -> None:
    """Finish a rotation of `lookup` that was interrupted; the newer of its two keys stays."""
    settings = settings_of(demo, folder)
    with calling_the_roll(settings, patience) as wait_for_all:
        found = (row for row in KeyRing.status(settings.keys) if row.kind == "lookup")
        rows = sorted(found, key=lambda row: row.created)
        if len(rows) != 2:
            raise SettingsError("There is one look-up key alone; nothing is unfinished.")
        _wait(wait_for_all, "Both look-up keys are there, and no identifier was moved", _FINISH)
        _move_lookup(settings, rows[1].id, rows[0].id, wait_for_all)


@app.command("give-log")
def give_log(
    target: Annotated[Path, typer.Argument(help="A new folder, of the user that `saattaen sign` runs as.")],
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Move the log's keys to a folder of their own, with the gateway stopped; then name SAATTAEN_SIGNER."""
    keys = settings_of(demo, folder).keys
    with alone_in(keys):
        KeyRing.give_log(keys, target)
    typer.echo(f"The log's keys are in {target}; give it to the user that signs (chown -R), and no copy stays here.")


@app.command("rotate-given")
def rotate_given(folder: Annotated[Path, typer.Argument(help="The folder that `keys give-log` made.")]) -> None:
    """Add a log key to those of the signing process; checkpoints bear both signatures from the next one on."""
    with alone_in(folder):
        KeyRing.promote(folder, "log", KeyRing.add(folder, "log", at=datetime.now(UTC)))
    typer.echo("The new key of kind log is in use.")


@app.command("retire-given")
def retire_given(
    folder: Annotated[Path, typer.Argument(help="The folder that `keys give-log` made.")],
    key: Annotated[str, typer.Argument(help="The id of a former key, as its log.json has it.")],
) -> None:
    """Let a former log key of the signing process sign no more; it still verifies ended logs and receipts.

    Not before an entry was written since `keys rotate-given`: its signature counts no more for the log that is open.
    """
    with alone_in(folder):
        KeyRing.retire(folder, "log", key, at=datetime.now(UTC))
    typer.echo(f"The key {key} is retired.")


@app.command("retire")
def retire(
    kind: Annotated[str, typer.Argument(help="log, receipts or keks.")],
    key: Annotated[str, typer.Argument(help="The id of a former key, as `keys status` lists it.")],
    patience: Patience = PATIENCE,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Let a former key go. A log's verifies ended logs and receipts; one of another kind is deleted for good."""
    settings = settings_of(demo, folder)
    if kind == "lookup":
        raise SettingsError("A look-up key goes with `keys rotate lookup`, which moves what is stored under it.")
    with calling_the_roll(settings, patience) as wait_for_all:
        # Else one that has not seen the newer key yet goes on using this one.
        _wait(wait_for_all, f"The key {key} is there as before", f"saattaen keys retire {kind} {key}")
        if kind == "keks" and rewrap_data_keys(settings, only_count=key):
            raise SettingsError(f"Data keys are still wrapped with {key}: run `saattaen keys rotate keks` first.")
        if kind == "log" and not is_signed_without(settings, key):
            raise SettingsError(
                f"The last checkpoint is signed by {key} alone, whose signature would count no more. Let something be "
                f"written (`saattaen backup FOLDER` writes an entry), then run `saattaen keys retire log {key}` again."
            )
        KeyRing.retire(settings.keys, _kind(kind), key, at=datetime.now(UTC))
    typer.echo(f"The key {key} is retired.")
    if kind == "keks":
        typer.echo(
            "Copies of the data keys from before its rotation can be restored no more but with an offline copy of the "
            "key folder that still holds it. Run `saattaen backup FOLDER` now if none was made since."
        )


def _wait(wait_for_all: Callable[[], None], state: str, again: str) -> None:
    """Wait until every process uses the ring as it is now; say how things stand where one does not in time."""
    try:
        wait_for_all()
    except NotTakenUp as late:
        raise SettingsError(
            f"Not every process of the gateway has taken up the keys in time: {late}. {state}. See whether it hangs "
            f"or its log tells why, start it again or end it, and run `{again}` again: it goes on from there."
        ) from None
    except StoreUnavailable as lost:
        raise SettingsError(
            f"It cannot be known which processes of the gateway run: {lost}. {state}. Run `{again}` again once the "
            "database answers: it goes on from there."
        ) from None


def _finish_wrapping(settings: Settings, wait_for_all: Callable[[], None]) -> int:
    """Wrap anew what a rotation of `keks` left under a former key; return how many data keys that was."""
    former = (row.id for row in KeyRing.status(settings.keys) if row.kind == "keks" and not row.current)
    if KeyRing.added(settings.keys, "keks") or not any(rewrap_data_keys(settings, only_count=one) for one in former):
        return 0
    _wait(wait_for_all, "Some data keys are wrapped with a former key", "saattaen keys rotate keks")
    return rewrap_data_keys(settings)


def _move_lookup(settings: Settings, new: str, old: str, wait_for_all: Callable[[], None]) -> None:
    # New people are stored under both keys by now, so none is missed.
    moved = rehash_identifiers(settings, new)
    KeyRing.promote(settings.keys, "lookup", new)
    _wait(wait_for_all, "Everyone is found by the new look-up key, and the old one was not taken away", _FINISH)
    unhash_identifiers(settings, old)
    KeyRing.retire(settings.keys, "lookup", old, at=datetime.now(UTC))
    typer.echo(f"{moved} identifiers are found by the new key; the old one is deleted.")


def _kind(kind: str) -> RotatingKind:
    if kind not in get_args(RotatingKind):
        raise SettingsError("Keys of these kinds rotate: " + ", ".join(get_args(RotatingKind)) + ".")
    return cast(RotatingKind, kind)
