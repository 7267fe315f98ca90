"""A worker killed at each numbered step of `disclose`: all of a release stands or none of it, and another worker on the
same database goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from gateway.disclosure.release import Refused, Released
from tests.faults.victim import POINTS
from tests.laws.gateway_world import Laws, open_world


def _left(laws: Laws) -> tuple[int, int, int]:
    """Count what releases leave: entries, spent grants, messages to the client."""
    with laws.gateway.database.read() as connection:
        spent = connection.execute(text("SELECT count(*) FROM consent_grant WHERE spent_by IS NOT NULL")).scalar_one()
        told = connection.execute(text("SELECT count(*) FROM outbox WHERE kind = 'disclosure'")).scalar_one()
    return sum(entry.kind == "disclosure" for entry in laws.entries()), spent, told


def _victims(place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.victim", str(place)], cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


async def test_a_worker_killed_at_any_step_leaves_a_whole_release_or_none(place: Path) -> None:
    wrong: dict[str, object] = {}
    async with open_world(place) as laws:
        people = [name for name in laws.world.clients if name != "turva"]
        victims = _victims(place)
        try:
            for number, (name, _, _, _, stands) in enumerate(POINTS):
                # A document and a grant of its own for each point: a single-use grant names its document.
                client = people[number % len(people)]
                document = await laws.deposit(client)
                await laws.give(client, laws.row(once=True, document=document))
                before = _left(laws)
                victims.stdin.write(f"{number} {document}\n")  # type: ignore[union-attr]
                victims.stdin.flush()  # type: ignore[union-attr]
                said = (await asyncio.to_thread(victims.stdout.readline)).strip()  # type: ignore[union-attr]
                # The other worker, which has been there all along.
                outcome = await laws.ask(laws.read_of(document))
                after = _left(laws)
                if said != "killed" or after != tuple(count + 1 for count in before):
                    wrong[name] = (said, before, after)
                elif stands and not (isinstance(outcome, Refused) and outcome.reason == "spent"):
                    wrong[name] = "the entry of the killed worker does not stand"
                elif not stands and not isinstance(outcome, Released):
                    wrong[name] = f"what nobody got is spent: {outcome}"
        finally:
            victims.kill()
            victims.communicate()
        assert wrong == {}
        assert laws.verify() == []
