"""A worker that is killed at one step of a disclosure.

Run as a module: a folder. For each line on its input, `<number of a point> <document>`, it forks a worker that opens a
gateway of its own over that installation and reads the document, until SIGKILL comes at that point. What became of it
is one line: `killed`, or what the worker said instead. The points are what `disclose` asks of its parts, and the
COMMIT.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

from adapters.sql.engine import Database, open_database
from gateway.disclosure.release import Refused
from gateway.open_gateway import Gateway
from tests.faults.hinge import Hinge
from tests.laws.gateway_world import demo_world, open_world, settings_in

POINTS: tuple[tuple[str, str, str | None, str, bool], ...] = (
    ("1 before the facts are read", "facts", "for_document", "before", False),
    ("1 the facts are read", "facts", "for_document", "after", False),
    ("2 before the judgement", "engine", "decide_many", "before", False),
    ("2 judged", "engine", "decide_many", "after", False),
    ("3 checked as a claim, 4 before the fetch", "custodian", "fetch", "before", False),
    ("4 fetched", "custodian", "fetch", "after", False),
    ("5 minimised and rendered", "render", None, "after", False),
    ("6 before the write", "log", "submit", "before", False),
    ("6 compared under the head lock", "releaser", "current", "after", False),
    ("6 spent", "releaser", "spend", "after", False),
    ("6 the client is told", "tell_released", None, "after", False),
    ("6 before COMMIT", "", None, "before", False),
    ("6 after COMMIT", "", None, "after", True),
    ("7 written, before the bytes leave", "log", "submit", "after", True),
)
"""What is reached, the part and its method (a part that is a function has none; no part is the COMMIT), whether death
comes before or after it, and whether the entry stands then."""


def die() -> None:
    """End as by `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


class _Deadly:
    def __init__(self, port: Any, method: str, when: str) -> None:
        self._port, self._method, self._when = port, method, when

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return _deadly(found, self._when) if name == self._method else found


def _deadly(call: Callable[..., Any], when: str) -> Callable[..., Any]:
    if iscoroutinefunction(call):

        async def dying(*args: Any, **kwargs: Any) -> Any:
            if when == "after":
                await call(*args, **kwargs)
            die()

        return dying

    def dying_now(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            call(*args, **kwargs)
        die()

    return dying_now


def _with_death(gateway: Gateway, part: str, method: str | None, when: str) -> Gateway:
    if not part:
        return gateway
    whole = getattr(gateway.parts, part)
    deadly = _deadly(whole, when) if method is None else _Deadly(whole, method, when)
    return replace(gateway, parts=replace(gateway.parts, **{part: deadly}))


async def _live(folder: Path, point: int, document: str) -> str:
    _, part, method, when, _ = POINTS[point]
    main, settings = Hinge(), settings_in(folder)

    def open_store(url: str, patience: float) -> Database:
        return (main.open if url == settings.database else open_database)(url, patience)

    def change(gateway: Gateway) -> Gateway:
        return _with_death(gateway, part, method, when)

    async with open_world(folder, change, web=False, open_store=open_store) as laws:
        if not part:
            main.at_commit(when, die)
        outcome = await laws.ask(laws.read_of(document))
    return f"refused: {outcome.reason}" if isinstance(outcome, Refused) else "released"


def _fork(folder: Path, point: int, document: str) -> str:
    hearing, telling = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hearing)
        try:
            said = asyncio.run(_live(folder, point, document))
        except Exception as error:
            said = f"{type(error).__name__}: {error}".replace("\n", " ")
        os.write(telling, said.encode())
        os._exit(0)
    os.close(telling)
    with os.fdopen(hearing, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) and not said else said


if __name__ == "__main__":
    demo_world()  # Read once, before anyone is forked.
    for line in sys.stdin:
        number, asked = line.split()
        print(_fork(Path(sys.argv[1]), int(number), asked), flush=True)
