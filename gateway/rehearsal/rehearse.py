"""The command behind `saattaen rehearse`: all mistakes first, then case after case, then the table."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.demo.local_opa import local_opa
from gateway.demo.world import load_world
from gateway.rehearsal.fresh import fresh_gateways
from gateway.rehearsal.parsing import BrokenCases, parse_cases
from gateway.rehearsal.report import line, table
from gateway.rehearsal.runner import Outcome, play

OPA_URL = "SAATTAEN_OPA_URL"


def rehearse(
    paths: Sequence[Path], engine: str = "embedded", database: str | None = None,
    say: Callable[[str], None] = print,
) -> int:  # fmt: skip
    """Play the cases of files and folders, each on a fresh gateway, and return the exit status.

    0 when all pass, 1 when one fails or the files hold a mistake; nothing is played then. *engine* is `embedded` or
    `opa`: the server of SAATTAEN_OPA_URL, else one of our own where OPA is on the PATH. Raises SettingsError.
    """
    world = load_world()
    try:
        cases = parse_cases(*paths, world=world)
    except BrokenCases as broken:
        for mistake in broken.mistakes:
            say(mistake)
        return 1
    outcomes: list[Outcome] = []
    with _server(engine) as opa_url:
        make_gateway = fresh_gateways(world, engine=engine, opa_url=opa_url, database=database)
        for one in cases:
            outcome = asyncio.run(play(one, make_gateway, world))
            outcomes.append(outcome)
            say(line(outcome))
    say("")
    for row in table(outcomes):
        say(row)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


@contextmanager
def _server(engine: str) -> Iterator[str | None]:
    if engine != "opa":
        yield None
    elif address := os.environ.get(OPA_URL):
        yield address
    else:
        with local_opa() as address:
            yield address
