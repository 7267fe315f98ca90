"""Real gateway processes (`saattaen serve`) over one installation, each on a port of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.demo.world import WORLD
from gateway.settings import Settings, read_settings

_START_SECONDS = 180.0


def settings_in(folder: Path, databases: tuple[str, str] | None, port: int) -> Settings:
    """Return the settings of the installation in *folder*; *databases* are PostgreSQL's, None for SQLite in it."""
    database, keys = databases or (f"sqlite:///{folder}/saattaen.db", f"sqlite:///{folder}/keys.db")
    return read_settings(
        database=database, key_database=keys, keys=folder / "keys", outbox=folder / "outbox", directory=WORLD,
        base_url=f"http://127.0.0.1:{port}", host="127.0.0.1", port=port, demo=True,
    )  # fmt: skip


@contextmanager
def serving(settings: Settings, ports: list[int]) -> Iterator[None]:
    """Serve the installation on every port while the block runs."""
    named = {f"SAATTAEN_{name.upper()}": str(value) for name, value in settings if value is not None}
    # What is tried here is the truth under load, not who is let in.
    named |= {"SAATTAEN_PLACES": "64", "SAATTAEN_SHARED_PLACES": "64"}
    command = [str(Path(sys.executable).with_name("saattaen")), "serve"]
    processes = [
        subprocess.Popen(command, env=os.environ | named | {"SAATTAEN_PORT": str(port)}, stdout=subprocess.DEVNULL)
        for port in ports
    ]
    try:
        for process, port in zip(processes, ports, strict=True):
            _wait(process, port)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(_START_SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=30):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("a gateway did not start") from None
            time.sleep(0.1)
