"""`saattaen serve` and `saattaen migrate`."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
import uvloop

from adapters.sql.libpq import unverified, unverified_host
from gateway.cli.observation import Observation, metrics_of_workers, observation
from gateway.composition import opened
from gateway.desks import register_desks
from gateway.directory.load import load_directory
from gateway.http.admission import Bounds
from gateway.installation import grant, prepare
from gateway.notice_channels import NO_PAGES, untold
from gateway.serving import Serving, listen, served
from gateway.serving.connection import ConnectionBounds
from gateway.serving.logs import set_up_logs
from gateway.serving.workers import Workers, say_ready, stop_without_parent
from gateway.settings import Settings, read_settings
from gateway.site import open_site

T = TypeVar("T")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("serve")(serve)
    app.command("serve-worker", hidden=True)(serve_worker)
    app.command("migrate")(migrate)


def serve(
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="How many processes serve; else SAATTAEN_WORKERS, else one.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Show log and health, write nothing, release nothing.")
    ] = False,
) -> None:
    """Serve the gateway by the SAATTAEN_ settings of the environment, until SIGTERM or SIGINT.

    Exit status 0 when it was stopped, 1 when it cannot serve; what hinders is told on standard error.
    """
    if workers is not None:
        # Workers read their settings from the environment, as this process does.
        os.environ["SAATTAEN_WORKERS"] = str(workers)
    if read_only:
        os.environ["SAATTAEN_READ_ONLY"] = "true"
    settings = read_settings()
    for lacks in (None if settings.identification else NO_PAGES, untold(settings)):
        if lacks is not None:
            typer.echo(lacks, err=True)
    for url, what in ((settings.database, "main database"), (settings.key_database, "database of data keys")):
        if (host := unverified_host(url)) is not None:
            typer.echo(unverified(what, host), err=True)
    listening = listen(settings.host, settings.port, "set another one: SAATTAEN_PORT")

    def say() -> None:
        many = f", {settings.workers} processes" if settings.workers > 1 else ""
        typer.echo(
            f"Serving {settings.base_url} on port {settings.port}{many}{', read-only' if settings.read_only else ''}."
        )

    set_up_logs(settings.logs, settings.log_level)
    with listening:
        if settings.workers == 1:
            with observation(settings, worker=False) as observing:
                _run(_serve(settings, listening, lambda serving: say(), observing))
            return
        # A broken directory is told once, by the parent.
        load_directory(settings.directory)
        command = (sys.executable, "-m", "gateway.cli", "serve-worker")
        with metrics_of_workers(settings) as ended:
            status = asyncio.run(Workers(command, settings.workers, listening, say, ended).run())
    raise typer.Exit(status)


def serve_worker(
    listening: Annotated[int, typer.Option(help="The socket that the parent listens on.")],
    parent: Annotated[int, typer.Option(help="The socket to the parent.")],
    joins: Annotated[bool, typer.Option("--joins", help="Others serve already.")] = False,
) -> None:
    """Serve as one of several processes; `saattaen serve --workers` starts these."""
    with socket.socket(fileno=listening) as shared, socket.socket(fileno=parent) as line:

        def begin(serving: Serving) -> None:
            stop_without_parent(line, serving.stop)
            say_ready(line)

        settings = read_settings()
        set_up_logs(settings.logs, settings.log_level)
        with observation(settings, worker=True) as observing:
            _run(_serve(settings, shared, begin, observing, joins=joins))


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


def _run(serving: Coroutine[None, None, T]) -> T:
    # Python's own 5 ms let a busy event loop keep the log's thread from its commit for that long, several times over.
    sys.setswitchinterval(0.001)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serving)


async def _serve(
    settings: Settings, listening: socket.socket, begin: Callable[[Serving], None], observing: Observation, *,
    joins: bool = False,
) -> None:  # fmt: skip
    async with opened(settings, load_directory(settings.directory), joins=joins) as gateway:
        site = open_site(gateway, observer=observing.observer)
        if site is not None and not joins:
            await register_desks(gateway, "gateway")
        bounds = Bounds(places=settings.places, shared=settings.shared_places, strangers=settings.stranger_places)
        connections = ConnectionBounds(connections=settings.connections)
        async with served(
            gateway, listening, observing.observer, observing.sample, bounds, connections, site
        ) as serving:  # fmt: skip
            serving.stop_on_signals()
            begin(serving)
            await serving.ended()
