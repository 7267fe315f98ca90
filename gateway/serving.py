"""An open gateway on a port, in this process, with the sweep that delivers messages and writes what time has ended."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date

import uvicorn

from audit.errors import AuditError
from gateway.app import create_app
from gateway.composition import Gateway
from gateway.errors import GatewayError, SettingsError

SWEEP_SECONDS = 1.0
KEEP_SECONDS = 2.0
_log = logging.getLogger(__name__)


def listen(host: str, port: int, remedy: str) -> socket.socket:
    """Return a socket that listens there. Raises SettingsError with *remedy* where another program does."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise SettingsError(f"Port {port} is in use: stop what listens there, or {remedy}.") from None
    return listening


@asynccontextmanager
async def served(gateway: Gateway, listening: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Serve the gateway on that socket while the block runs; yield the task, which ends when it is interrupted.

    Raises SettingsError where a demo's partner system could get a token from a gateway that is no demo.
    """
    gateway.check_partner_keys()
    config = uvicorn.Config(
        create_app(gateway), access_log=False, log_level="warning", proxy_headers=False, server_header=False,
        date_header=False, timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    sweeping = asyncio.create_task(_sweep(gateway))
    beside = [asyncio.create_task(one) for one in (_keep(gateway), _renew(gateway))]
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn tells by this flag alone.
            await asyncio.sleep(0.02)
        yield serving
    finally:
        for task in (sweeping, *beside):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        server.should_exit = True
        await serving


async def _keep(gateway: Gateway) -> None:
    # The head outside the database is never much older than the one in it.
    while True:
        try:
            await gateway.log.keep()
        except AuditError as error:
            _log.warning("the second volume was not written: %s", error)
        await asyncio.sleep(KEEP_SECONDS)


async def _renew(gateway: Gateway) -> None:
    # A key is used only after every process had the time to read it: `saattaen keys rotate` waits for that.
    while True:
        try:
            gateway.renew_keys()
        except SettingsError as error:
            _log.warning("the keys were not read again: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)


async def _sweep(gateway: Gateway) -> None:
    # Nothing is judged by what this has done or not: an end holds by its time, and a message waits in its table.
    keyed: date | None = None
    while True:
        try:
            if (today := gateway.clock.now().date()) != keyed:
                await asyncio.to_thread(gateway.make_log_keys)
                keyed = today
            await gateway.recording.deliver_outbox()
            await gateway.recording.expire_due()
        except GatewayError as error:
            _log.warning("the sweep was put off: %s", error.code)
        await asyncio.sleep(SWEEP_SECONDS)
