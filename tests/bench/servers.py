"""The programs under load: gateways as `saattaen serve` starts them, the bare route, OPA's and a custodian's server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal

import httpx

from gateway.demo.local_opa import local_opa
from tests.bench.load import LoadFailed
from tests.bench.machine import LOAD, SERVER, children_of, on_cores, settle
from tests.bench.outside import custodian_outside
from tests.bench.stores import PORT, Store, StoreKind

SAATTAEN = Path(sys.executable).with_name("saattaen")
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Server:
    """What is served: a gateway on a populated store, judged by an engine, in one process or more.

    Without a store it is the bare route, or the custodian's FHIR server by itself.
    """

    store: StoreKind | None
    engine: Literal["embedded", "opa"] = "embedded"
    processes: int = 1
    grown: bool = False
    outside: bool = False
    """Whether a custodian keeps a plan on a FHIR server of its own."""
    stranger_places: int | None = None
    """How many requests with tokens not seen before are worked on at once, where it is not as usual."""
    cores: frozenset[int] = SERVER
    """Where the gateway runs, and its OPA server and PostgreSQL beside it."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers: its ports, and every process whose time is the price of an answer."""

    ports: tuple[int, ...]
    processes: tuple[int, ...]


@contextmanager
def serving(server: Server, store: Store) -> Iterator[Serving]:
    """Start what *server* says, on *store* or with bytes of it, and stop it afterwards."""
    if server.store is not None:
        with _gateway(server, store) as served:
            yield served
    elif server.outside:
        with custodian_outside(server.cores) as outside:
            yield Serving((outside.port,), (outside.process,))
    else:
        with _bare(store.populated.body.encode(), store.folder) as served:
            yield served


@contextmanager
def _gateway(server: Server, store: Store) -> Iterator[Serving]:
    """Start gateways on *store*, one a port."""
    with ExitStack() as closing:
        environment = dict(store.environment())
        if server.outside:
            # Its machine is another one: what it does is no part of the price.
            outside = closing.enter_context(custodian_outside(LOAD))
            environment["SAATTAEN_CUSTODIANS"] = str(outside.written(store.folder))
        if server.stranger_places is not None:
            environment["SAATTAEN_STRANGER_PLACES"] = str(server.stranger_places)
        closing.enter_context(on_cores(server.cores))
        if store.database is not None:
            _move(store.database, server.cores)
        processes = [] if store.database is None else [store.database]
        if server.engine == "opa":
            # The policies are a bundle of files; OPA shares the gateway's core as PostgreSQL does.
            before = set(children_of(os.getpid()))
            opa_url = closing.enter_context(local_opa())
            environment |= {"SAATTAEN_ENGINE": "opa", "SAATTAEN_OPA_URL": opa_url}
            processes += set(children_of(os.getpid())) - before
        ports = tuple(PORT + number for number in range(server.processes))
        for port in ports:
            command = [str(SAATTAEN), "serve"]
            started = closing.enter_context(_running(command, environment | {"SAATTAEN_PORT": str(port)}, port))
            processes.append(started)
        yield Serving(ports, tuple(processes))


@contextmanager
def _bare(body: bytes, folder: Path) -> Iterator[Serving]:
    file = folder / "body"
    file.write_bytes(body)
    command = [sys.executable, "-m", "tests.bench.bare", str(file), str(PORT)]
    with on_cores(SERVER), _running(command, {}, PORT) as process:
        yield Serving((PORT,), (process,))


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], port: int) -> Iterator[int]:
    with TemporaryFile() as said:
        started = subprocess.Popen(command, env=os.environ | dict(environment), stdout=said, stderr=said)
        try:
            if not _answers(f"http://127.0.0.1:{port}/health/live", started):
                said.seek(0)
                raise LoadFailed(f"the server did not start: {said.read().decode(errors='replace').strip()}")
            # It makes clients' keys first.
            settle(started.pid)
            yield started.pid
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    """Return whether the server answers in time, as soon as it does."""
    until = time.monotonic() + _PATIENCE
    while server.poll() is None and time.monotonic() < until:
        try:
            if httpx.get(address, timeout=5, trust_env=False).status_code == 200:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    return False


def _move(root: int, cores: frozenset[int]) -> None:
    """Keep a process and those that it has started on *cores*; what it starts later follows."""
    for process in (root, *children_of(root)):
        with suppress(ProcessLookupError):  # A process of the database's may have ended meanwhile.
            os.sched_setaffinity(process, cores)
