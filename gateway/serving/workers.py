"""Several processes on one listening socket, and the parent that keeps them up.

The parent opens the socket and nothing else: no database, no key. Each worker is a new interpreter that is handed the
socket, so nothing is shared that was opened before. Between the two runs a pair of sockets: on it the worker says once
that it serves, and by its end it learns that the parent has gone, whichever way that went.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.serving.server import DRAIN_SECONDS

_log = logging.getLogger(__name__)
_READY = b"r"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the parent waits, in seconds: for a worker to serve, and before it starts one anew."""

    ready: float = 120.0
    steady: float = 10.0
    """A worker that lived for so long did not fail at its start; the next one is started at once."""
    first: float = 0.5
    longest: float = 30.0
    tries: int = 6
    """So many workers in a row that never served, while no other serves, end the parent."""

    def before_try(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row; nothing after the first."""
        return 0.0 if failures <= 1 else min(self.longest, self.first * 2.0 ** (failures - 2))


class WorkersFailed(Exception):
    """No worker can serve; the message is for the operator."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: Process
    line: socket.socket
    """Our end of the pair; kept open for as long as the worker lives."""
    ready_at: float | None = None


class Workers:
    """The parent. *command* starts a worker; it is given `--listening FD --parent FD`, and `--joins` but for the first.

    *say* tells the operator once that all of them serve; *ended* is called with the process id of each that ended.
    """

    def __init__(
        self, command: Sequence[str], number: int, listening: socket.socket, say: Callable[[], None],
        ended: Callable[[int], None] = lambda process: None, patience: Patience | None = None,
    ) -> None:  # fmt: skip
        self._command, self._number, self._listening, self._say = tuple(command), number, listening, say
        self._ended, self._patience = ended, patience or Patience()
        self._workers: set[_Worker] = set()

    async def run(self) -> int:
        """Keep the workers up until SIGTERM or SIGINT, end them and return the exit status: 0, or 1 on failure."""
        loop = asyncio.get_running_loop()
        keeping = asyncio.create_task(self._keep_all())
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, keeping.cancel)
        try:
            await keeping
        except asyncio.CancelledError:
            return 0
        except WorkersFailed as failed:
            _log.error("%s", failed)
            return 1
        finally:
            await self._end_all()
        raise AssertionError("unreachable: workers are kept until they are cancelled or fail")

    async def _keep_all(self) -> None:
        # The first alone: it records what is judged by, and begins the log where there is none.
        first = await self._start(joins=False)
        others = await asyncio.gather(*(self._start(joins=True) for _ in range(self._number - 1)))
        self._say()
        keepers = [asyncio.create_task(self._keep(number, one)) for number, one in enumerate((first, *others), 1)]
        try:
            await asyncio.gather(*keepers)
        finally:
            for keeper in keepers:
                keeper.cancel()

    async def _keep(self, number: int, worker: _Worker) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            status = await worker.process.wait()
            self._forget(worker)
            lived = loop.time() - (worker.ready_at or loop.time())
            failures = 1 if lived >= self._patience.steady else failures + 1
            _log.error("worker %d ended %s; another one is started", number, _manner(status))
            while True:
                await asyncio.sleep(self._patience.before_try(failures))
                try:
                    worker = await self._start(joins=True)
                    break
                except WorkersFailed as failed:
                    failures += 1
                    _log.error("worker %d: %s", number, failed)
                    if failures > self._patience.tries and not self._workers:
                        raise WorkersFailed("No worker can serve any more; what hinders is told above.") from failed

    async def _start(self, *, joins: bool) -> _Worker:
        """Start a worker and return once it serves. Raises WorkersFailed when it ends instead, or takes too long."""
        ours, theirs = socket.socketpair()
        with theirs:
            handed = (self._listening.fileno(), theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                *self._command, "--listening", str(handed[0]), "--parent", str(handed[1]),
                *(("--joins",) if joins else ()),
                # A group of its own: Ctrl-C reaches the parent alone, which then ends the workers in order.
                stdin=DEVNULL, pass_fds=handed, process_group=0,
            )  # fmt: skip
        worker = _Worker(process, ours)
        self._workers.add(worker)
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            said = await asyncio.wait_for(loop.sock_recv(ours, 1), self._patience.ready)
        except (TimeoutError, ConnectionError):
            said = b""
        if said != _READY:
            await _end(process)
            self._forget(worker)
            raise WorkersFailed("A worker did not start; its own words stand above.")
        worker.ready_at = loop.time()
        return worker

    def _forget(self, worker: _Worker) -> None:
        self._workers.discard(worker)
        worker.line.close()
        self._ended(worker.process.pid)

    async def _end_all(self) -> None:
        # Else whoever comes now would wait in the queue of a socket that nobody reads any more.
        self._listening.close()
        workers = list(self._workers)
        for worker in workers:
            with suppress(ProcessLookupError):
                worker.process.send_signal(signal.SIGTERM)
        waiting = [asyncio.create_task(worker.process.wait()) for worker in workers]
        if not waiting:
            return
        _, slow = await asyncio.wait(waiting, timeout=DRAIN_SECONDS + 5)
        if slow:
            _log.error("%d workers did not end in time and are killed", len(slow))
            await asyncio.gather(*(_kill(worker.process) for worker in workers))


def say_ready(parent: socket.socket) -> None:
    """Tell the parent, from a worker, that it serves."""
    parent.send(_READY)


def stop_without_parent(parent: socket.socket, stop: Callable[[], None]) -> None:
    """Call *stop* once the parent has gone; nothing is ever said from its side."""
    asyncio.get_running_loop().add_reader(parent.fileno(), stop)


async def _end(process: Process) -> None:
    """Let a worker that gave up say why, and kill it where it does not end."""
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), 5)
    await _kill(process)


async def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _manner(status: int) -> str:
    return f"by signal {-status}" if status < 0 else f"with status {status}"
