"""`python -m tests.stress.flood`: what a partner that floods does to another, and how memory goes meanwhile.

One `saattaen serve` with its defaults, and its database, on one core; those who ask on the other, whoever floods in a
process of its own. A victim reads at about a tenth of what the gateway can do: a few connections, each with pauses of
chance between its reads. In turns it is alone, and beside another partner system that floods on many connections
without pause; so whatever else the machine does is felt by both. Prints the victim's p50 and p99 of either, how fast
those were answered who were turned away, and the server's memory every ten seconds. MINUTES (of flood), CONNECTIONS,
VICTIMS and EACH (its connections, and the mean seconds between two reads on each), KIND (sqlite or postgresql) in the
environment change the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.machine import LOAD, SERVER, on_cores
from tests.parts.ports import free_ports
from tests.serving.installation import Installation, Process, installed, serving
from tests.stress.heard import Heard, ask_for_ever, percentile

ALONE_SECONDS, BESIDE_SECONDS, SETTLING_SECONDS = 5.0, 10.0, 2.5
"""How long a turn takes, and what is not counted at its beginning: a partner is about for two seconds."""
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    minutes: float
    connections: int
    victims: int
    each: float

    @classmethod
    def of_environment(cls) -> Sizes:
        """Return what the environment asks for."""
        given = os.environ
        return cls(
            float(given.get("MINUTES", "10")), int(given.get("CONNECTIONS", "64")), int(given.get("VICTIMS", "8")),
            float(given.get("EACH", "0.2")),
        )  # fmt: skip


class Flooder:
    """A partner that floods from a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.heard = Heard()

    @classmethod
    async def start(cls, at: Installation, path: str, connections: int) -> Flooder:
        """Start the process; it asks nothing yet."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-m", "tests.stress.flooding", HOST, str(at.settings.port), path,
            str(connections), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**28,
        )  # fmt: skip
        return cls(process)

    async def flood(self, token: str) -> None:
        """Flood with this token from now on."""
        await self._tell(token)

    async def stop(self) -> None:
        """Stop, and note what it was answered."""
        await self._tell("")
        assert self._process.stdout is not None
        self.heard.add(Heard.of_json(json.loads(await self._process.stdout.readline())))

    async def end(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def _tell(self, token: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(token.encode() + b"\n")
        await self._process.stdin.drain()


class Victim:
    """A partner that reads as people work: at its own pace, whatever the gateway does."""

    def __init__(self, at: Installation, path: str, token: list[str], sizes: Sizes) -> None:
        self._at, self._path, self._token, self._sizes = at, path, token, sizes
        self._chance = random.Random(1)

    async def read_for(self, seconds: float, heard: Heard) -> None:
        """Read for so long after it has settled, and note what is answered then."""
        now = [Heard()]
        asking = [asyncio.create_task(self._ask(now)) for _ in range(self._sizes.victims)]
        await asyncio.sleep(SETTLING_SECONDS)
        now[0] = heard
        await asyncio.sleep(seconds)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, now: list[Heard]) -> None:
        class Listening(Heard):
            def hear(self, answer: object) -> None:
                now[0].hear(answer)  # type: ignore[arg-type]

        def pause() -> float:
            return self._chance.expovariate(1 / self._sizes.each)

        await ask_for_ever(HOST, self._at.settings.port, self._path, self._token, Listening(), pause)


async def watch_memory(process: Process, curve: list[tuple[float, int]]) -> None:
    """Note the server's resident memory every ten seconds, in kilobytes; of all its processes together."""
    began = time.monotonic()
    while True:
        pids = process.workers() | {process.popen.pid}
        curve.append((round(time.monotonic() - began), sum(map(resident, pids))))
        print(f"  {curve[-1][0]:5.0f} s  {curve[-1][1] / 1024:7.1f} MB", flush=True)
        await asyncio.sleep(10)


