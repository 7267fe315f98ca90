"""`saattaen safe`: the second volume, which keeps a restored backup from raising what was withdrawn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from audit.checkpoint import parse_note
from gateway.cli.opening import settings_of, with_gateway
from gateway.cli.options import Demo, Folder
from gateway.disclosure.restoring import Replayed
from gateway.errors import SettingsError
from gateway.open_gateway import Gateway

app = typer.Typer(no_args_is_help=True, help=__doc__)
_NONE = "There is no second volume: SAATTAEN_SAFE names none."


@app.command("create")
def create(demo: Demo = False, folder: Folder = Path("var/demo")) -> None:
    """Begin a second volume for the newest database there is: a new installation's, or after a volume was lost.

    Every withdrawal and prohibition that the log holds is kept on it.
    """

    async def do(gateway: Gateway) -> int:
        if gateway.safe is None:
            raise SettingsError(_NONE)
        await asyncio.to_thread(gateway.safe.create)
        gateway.safe.check()
        return len(gateway.safe.kept().events)

    count = with_gateway(settings_of(demo, folder), do, guarded=False)
    typer.echo(f"The second volume holds the heads of the logs and {count} protective events.")


@app.command("status")
def status(demo: Demo = False, folder: Folder = Path("var/demo")) -> None:
    """Say what the second volume holds, and whether the database leads on from it (exit status 1 where not)."""

    async def do(gateway: Gateway) -> None:
        if gateway.safe is None:
            raise SettingsError(_NONE)
        kept = gateway.safe.kept()
        for origin, note in kept.anchor.notes.items():
            typer.echo(f"{origin}: {parse_note(note).checkpoint.size} entries signed")
        for one in kept.anchor.lost:
            typer.echo(f"{one.origin}: was at {parse_note(one.note).checkpoint.size} entries before a restore")
        typer.echo(f"{len(kept.events)} protective events in {kept.anchor.files} files")
        gateway.safe.check()
        typer.echo("The database leads on from it.")

    with_gateway(settings_of(demo, folder), do, guarded=False)


@app.command("replay")
def replay(demo: Demo = False, folder: Folder = Path("var/demo")) -> None:
    """Lead out of a restore: bring back what protects clients since the copy was made, and begin a new log.

    Stop the gateway first. The log that lost its end is closed as it is, and the new one says so.
    """

    async def do(gateway: Gateway) -> tuple[str, Replayed] | None:
        return await asyncio.to_thread(gateway.replay_kept)

    done = with_gateway(settings_of(demo, folder), do, guarded=False)
    if done is None:
        typer.echo("The database has lost nothing that was signed; there is nothing to do.")
        return
    origin, result = done
    typer.echo(f"The log goes on as {origin}.")
    for kind, count in sorted(result.done.items()):
        typer.echo(f"done again: {count} x {kind}")
    if result.nobody:
        typer.echo(
            f"{result.nobody} events are about clients who were enrolled after the copy was made and are unknown now; "
            "what they prohibited must be recorded again when they come back."
        )
    typer.echo("Consents and documents since the copy are lost: ask for them anew. Then start the gateway.")
