"""panva's oidc-provider on this machine: installed once by its lock file, run for as long as a test needs it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SOURCES = Path(__file__).with_name("oidc-provider")


@contextmanager
def foreign_provider(port: int, settings: Mapping[str, object]) -> Iterator[str]:
    """Run the provider and yield its issuer; it is stopped afterwards."""
    built = _built()
    server = subprocess.Popen(
        ["node", "server.mjs"], cwd=built, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        server.stdin.write(json.dumps({"port": port, **settings}) + "\n")
        server.stdin.flush()
        for line in server.stdout:
            if line.startswith("READY "):
                yield line.split()[1]
                break
        else:
            raise RuntimeError("the provider does not start")
    finally:
        server.terminate()
        server.wait(60)


def _built() -> Path:
    """Return the folder where it is installed, by these sources."""
    files = [SOURCES / name for name in ("package.json", "package-lock.json", "server.mjs")]
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    build = cache / f"saattaen-oidc-provider-{digest}"
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Several may start at once; one installs, the others wait for it.
        if not (build / "done").exists():
            for file in files:
                shutil.copy(file, build)
            subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=build, check=True,
                capture_output=True, timeout=900,
            )  # fmt: skip
            (build / "done").touch()
    return build
