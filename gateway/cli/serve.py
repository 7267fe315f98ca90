"""`saattaen serve` and `saattaen migrate`."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.composition import opened
from gateway.directory.load import load_directory
from gateway.installation import grant, prepare
from gateway.serving import listen, served
from gateway.settings import Settings, read_settings


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("migrate")(migrate)


def serve() -> None:
    """Serve the gateway by the SAATTAEN_ settings of the environment."""
    settings = read_settings()
    listening = listen(settings.host, settings.port, "set another one: SAATTAEN_PORT")
    try:
        asyncio.run(_serve(settings, listening))
    finally:
        listening.close()


def migrate(
    role: Annotated[
        str | None, typer.Option("--grant", help="PostgreSQL: the role that serves, given its rights.")
    ] = None,
) -> None:
    """Make what is missing of the installation and bring its databases to the expected schema."""
    settings = read_settings()
    prepare(settings, datetime.now(UTC))
    if role is not None:
        grant(settings, role)
        typer.echo(f"The role {role} may do what serving needs, and cannot edit what the log holds.")
    typer.echo("The installation is as this program expects it.")


async def _serve(settings: Settings, listening: socket.socket) -> None:
    async with opened(settings, load_directory(settings.directory)) as gateway, served(gateway, listening) as serving:
        typer.echo(f"Serving {settings.base_url} on port {settings.port}.")
        await serving
