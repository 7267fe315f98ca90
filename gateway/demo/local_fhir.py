"""HAPI's FHIR server on this machine, which is not ours: a custodian in demos and tests, as long as one is needed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import SettingsError

SOURCES = Path(__file__).parents[2] / "tests" / "parts" / "fhir-server"
# Maven's first run fetches some 250 libraries; a start takes a quarter of a minute.
_BUILD_PATIENCE, _START_PATIENCE = 900.0, 900.0


@contextmanager
def local_fhir_server(sources: Path = SOURCES) -> Iterator[str]:
    """Start HAPI's server with nothing in it and yield its base address; it is stopped afterwards.

    Raises SettingsError where Java or Maven is missing, or where it does not start.
    """
    build = _built(sources)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(  # noqa: S603  The program is the operator's own Java, its arguments are ours.
        [
            _program("java"), "-Xmx1g", "-cp", f"{build}/target/fhir-server.jar{os.pathsep}{build}/target/lib/*",
            "FhirServer", str(port),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    ready = threading.Event()
    # What it says is read to its end: a full pipe would stop it.
    threading.Thread(target=_listen, args=(server, ready), daemon=True).start()
    try:
        if not ready.wait(_START_PATIENCE) or server.poll() is not None:
            raise SettingsError("HAPI's FHIR server does not start; it needs Java 17 and about 900 MB of memory.")
        yield f"http://127.0.0.1:{port}/fhir"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _listen(server: subprocess.Popen[str], ready: threading.Event) -> None:
    for line in server.stdout or ():
        if line.startswith("READY "):
            ready.set()
    # It has ended: whoever waits for it need not wait longer.
    ready.set()


def _built(sources: Path) -> Path:
    """Return the folder with the built server, building it first when these sources were never built."""
    if not sources.is_dir():
        raise SettingsError("The sources of the FHIR server are in a checkout of this project alone.")
    digest = hashlib.sha256()
    for source in sorted(path for path in sources.rglob("*") if path.is_file()):
        digest.update(source.relative_to(sources).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    build = cache / f"saattaen-fhir-server-{digest.hexdigest()[:16]}"
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Several may start at once; one builds, the others wait for it.
        if not (build / "done").exists():
            shutil.copytree(sources, build, dirs_exist_ok=True)
            made = subprocess.run(  # noqa: S603  The program is the operator's own Maven.
                [_program("mvn"), "-q", "-B", "package"],
                cwd=build, capture_output=True, text=True, timeout=_BUILD_PATIENCE, check=False,
            )  # fmt: skip
            if made.returncode != 0:
                raise SettingsError(f"Maven could not build the FHIR server:\n{made.stdout}{made.stderr}")
            (build / "done").touch()
    return build


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SettingsError(f"{name} is not on the PATH: HAPI's server needs Java 17 and Maven.")
    return found
