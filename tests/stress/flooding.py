"""`python -m tests.stress.flooding HOST PORT PATH`: a partner that floods, in a process of its own.

Its own, so that what it sends and is answered keeps nobody else's clock waiting. Each line of standard input is a token
to flood with from then on, or empty to stop; after each stop it prints what it heard as one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys

import uvloop

from tests.stress.heard import Heard, ask_for_ever


async def main(host: str, port: int, path: str, connections: int) -> None:
    """Do as standard input says until it ends."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    token, heard, asking = [""], Heard(), list[asyncio.Task[None]]()
    while line := await lines.readline():
        token[0] = line.decode().strip()
        if token[0] and not asking:
            heard = Heard()
            asking = [
                asyncio.create_task(ask_for_ever(host, port, path, token, heard, lambda: 0.0))
                for _ in range(connections)
            ]
        elif not token[0]:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            asking = []
            print(json.dumps(heard.as_json()), flush=True)


if __name__ == "__main__":
    _, to, at_port, asked, many = sys.argv
    uvloop.run(main(to, int(at_port), asked, int(many)))
