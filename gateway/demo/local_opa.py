"""An OPA server with this project's policies on a free port of this machine, for as long as it is needed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import SettingsError

POLICIES = Path(__file__).parents[2] / "policies"
_PATIENCE = 120.0


@contextmanager
def local_opa(policies: Path = POLICIES) -> Iterator[str]:
    """Start the OPA on the PATH and yield its address; it is stopped afterwards. Raises SettingsError."""
    program = shutil.which("opa")
    if program is None or not policies.is_dir():
        raise SettingsError("No OPA is on the PATH: install one, or name a server in SAATTAEN_OPA_URL.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        listening = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen(  # noqa: S603  The program is the operator's own OPA, its arguments are ours.
        [
            program, "run", "--server", "--addr", listening, "--skip-version-check", "--log-level", "error",
            "--ignore", "*_test.rego", "--bundle", str(policies),
        ],
    )  # fmt: skip
    try:
        _wait_for(f"http://{listening}/health", server)
        yield f"http://{listening}"
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310  The address is ours.
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > give_up:
                raise SettingsError("The OPA on the PATH does not start; run `opa version` to see why.") from None
            time.sleep(0.05)
