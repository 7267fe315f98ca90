"""`saattaen serve` and `saattaen migrate`."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import typer
import uvicorn

from gateway.app import create_app
from gateway.composition import Gateway, opened
from gateway.directory.load import load_directory
from gateway.errors import SettingsError
from gateway.installation import prepare
from gateway.settings import Settings, read_settings

SWEEP_SECONDS = 2.0


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("migrate")(migrate)


def serve() -> None:
    """Serve the gateway by the SAATTAEN_ settings of the environment."""
    settings = read_settings()
    need_free_port(settings)
    asyncio.run(_serve(settings))


def migrate() -> None:
    """Make what is missing of the installation and bring its databases to the expected schema."""
    prepare(read_settings(), datetime.now(UTC))
    typer.echo("The installation is as this program expects it.")


def need_free_port(settings: Settings) -> None:
    """Raise SettingsError when another program listens where this one should."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise SettingsError(
                f"Port {settings.port} is in use; stop what listens there or give another with PORT=<number> "
                "(SAATTAEN_PORT)."
            ) from None


async def _serve(settings: Settings) -> None:
    async with opened(settings, load_directory(settings.directory)) as gateway:
        await run_server(gateway)


async def run_server(gateway: Gateway) -> None:
    """Serve until told to stop; meanwhile messages are delivered and ends of grants are written."""
    config = uvicorn.Config(
        create_app(gateway), host=gateway.settings.host, port=gateway.settings.port, access_log=False,
        log_level="warning", proxy_headers=False, server_header=False, date_header=False,
    )  # fmt: skip
    sweeping = asyncio.create_task(sweep(gateway))
    try:
        await uvicorn.Server(config).serve()
    finally:
        sweeping.cancel()


async def sweep(gateway: Gateway) -> None:
    """Deliver waiting messages and write what time has ended, every two seconds. Judgement never waits for this."""
    while True:
        await gateway.recording.deliver_outbox()
        await gateway.recording.expire_due()
        await asyncio.sleep(SWEEP_SECONDS)
