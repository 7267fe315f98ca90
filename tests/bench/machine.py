"""The machine: which core does what, how much processor time it took, and what it is, without names or paths."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.sql.engine import sqlite_module
from tests.parts.postgres import programs

SERVER, LOAD = frozenset({0}), frozenset({1})
"""The core of the gateway with its database and policy server, and the core of the load."""
BOTH = SERVER | LOAD
_GIVEN = os.sched_getaffinity(0)
"""What this process may use at all."""


def has_two_cores() -> bool:
    """Return whether server and load can have a core each."""
    return _GIVEN >= BOTH


@contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """Keep this process on *cores* meanwhile, and for good every program that it starts meanwhile."""
    before = os.sched_getaffinity(0)
    # Not of *before*: the load is started while this process keeps to the server's core.
    os.sched_setaffinity(0, cores & _GIVEN or _GIVEN)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def children_of(root: int) -> list[int]:
    """Return the processes that *root* has started."""
    folders = (folder for folder in Path("/proc").iterdir() if folder.name.isdecimal())
    return [int(folder.name) for folder in folders if _parent(folder) == root]


def _parent(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_seconds(*roots: int) -> float:
    """Return the processor time that these processes and their descendants have taken."""
    children: dict[int, list[int]] = {}
    times: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended meanwhile.
        children.setdefault(int(fields[1]), []).append(int(folder.name))
        times[int(folder.name)] = sum(map(int, fields[11:15]))  # With children that have ended.
    waiting, total = list(roots), 0
    while waiting:
        process = waiting.pop()
        total += times.get(process, 0)
        waiting += children.get(process, [])
    return total / os.sysconf("SC_CLK_TCK")


def settle(*processes: int) -> None:
    """Wait until these processes do nothing by themselves any more, for two minutes at most."""
    until, before = time.monotonic() + 120, cpu_seconds(*processes)
    while time.monotonic() < until:
        time.sleep(0.5)
        now = cpu_seconds(*processes)
        if now - before < 0.05:
            return
        before = now


def facts() -> dict[str, object]:
    """Return what the machine and the programs are that a run was made with."""
    return {
        "cpu": _cpu_model(), "cores": os.cpu_count(), "memory_gb": _memory_gb(), "system": platform.system(),
        "kernel": platform.release(), "python": platform.python_version(), "sqlite": _sqlite(),
        "postgresql": _said(str(programs() / "postgres"), "--version").rpartition(") ")[2].split(" ")[0],
        "wrk": next(iter(_said("wrk", "--version").split("\n"))).partition(" [")[0],
        "commit": _said("git", "rev-parse", "--short=12", "HEAD"),
        "changed_since_commit": bool(_said("git", "status", "--porcelain")),
    }  # fmt: skip


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _sqlite() -> str:
    module = sqlite_module()
    return str(getattr(module, "sqlite_version", sqlite3.sqlite_version))


def _said(*command: str) -> str:
    """Return what a program says, and nothing where it is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""
