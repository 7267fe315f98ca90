"""`kill -9` at any moment: nothing was released without an entry, no fork, the log verifies, given consents stand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from secrets import randbelow

from tests.laws.gateway_world import installed

ROUNDS = int(os.environ.get("SAATTAEN_KILLS", "50"))


def test_a_gateway_killed_at_fifty_random_moments_loses_nothing_that_it_has_told(tmp_path: Path) -> None:
    seed = randbelow(1_000_000)
    installed(tmp_path)
    command = [sys.executable, "-m", "tests.laws.mortal", str(tmp_path), str(ROUNDS), str(seed)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["faults"] == [], f"with seed {seed}"
    # Enough was told for the law to mean something.
    assert told["checked"] >= ROUNDS // 2
    assert min(told["released"], told["given"], told["withdrawn"]) >= ROUNDS // 5, told
