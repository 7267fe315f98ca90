"""The report of a run: a table on the screen and `build/bench.json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tests.bench import machine
from tests.bench.cases import BARE, CASES, GROWN
from tests.bench.results import AT, QUOTED, Results
from tests.bench.sizes import Sizes

FILE = Path("build/bench.json")
_NAMES = {case.name: case.tells for case in (*CASES, *GROWN)}


def show(results: Results) -> None:
    """Print what was found, and the marks beside it."""
    if results.loads:
        heads = " ".join(f"{head:>8}" for head in ("req/s", "p50 ms", "p95 ms", "p99 ms"))
        print(f"\n{'':46} conn {heads} cpu s/1000  x (a)")
        for (name, connections), load in results.loads.items():
            times = results.times(name, BARE.name, connections)
            print(
                f"{_NAMES[name]:46} {connections:4} {load.rps:8.0f} {load.p50:8.2f} {load.p95:8.2f} {load.p99:8.2f}"
                f" {load.cpu:10.3f} {'' if times is None else f'{times:.2f}':>6}"
            )
    if (times := results.times("e-sqlite", "e-direct")) is not None:
        print(f"\n(e) at {AT} connections: through the gateway {times:.2f} times as dear as the direct read")
    if results.figures:
        print()
    for figure in results.figures.values():
        print(f"{figure.tells:60} {figure.value:12,.1f} {figure.unit:12} {figure.beside}")
    for name, why in results.failed.items():
        print(f"\nFAILED {name}: {why}")
    marks = list(results.marks())
    if marks:
        print("\nMarks")
    for mark in marks:
        sign = ">=" if mark.at_least else "<="
        print(
            f"{mark.tells:60} {mark.value:8.2f} {mark.unit:6} {sign} {mark.limit:<6g} {'pass' if mark.met else 'MISS'}"
        )
    _show_peer(results)


def _show_peer(results: Results) -> None:
    verified, cached = (results.loads.get((f"b-postgresql-{one}", AT)) for one in ("tokens", "many"))
    if verified is None or cached is None:
        return
    print(
        f"\nThe same work at {AT} connections on PostgreSQL, requests/s: each token verified / verified tokens cached"
    )
    print(f"{'here':40} {verified.rps:8.0f} / {cached.rps:.0f}")
    for who, first, second, meant in QUOTED:
        print(f"{who:40} {first:8.0f} / {second:.0f}   quoted, another machine; meant: {meant:g} times that")


def keep(results: Results, sizes: Sizes) -> None:
    """Write everything to `build/bench.json`."""
    whole = {
        "machine": machine.facts(),
        "sizes": asdict(sizes),
        "loads": [
            {"case": name, "times_bare": results.times(name, BARE.name, load.connections)} | asdict(load)
            for (name, _), load in results.loads.items()
        ],
        "figures": [asdict(one) for one in results.figures.values()],
        "marks": [asdict(one) | {"met": one.met} for one in results.marks()],
        "quoted": [dict(zip(("who", "verified", "cached", "meant_times"), one, strict=True)) for one in QUOTED],
        "failed": results.failed,
    }  # fmt: skip
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(whole, indent=1))