def resident(pid: int) -> int:
    """A process's resident memory in kilobytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


async def renew(at: Installation, whose: tuple[str, str, str], token: list[str]) -> None:
    """Get a new token every three minutes."""
    service, role, purpose = whose
    while True:
        await asyncio.sleep(180)
        with contextlib.suppress(Exception):  # A later try will do: the old one lives for two minutes more.
            token[0] = await asyncio.to_thread(at.token, service=service, role=role, purpose=purpose)


async def flood(at: Installation, process: Process, sizes: Sizes) -> dict[str, object]:
    """Run the turns and return the figures."""
    path = f"/fhir/CarePlan/{at.document}"
    mine, theirs = ("kuntakokeilu", "omavalmentaja", "employment-support"), ("sote-keskus", "laakari", "care")
    tokens = [[await asyncio.to_thread(at.token, *("system/*.rs", *whose))] for whose in (mine, theirs)]
    victim = Victim(at, path, tokens[0], sizes)
    flooder = await Flooder.start(at, path, sizes.connections)
    alone, beside, curve = Heard(), Heard(), list[tuple[float, int]]()
    watching = [
        asyncio.create_task(one)
        for one in (watch_memory(process, curve), renew(at, mine, tokens[0]), renew(at, theirs, tokens[1]))
    ]
    turns = max(1, round(60 * sizes.minutes / (BESIDE_SECONDS + SETTLING_SECONDS)))
    await victim.read_for(1, Heard())
    for _ in range(turns):
        await victim.read_for(ALONE_SECONDS, alone)
        await flooder.flood(tokens[1][0])
        await victim.read_for(BESIDE_SECONDS, beside)
        await flooder.stop()
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    await flooder.end()
    flooding, seconds = flooder.heard, turns * (BESIDE_SECONDS + SETTLING_SECONDS)
    return {
        "victim_alone_p50": percentile(alone.seconds, 0.5), "victim_alone_p99": percentile(alone.seconds, 0.99),
        "victim_beside_p50": percentile(beside.seconds, 0.5), "victim_beside_p99": percentile(beside.seconds, 0.99),
        "ratio_p99": percentile(beside.seconds, 0.99) / percentile(alone.seconds, 0.99),
        "victim_reads_alone": len(alone.seconds), "victim_reads_beside": len(beside.seconds),
        "victim_shed": len(alone.shed) + len(beside.shed), "victim_others": dict(alone.others + beside.others),
        "flood_served": len(flooding.seconds), "flood_shed": len(flooding.shed), "flood_others": dict(flooding.others),
        "shed_p50": percentile(flooding.shed, 0.5), "shed_p99": percentile(flooding.shed, 0.99),
        "flood_served_per_second": len(flooding.seconds) / seconds,
        "flood_served_p50": percentile(flooding.seconds, 0.5), "flood_served_p99": percentile(flooding.seconds, 0.99),
        "memory_kb": curve,
    }  # fmt: skip


def main() -> int:
    """Run, print and leave the figures in `build/flood.json`."""
    kind, sizes = os.environ.get("KIND", "sqlite"), Sizes.of_environment()
    more = {name: value for name, value in os.environ.items() if name.startswith("SAATTAEN_")}
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="saattaen-flood-")))
        with on_cores(SERVER):
            # What is started here stays on this core: the database too.
            at = closing.enter_context(installed(kind, folder, free_ports()))
            process = closing.enter_context(serving(at, **more))
        process.wait_until("Serving")
        with on_cores(LOAD):
            figures = asyncio.run(flood(at, process, sizes))
    for name, value in figures.items():
        if name != "memory_kb":
            print(f"  {name:26} {value:.2f}" if isinstance(value, float) else f"  {name:26} {value}")
    print(f"  The victim's p99 is {figures['ratio_p99']:.2f} times what it is alone.")
    Path("build").mkdir(exist_ok=True)
    Path("build/flood.json").write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
