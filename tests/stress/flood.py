"""`python -m tests.stress.flood`: what a partner that floods does to another, and how memory goes meanwhile.

One `saattaen serve` with its defaults. First a victim alone: a read every so often on a few connections, at about a
tenth of what one core can do. Then the same while another partner system floods on many connections without pause.
Prints the victim's p50 and p99 of both, how fast those were answered who were turned away, and the server's memory
every ten seconds. MINUTES, CONNECTIONS, KIND (sqlite or postgresql) in the environment change the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.parts.wire import Answered, Wire
from tests.serving.installation import Installation, Process, free_port, installed, serving

VICTIMS, EACH_SECONDS = 2, float(os.environ.get("EACH", "0.2"))


@dataclass
class Heard:
    """What somebody was answered."""

    seconds: list[float] = field(default_factory=list)
    shed: list[float] = field(default_factory=list)
    others: Counter[int] = field(default_factory=Counter)

    def hear(self, answer: Answered) -> None:
        """Note an answer."""
        if answer.status == 503 and "retry-after" in answer.headers:
            self.shed.append(answer.seconds)
        elif answer.status in (200, 404):
            self.seconds.append(answer.seconds)
        else:
            self.others[answer.status] += 1


async def ask_for_ever(at: Installation, path: str, token: list[str], heard: Heard, pause: float) -> None:
    """Read again and again on one connection; with a *pause*, so long after the beginning of the read before."""
    wire = Wire("127.0.0.1", at.settings.port)
    try:
        while True:
            next_at = time.perf_counter() + pause
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                heard.hear(await wire.ask("GET", path, authorization=f"Bearer {token[0]}"))
            await asyncio.sleep(max(0.0, next_at - time.perf_counter()))
    finally:
        await wire.close()


async def renew(at: Installation, service: str, role: str, purpose: str, token: list[str]) -> None:
    """Get a new token every three minutes."""
    while True:
        await asyncio.sleep(180)
        with contextlib.suppress(Exception):  # A later try will do: the old one lives for two minutes more.
            token[0] = await asyncio.to_thread(at.token, service=service, role=role, purpose=purpose)


async def run_for(seconds: float, *work: object) -> None:
    """Let all of it run for so long."""
    tasks = [asyncio.ensure_future(one) for one in work]  # type: ignore[arg-type]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


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


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return 1000 * sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


async def flood(at: Installation, process: Process, minutes: float, connections: int) -> dict[str, object]:
    """Run both parts and return the figures."""
    path = f"/fhir/CarePlan/{at.document}"
    theirs = ("sote-keskus", "laakari", "care")
    victim = [await asyncio.to_thread(at.token)]
    flooder = [await asyncio.to_thread(at.token, service=theirs[0], role=theirs[1], purpose=theirs[2])]
    warm, alone, beside, flooding = Heard(), Heard(), Heard(), Heard()

    def victims(heard: Heard) -> list[object]:
        return [ask_for_ever(at, path, victim, heard, EACH_SECONDS) for _ in range(VICTIMS)]

    await run_for(3, *victims(warm))
    print("A victim alone:", flush=True)
    await run_for(20, *victims(alone))
    print(f"  p50 {percentile(alone.seconds, 0.5):.1f} ms, p99 {percentile(alone.seconds, 0.99):.1f} ms", flush=True)
    print(f"The same, and a flood on {connections} connections; memory of the server:", flush=True)
    curve: list[tuple[float, int]] = []
    floods = [ask_for_ever(at, path, flooder, flooding, 0.0) for _ in range(connections)]
    await run_for(
        60 * minutes, *victims(beside), *floods, watch_memory(process, curve), renew(at, "kuntakokeilu",
        "omavalmentaja", "employment-support", victim), renew(at, *theirs, flooder),
    )  # fmt: skip
    figures: dict[str, object] = {
        "victim_alone_p50": percentile(alone.seconds, 0.5), "victim_alone_p99": percentile(alone.seconds, 0.99),
        "victim_beside_p50": percentile(beside.seconds, 0.5), "victim_beside_p99": percentile(beside.seconds, 0.99),
        "victim_reads": len(beside.seconds), "victim_shed": len(beside.shed), "victim_others": dict(beside.others),
        "flood_served": len(flooding.seconds), "flood_shed": len(flooding.shed), "flood_others": dict(flooding.others),
        "shed_p50": percentile(flooding.shed, 0.5), "shed_p99": percentile(flooding.shed, 0.99),
        "flood_served_per_second": len(flooding.seconds) / (60 * minutes), "memory_kb": curve,
    }  # fmt: skip
    for name, value in figures.items():
        if name != "memory_kb":
            print(f"  {name:26} {value:.1f}" if isinstance(value, float) else f"  {name:26} {value}")
    ratio = percentile(beside.seconds, 0.99) / percentile(alone.seconds, 0.99)
    print(f"  The victim's p99 is {ratio:.2f} times what it is alone.")
    return figures


def main() -> int:
    """Run, print and leave the figures in `build/flood.json`."""
    minutes, connections = float(os.environ.get("MINUTES", "10")), int(os.environ.get("CONNECTIONS", "64"))
    kind = os.environ.get("KIND", "sqlite")
    with TemporaryDirectory(prefix="saattaen-flood-") as folder, installed(kind, Path(folder), free_port()) as at:
        more = {name: value for name, value in os.environ.items() if name.startswith("SAATTAEN_")}
        with serving(at, **more) as process:
            process.wait_until("Serving")
            figures = asyncio.run(flood(at, process, minutes, connections))
    Path("build").mkdir(exist_ok=True)
    Path("build/flood.json").write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
