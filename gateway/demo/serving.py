"""The demo's gateway on a port of this machine, in this process, with the sweep that delivers messages."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn

from gateway.app import create_app
from gateway.composition import Gateway
from gateway.errors import SettingsError

SWEEP_SECONDS = 1.0


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises SettingsError with what to do where another program does."""
    listening = socket.socket(socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        say = f"Port {port} is in use: stop what listens there, or choose another: make demo PORT={port + 1}."
        raise SettingsError(say) from None
    return listening


@asynccontextmanager
async def served(gateway: Gateway, listening: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Serve the gateway on that socket while the block runs; yield the task, which ends when it is interrupted."""
    config = uvicorn.Config(
        create_app(gateway), access_log=False, log_level="warning", proxy_headers=False, server_header=False,
        date_header=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    sweeping = asyncio.create_task(_sweep(gateway))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn tells by this flag alone.
            await asyncio.sleep(0.02)
        yield serving
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
        server.should_exit = True
        await serving


async def _sweep(gateway: Gateway) -> None:
    while True:
        await gateway.recording.deliver_outbox()
        await gateway.recording.expire_due()
        await asyncio.sleep(SWEEP_SECONDS)
