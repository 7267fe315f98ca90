"""An open gateway on a port, in this process, with the sweep beside it."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.disclosure.observing import Observer, Sample
from gateway.errors import SettingsError
from gateway.http.admission import Admission, Bounds
from gateway.open_gateway import Gateway
from gateway.serving.connection import ConnectionBounds, bounded
from gateway.serving.in_flight import InFlight
from gateway.serving.sampling import Sampler
from gateway.serving.sweeping import Sweep
from gateway.site import Site
from gateway.web.addresses import is_page

_log = logging.getLogger(__name__)

DRAIN_SECONDS = 10
"""How long requests that were begun may take to end when the gateway stops."""
_BACKLOG = 512


def listen(host: str, port: int, remedy: str) -> socket.socket:
    """Return a socket that listens there. Raises SettingsError with *remedy* where another program does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Where the protocol is not named, asyncio leaves Nagle's algorithm on: each answer would wait for an ACK, 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise SettingsError(f"Port {port} is in use: stop what listens there, or {remedy}.") from None
    return listening


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: those end the process before what is open here is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def configured(app: ASGIApp, connections: ConnectionBounds, proxies: Sequence[str]) -> uvicorn.Config:
    """Return how uvicorn serves *app*. From *proxies* alone it is believed for whom they ask.

    That paces what is asked, and nothing else: addresses are in no log and in no answer.
    """
    return uvicorn.Config(
        app, http=bounded(connections), proxy_headers=bool(proxies), forwarded_allow_ips=list(proxies),
        access_log=False, log_config=None, server_header=False, date_header=False, backlog=_BACKLOG,
        timeout_graceful_shutdown=DRAIN_SECONDS, lifespan="off", ws="none",
    )  # fmt: skip


class Serving:
    """A server that runs."""

    def __init__(self, server: uvicorn.Server, tasks: tuple[asyncio.Task[None], ...]) -> None:
        self._server, self._tasks = server, tasks

    async def ended(self) -> None:
        """Return once the server has been stopped; raises what ended it otherwise."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    def stop(self) -> None:
        """Accept nothing more and let what was begun come to its end, for as long as `DRAIN_SECONDS`."""
        self._server.should_exit = True

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT stop the server, in place of whatever they did."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)


@asynccontextmanager
async def served(
    gateway: Gateway, listening: socket.socket, observer: Observer | None = None,
    sample: Callable[[Sample], None] | None = None, bounds: Bounds | None = None,
    connections: ConnectionBounds | None = None, site: Site | None = None,
) -> AsyncIterator[Serving]:  # fmt: skip
    """Serve the gateway on that socket while the block runs, telling *observer*; *sample* is told every few seconds.
    With a *site* it serves people too.

    Raises SettingsError where a demo's partner system could get a token from a gateway that is no demo.
    """
    gateway.check_partner_keys()
    asyncio.get_running_loop().set_exception_handler(_tell)
    admission = Admission(bounds, is_page, "" if site is None else site.doors.cookie)
    app = InFlight(create_app(gateway, observer, admission, site))
    server = _Server(configured(app, connections or ConnectionBounds(), gateway.settings.proxies))
    _settle_memory()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    sweep = (
        Sweep(gateway, settled=app.settled) if observer is None
        else Sweep(gateway, observer.put_off, observer.noticed, app.settled)
    )  # fmt: skip
    sweeping = None if gateway.settings.read_only else asyncio.create_task(sweep.run())
    works = [] if gateway.settings.read_only else [sweep.keep()]
    beside = [asyncio.create_task(one) for one in (*works, sweep.renew())]
    sampling = None if sample is None else asyncio.create_task(Sampler(gateway, admission, sample).run())
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn tells by this flag alone.
            await asyncio.sleep(0.02)
        yield Serving(server, tuple(task for task in (serving, sweeping) if task is not None))
    finally:
        if sampling is not None:
            sampling.cancel()
        for task in beside:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if sweeping is not None:
            sweeping.cancel()
            with suppress(asyncio.CancelledError, SettingsError):
                await sweeping
        server.should_exit = True
        await serving


def _settle_memory() -> None:
    """Let the collector pass by what stays as long as the process: half a million objects, walked again and again.

    Reads make many small objects that die at once; a threshold above what a batch of them makes finds little to do.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Log what the loop's own handler would, without the exception's words: they may repeat what was sent."""
    error = context.get("exception")
    _log.error("an exception reached the event loop", exc_info=error if isinstance(error, BaseException) else None)
