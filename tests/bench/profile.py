"""`make profile CASE=b-sqlite`: a flame graph of the gateway's process while a case loads it, by py-spy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.cases import CASES, GROWN
from tests.bench.load import run_load
from tests.bench.machine import BOTH, LOAD, on_cores
from tests.bench.results import AT
from tests.bench.servers import serving
from tests.bench.sizes import Sizes
from tests.bench.stores import lent_store

_OWN = Path("build/py-spy/bin/py-spy")


def main(name: str) -> int:
    """Record one case at 32 connections and say where the graph lies."""
    case = next((case for case in (*CASES, *GROWN) if case.name == name), None)
    py_spy = shutil.which("py-spy") or (str(_OWN.absolute()) if _OWN.exists() else None)
    if case is None or py_spy is None:
        why = f"no case is called {name!r}." if case is None else "py-spy is not there: `make profile` installs it."
        print(f"bench: {why}", file=sys.stderr)
        return 2
    sizes, server = Sizes.of(os.environ), case.server
    target = Path("build") / f"flame-{name}.svg"
    with (
        lent_store(server.store or "sqlite", sizes.grown if server.grown else sizes.small) as store,
        serving(server, store) as served,
        on_cores(LOAD),
    ):
        # The gateway is the last that was started. py-spy reads it from the load's core.
        command = [py_spy, "record", "--pid", str(served.processes[-1]), "--rate", "250", "--threads"]
        recording = subprocess.Popen([*command, "--duration", str(sizes.seconds), "--output", str(target)])
        load = run_load(
            case.ask(store, sizes), served.ports, served.processes, store.folder, connections=AT,
            seconds=sizes.seconds + 1, warm_up=1, refused=case.refused,
            cores=BOTH if server.cores == BOTH else LOAD,
        )  # fmt: skip
        recording.wait(60)
    if recording.returncode == 0:
        target.write_text(_without_paths(target.read_text("utf-8")), "utf-8")
    print(f"{case.tells.strip()}: {load.rps:.0f} requests/s while it was watched; {target}")
    return recording.returncode


def _without_paths(picture: str) -> str:
    """Return the picture with files named as Python finds them, not by where they lie on this machine.

    What py-spy was started as, in the title of the whole, goes too.
    """
    roots = sorted({*map(str, (Path.cwd(), *sys.path)), sys.prefix, sys.base_prefix}, key=len, reverse=True)
    for root in filter(None, roots):
        picture = picture.replace(f"{root}/", "")
    return re.sub(
        r"py-spy record [^<&]*", "Where the time of the gateway goes", re.sub(r"[^\s<>\"]*/(?=py-spy )", "", picture)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
