"""`saattaen serve` and `saattaen migrate`."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import typer

from gateway.composition import opened
from gateway.directory.load import load_directory
from gateway.installation import prepare
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


def migrate() -> None:
    """Make what is missing of the installation and bring its databases to the expected schema."""
    prepare(read_settings(), datetime.now(UTC))
    typer.echo("The installation is as this program expects it.")


async def _serve(settings: Settings, listening: socket.socket) -> None:
    async with opened(settings, load_directory(settings.directory)) as gateway, served(gateway, listening) as serving:
        typer.echo(f"Serving {settings.base_url} on port {settings.port}.")
        await serving
