"""A real OPA server with our policies, on a free port of this machine, for as long as a test needs it."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts.ports import free_ports


@contextmanager
def running_opa(policies: Path) -> Iterator[str]:
    """Start OPA on *policies* and yield its address; stop it afterwards."""
    port = free_ports()
    address = f"http://127.0.0.1:{port}"
    arguments = [
        "opa",
        "run",
        "--server",
        "--addr",
        f"127.0.0.1:{port}",
        "--skip-version-check",
        "--log-level",
        "error",
    ]
    server = subprocess.Popen([*arguments, "--ignore", "*_test.rego", "--bundle", str(policies)])
    try:
        _wait(f"{address}/health", server)
        yield address
    finally:
        server.terminate()
        server.wait(60)


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 180
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > give_up:
                raise
            time.sleep(0.05)
