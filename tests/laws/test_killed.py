"""`kill -9` at any moment: nothing was released without an entry, no fork, the log verifies, given consents stand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from secrets import randbelow

from audit.checkpoint import Checkpoint, Signer
from gateway.disclosure.release import Released
from tests.laws.gateway_world import Laws
from tests.laws.mortal import Told, find_faults
from tests.simulators.checkpoints import sign_checkpoint

ROUNDS = int(os.environ.get("SAATTAEN_KILLS", "40"))
"""How often it is killed on each store; `make kills KILLS=500` sets it."""


def test_a_gateway_killed_at_random_moments_loses_nothing_that_it_has_told(place: Path) -> None:
    seed = randbelow(1_000_000)
    command = [sys.executable, "-m", "tests.laws.mortal", str(place), str(ROUNDS), str(seed)]
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=900 + 15 * ROUNDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    print(f"{ROUNDS} kills in {time.monotonic() - began:.0f} s, seed {seed}: {told}")
    assert told["faults"] == [], f"with seed {seed}"
    # Enough was told for the law to mean something.
    assert told["checked"] >= ROUNDS // 2
    assert min(told["released"], told["given"], told["withdrawn"]) >= ROUNDS // 5, told


async def test_what_the_database_does_not_bear_out_is_found(laws: Laws) -> None:
    document = await laws.deposit()
    kept, ended = await laws.give(), await laws.give()
    released = await laws.ask(laws.read_of(document))
    assert isinstance(released, Released)
    await laws.gateway.recording.withdraw(ended.id)
    event = released.committed.entries[0].event_id
    checkpoint = released.committed.checkpoint
    true = Told([event], [kept.id, ended.id], {ended.id}, [ended.id], checkpoint)
    assert find_faults(laws, true) == []
    assert find_faults(laws, replace(true, released=[event, "never"])) != []
    assert find_faults(laws, replace(true, given=[kept.id, "gone"])) != []
    assert find_faults(laws, replace(true, withdrawn=[kept.id])) != []
    assert find_faults(laws, replace(true, asked_to_withdraw=set())) != []
    # A checkpoint of a history that this log does not continue.
    (seed,) = laws.gateway.keyring.log_seeds
    longer = sign_checkpoint(Checkpoint(released.committed.entries[0].origin, 10_000, b"\0" * 32), [Signer(seed)])
    assert find_faults(laws, replace(true, checkpoint=longer)) != []
