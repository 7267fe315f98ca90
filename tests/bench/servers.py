"""The programs under load: gateways as `saattaen serve` starts them, the bare route, an OPA server."""

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
from tests.bench.machine import SERVER, cpu_seconds, on_cores
from tests.bench.stores import PORT, Store, StoreKind

SAATTAEN = Path(sys.executable).with_name("saattaen")
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Server:
    """What is served: a gateway on a populated store, judged by an engine, in one process or more.

    Without a store it is the bare route. A gateway in front of a custodian's own FHIR server becomes one more field
    here, and `serving` starts that server beside OPA.
    """

    store: StoreKind | None
    engine: Literal["embedded", "opa"] = "embedded"
    processes: int = 1
    grown: bool = False
    cores: frozenset[int] = SERVER
    """Where the gateway runs, and its OPA server and PostgreSQL beside it."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers: its ports, and every process whose time is the price of an answer."""

    ports: tuple[int, ...]
    processes: tuple[int, ...]


@contextmanager
def serving_gateway(server: Server, store: Store) -> Iterator[Serving]:
    """Start gateways on *store*, one a port, and stop them afterwards."""
    with ExitStack() as closing:
        closing.enter_context(on_cores(server.cores))
        if store.database is not None:
            _move(store.database, server.cores)
        processes = [] if store.database is None else [store.database]
        environment = dict(store.environment())
        if server.engine == "opa":
            # The policies are a bundle of files; OPA shares the gateway's core as PostgreSQL does.
            opa_url = closing.enter_context(local_opa())
            environment |= {"SAATTAEN_ENGINE": "opa", "SAATTAEN_OPA_URL": opa_url}
            processes += _children_named("opa")
        ports = tuple(PORT + number for number in range(server.processes))
        for port in ports:
            command = [str(SAATTAEN), "serve"]
            started = closing.enter_context(_running(command, environment | {"SAATTAEN_PORT": str(port)}, port))
            processes.append(started)
        yield Serving(ports, tuple(processes))


@contextmanager
def serving_bare(body: bytes, folder: Path) -> Iterator[Serving]:
    """Start the bare route over *body*, and stop it afterwards."""
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
            _settle(started.pid)
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


def _settle(process: int) -> None:
    """Wait until a server that has just started does nothing by itself any more: it makes clients' keys first."""
    until, before = time.monotonic() + _PATIENCE, cpu_seconds(process)
    while time.monotonic() < until:
        time.sleep(0.5)
        now = cpu_seconds(process)
        if now - before < 0.05:
            return
        before = now


def _move(root: int, cores: frozenset[int]) -> None:
    """Keep a process and those that it has started on *cores*; what it starts later follows."""
    for process in _family(root):
        with suppress(ProcessLookupError):  # A process of the database's may have ended meanwhile.
            os.sched_setaffinity(process, cores)


def _family(root: int) -> list[int]:
    found = [root]
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and _parent(folder) == root:
            found.append(int(folder.name))
    return found


def _children_named(name: str) -> list[int]:
    return [one for one in _family(os.getpid()) if Path(f"/proc/{one}/comm").read_text().strip() == name]


def _parent(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
