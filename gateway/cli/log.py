"""`saattaen verify` and `export`: proving the log, writing it out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import inspect

from adapters.sql import schema
from adapters.sql.engine import open_database
from adapters.sql.inspecting import open_for_inspection
from adapters.sql.log_store import SqlLogStore
from adapters.sql.log_tables import HEAD
from adapters.sql.verifications import SqlVerifications
from audit.checkpoint import Verifier, parse_note
from audit.export import export_logs
from audit.store import Head
from audit.verify import verify_rows
from gateway.cli.given_files import read_vkeys
from gateway.cli.log_entries import log_app
from gateway.cli.opening import settings_of, with_gateway
from gateway.cli.options import Demo, Folder
from gateway.directory.instants import to_micros
from gateway.disclosure.verification import Verification, verify_folder
from gateway.errors import RequestInvalid
from gateway.open_gateway import Gateway
from gateway.settings import Settings
from gateway.verification import verify_gateway


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("verify")(verify)
    app.command("export")(export)
    app.add_typer(log_app, name="log")


def verify(
    target: Annotated[
        Path | None, typer.Argument(help="An exported folder or a database file; else the installation.")
    ] = None,
    vkey: Annotated[Path | None, typer.Option(help="The log's verifier key; else the log.vkey in the folder.")] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Keep the figures, which the officers' page shows as the last check.")
    ] = False,
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Check the log offline: tree, signatures and, with the installation's keys, sealed sections and the order law.

    Exit status 1 when something is wrong; says what could not be checked, and why.
    """
    if target is not None and target.is_dir():
        found = _verify_export(target, vkey)
    elif target is not None:
        found = _verify_file(target, vkey)
    else:
        found = with_gateway(settings_of(demo, folder), _verify_installation, read_only=True)
        if record:
            _record(settings_of(demo, folder), found)
    for sentence in found.sentences():
        typer.echo(sentence)
    raise typer.Exit(found.exit_status)


async def _verify_installation(gateway: Gateway) -> Verification:
    return await asyncio.to_thread(verify_gateway, gateway)


def _record(settings: Settings, found: Verification) -> None:
    database = open_database(settings.database, settings.patience)
    try:
        schema.check(database)
        SqlVerifications(database).add(found.figures(to_micros(datetime.now(UTC))))
    finally:
        database.close()


def _verify_export(folder: Path, vkey: Path | None) -> Verification:
    verifiers = [] if vkey is None else read_vkeys(vkey)
    if len(verifiers) > 1:
        raise RequestInvalid(f"{vkey} holds the keys of several logs: give that of this one.")
    return verify_folder(folder, verifiers[0] if verifiers else None)


def _verify_file(file: Path, vkey: Path | None) -> Verification:
    if not file.is_file():
        raise RequestInvalid(f"There is no file at {file}.")
    if vkey is None:
        raise RequestInvalid("Give the log's verifier keys with --vkey (GET /audit/log.vkey, a line a log).")
    verifiers = read_vkeys(vkey)
    # To read alone: a copy whose bytes changed would not be the one that its manifest tells of.
    database = open_for_inspection(f"sqlite:///{file.resolve()}")
    try:
        with database.read() as connection:
            if not inspect(connection).has_table(HEAD.name):
                raise RequestInvalid(f"{file} is no copy of a main database.")
        with SqlLogStore(database).read() as reader:
            return Verification(verify_rows(reader, verifiers), None)
    finally:
        database.close()


def export(
    target: Annotated[Path, typer.Argument(help="A folder; each log becomes a folder in it.")],
    demo: Demo = False,
    folder: Folder = Path("var/demo"),
) -> None:
    """Write the log as C2SP tiles with its checkpoint and log.vkey, for other people's verifiers."""

    async def do(gateway: Gateway) -> list[Path]:
        with gateway.log_store.read() as reader:
            verifiers = [_signed_by(gateway, head) for head in reader.heads()]
            return export_logs(reader, verifiers, target)

    for written in with_gateway(settings_of(demo, folder), do, read_only=True):
        typer.echo(
            f"{written}: fsck --storage_url=file://{written.resolve()}/ --public_key={written / 'log.vkey'} --ui=false"
        )


def _signed_by(gateway: Gateway, head: Head) -> Verifier:
    """Return the first of our keys that signed a head: an ended log bears the signatures of its own days alone."""
    signed = {one.key_id for one in parse_note(head.note).signatures}
    return next(one for one in gateway.log.head_verifiers(head) if one.key_id in signed)
