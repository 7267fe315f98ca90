"""`make bench`: the server on one core, wrk on another; a table on the screen and `build/bench.json`.

Figures of different runs or machines do not compare; the ratios to the bare route of the same run do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

SECONDS, WARM_UP = 8, 2
PORT = 8471
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


def main() -> int:
    """Run every case and print the table."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("bench: wrk is not there; install it (Debian: wrk).", file=sys.stderr)
        return 1
    with TemporaryDirectory(prefix="saattaen-bench-") as folder:
        server = subprocess.Popen(
            _pinned("0", sys.executable, "-m", "tests.bench.server", str(Path(folder) / "data"), str(PORT))
        )
        try:
            facts = _wait_for(Path(folder) / "data" / "bench.json", server)
            rows = [
                _measure(wrk, facts, server.pid, name, path, connections)
                for name, path in (
                    ("a bare route", "/bare"),
                    ("b read, SQLite, embedded", facts["open"]),
                    ("c refusal", facts["closed"]),
                )
                for connections in (1, 32)
            ]
        finally:
            server.terminate()
            server.wait()
    bare = {row["connections"]: row["rps"] for row in rows if row["case"].startswith("a")}
    print(f"{'case':28} {'conn':>4} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'cpu s/1000':>10} {'x bare':>7}")
    for row in rows:
        row["times_bare"] = round(bare[row["connections"]] / row["rps"], 2)
        print(
            f"{row['case']:28} {row['connections']:4} {row['rps']:8.0f} {row['p50']:8.2f} {row['p99']:8.2f}"
            f" {row['cpu_per_1000']:10.3f} {row['times_bare']:7.2f}"
        )
    Path("build").mkdir(exist_ok=True)
    Path("build/bench.json").write_text(json.dumps(rows, indent=1))
    return 0


def _pinned(cores: str, *command: str) -> list[str]:
    taskset = shutil.which("taskset")
    enough = taskset is not None and (os.cpu_count() or 1) > 1
    return [taskset, "-c", cores, *command] if enough and taskset else list(command)


def _wait_for(file: Path, server: subprocess.Popen[bytes]) -> dict[str, str]:
    end = time.monotonic() + 60
    while not file.exists():
        if server.poll() is not None or time.monotonic() > end:
            raise SystemExit("bench: the server did not start.")
        time.sleep(0.1)
    return dict(json.loads(file.read_text()))


def _measure(
    wrk: str, facts: dict[str, str], pid: int, name: str, path: str, connections: int
) -> dict[str, float | str]:
    command = _pinned("1", wrk, "-t1", f"-c{connections}", "--latency", "-H", f"Authorization: Bearer {facts['token']}")
    url = facts["base"] + path
    subprocess.run([*command, f"-d{WARM_UP}s", url], check=True, capture_output=True)
    before = _cpu_seconds(pid)
    said = subprocess.run([*command, f"-d{SECONDS}s", url], check=True, capture_output=True, text=True).stdout
    used = _cpu_seconds(pid) - before
    total = int(_found(r"(\d+) requests in", said))
    return {
        "case": name, "connections": connections, "rps": float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        "p50": _milliseconds(_found(r"\n\s+50%\s+(\S+)", said)),
        "p99": _milliseconds(_found(r"\n\s+99%\s+(\S+)", said)),
        "cpu_per_1000": 1000 * used / total,
    }  # fmt: skip


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit("bench: wrk said something else than expected.")
    return match[1]


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if match is None:
        raise SystemExit("bench: wrk told a time in another form.")
    return float(match[1]) * _UNITS[match[2]]


if __name__ == "__main__":
    sys.exit(main())
