"""A second process for the race: reads documents on a gateway of its own over the same database, when it is told to go.

Run as a module: folder, then the documents' ids. Prints `ready`, waits for a line, prints what became of each as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from gateway.disclosure.release import Refused
from tests.laws.gateway_world import Laws, open_world


async def _race(folder: Path, documents: list[str]) -> None:
    async with open_world(folder) as laws:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps([await _outcome(laws, one) for one in documents]), flush=True)


async def _outcome(laws: Laws, document: str) -> str:
    outcome = await laws.ask(laws.read_of(document))
    return outcome.reason if isinstance(outcome, Refused) else "released"


if __name__ == "__main__":
    asyncio.run(_race(Path(sys.argv[1]), sys.argv[2:]))
