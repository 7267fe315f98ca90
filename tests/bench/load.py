"""The load: `wrk` on its own core, sending prepared requests in turn."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.bench.machine import cpu_seconds, on_cores, settle

_SCRIPT = Path(__file__).with_name("load.lua")


class LoadFailed(Exception):
    """The load did not go as it was meant to; no figure is to be had."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it is sent. A token is for the `Authorization` header."""

    path: str
    token: str = ""
    method: str = "GET"
    kind: str = ""
    body: str = ""

    def line(self) -> str:
        """Return it as a line for the script."""
        return "\t".join((self.method, self.path, self.token, self.kind, self.body))


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured at some number of connections. Times in milliseconds, `cpu` in seconds per 1,000 requests."""

    connections: int
    rps: float
    p50: float
    p95: float
    p99: float
    most: float
    cpu: float


def run_load(
    requests: Sequence[Sent], ports: Sequence[int], servers: Sequence[int], folder: Path, *,
    connections: int, seconds: int, warm_up: int, refused: bool, cores: frozenset[int],
) -> Load:  # fmt: skip
    """Load servers and return what came of it; *servers* are the processes whose time counts.

    Raises LoadFailed where an answer was missing, or was a refusal where none was meant and the other way round.
    """
    for port in ports:
        _introduce(requests[0], port)
    file = folder / "requests"
    file.touch(mode=0o600)
    file.write_text("".join(one.line() + "\n" for one in requests), "utf-8")
    _wrk(file, ports, connections, warm_up, cores)
    # What the warm-up left unanswered still has its places.
    settle(*servers)
    before = cpu_seconds(*servers)
    said = _wrk(file, ports, connections, seconds, cores)
    used = cpu_seconds(*servers) - before
    total = said["requests"]
    if not total or said["broken"] or said["refused"] != (total if refused else 0):
        raise LoadFailed(f"of {total:.0f} answers {said['refused']:.0f} were refusals, {said['broken']:.0f} missing")
    return Load(
        connections, total / said["seconds"], said["p50"], said["p95"], said["p99"], said["most"],
        1000 * used / total,
    )  # fmt: skip


def _introduce(one: Sent, port: int) -> None:
    """Ask once and alone: a token that a gateway has not seen yet has few places there."""
    headers = {"Authorization": f"Bearer {one.token}"} if one.token else {}
    if one.kind:
        headers["Content-Type"] = one.kind
    address = f"http://127.0.0.1:{port}{one.path}"
    try:
        httpx.request(one.method, address, content=one.body, headers=headers, timeout=60, trust_env=False)
    except httpx.HTTPError as error:
        raise LoadFailed(f"the first request: {type(error).__name__}") from error


def _wrk(file: Path, ports: Sequence[int], connections: int, seconds: int, cores: frozenset[int]) -> dict[str, float]:
    addresses = [f"127.0.0.1:{port}" for port in ports]
    threads = min(len(ports), connections)
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(_SCRIPT)]
    environment = os.environ | {"SAATTAEN_BENCH_ADDRESSES": " ".join(addresses)}
    with on_cores(cores):
        ran = subprocess.run(
            [*command, f"http://{addresses[0]}/", "--", str(file)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    last = ran.stdout.strip().rpartition("\n")[2]
    if ran.returncode or not last.startswith("{"):
        raise LoadFailed(f"wrk: {(ran.stderr or ran.stdout).strip()}")
    return {name: float(value) for name, value in json.loads(last).items()}
