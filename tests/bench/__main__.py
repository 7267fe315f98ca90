"""`make bench`: the server on one core, wrk on another; a table on the screen and `build/bench.json`.

Figures of different runs or machines do not compare; the ratios to the bare route of the same run do.
"""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from itertools import groupby
from typing import TypeVar

from tests.bench.cases import CASES, GROWN, Case
from tests.bench.load import LoadFailed, run_load
from tests.bench.machine import BOTH, LOAD, has_two_cores
from tests.bench.probes import PROBES, Probe
from tests.bench.report import keep, show
from tests.bench.results import Results
from tests.bench.servers import Serving, serving
from tests.bench.sizes import Sizes
from tests.bench.stores import Store, StoreKind, lent_store

N = TypeVar("N", Case, Probe)

_STORES: tuple[tuple[StoreKind, bool], ...] = (
    ("sqlite", False), ("postgresql", False), ("sqlite", True), ("postgresql", True),
)  # fmt: skip
"""In this order, each lent once: the kind, and whether it has a long history."""


def main(asked: Sequence[str]) -> int:
    """Run what *asked* names, all but the grown stores where it names nothing, and print the table."""
    sizes, results = Sizes.of(os.environ), Results()
    if shutil.which("wrk") is None:
        return _refused("wrk is not there; install it (Debian: wrk).")
    if not has_two_cores():
        return _refused("server and load need a core each, and this machine or container gives one.")
    cases, probes = _chosen((*CASES, *GROWN), asked), _chosen(PROBES, asked)
    if not cases and not probes:
        names = " ".join(one.name for one in (*CASES, *GROWN, *PROBES))
        return _refused(f"nothing is called so. Choose with CASES='a b-sqlite c-*' among: {names}")
    for kind, grown in _STORES:
        here = [case for case in cases if _store_of(case) == (kind, grown)]
        beside = [probe for probe in probes if (probe.store, probe.grown) == (kind, grown)]
        if here or beside:
            with _noted(f"the {kind} store", results), lent_store(kind, sizes.grown if grown else sizes.small) as store:
                _load(here, store, sizes, results)
                _probe(beside, store, sizes, results)
    show(results)
    keep(results, sizes)
    return 1 if results.failed else 0


def _load(cases: Iterable[Case], store: Store, sizes: Sizes, results: Results) -> None:
    for server, together in groupby(cases, lambda case: case.server):
        here = list(together)
        with _noted(" ".join(case.name for case in here), results), serving(server, store) as served:
            for case in here:
                _run(case, store, served, sizes, results)


def _run(case: Case, store: Store, served: Serving, sizes: Sizes, results: Results) -> None:
    cores = BOTH if case.server.cores == BOTH else LOAD
    for connections in case.connections:
        print(f"bench: {case.name} at {connections}", file=sys.stderr)
        with _noted(f"{case.name} at {connections}", results):
            results.loads[case.name, connections] = run_load(
                case.ask(store, sizes), served.ports, served.processes, store.folder, connections=connections,
                seconds=sizes.seconds, warm_up=sizes.warm_up, refused=case.refused, cores=cores,
            )  # fmt: skip


def _probe(probes: Iterable[Probe], store: Store, sizes: Sizes, results: Results) -> None:
    for probe in probes:
        print(f"bench: {probe.name}", file=sys.stderr)
        with _noted(probe.name, results):
            for figure in probe.measure(store, sizes):
                results.figures[figure.name] = figure


@contextmanager
def _noted(what: str, results: Results) -> Iterator[None]:
    """Note what fails, and go on behind it."""
    try:
        yield
    except LoadFailed as failed:
        results.failed[what] = str(failed)
    except Exception as error:
        # Whatever it was, the table of what was measured by then is worth having.
        traceback.print_exc()
        results.failed[what] = f"{type(error).__name__}: {error}"


def _chosen(of: Sequence[N], asked: Sequence[str]) -> list[N]:
    if not asked:
        return [one for one in of if not one.name.startswith("grown")]
    return [one for one in of if any(_is_of(one.name, name) for name in asked)]


def _is_of(name: str, asked: str) -> bool:
    return fnmatchcase(name, asked) or name.partition("-")[0] == asked


def _store_of(case: Case) -> tuple[StoreKind, bool]:
    # The bare route answers with what lies in a store, and any will do.
    return case.server.store or "sqlite", case.server.grown


def _refused(why: str) -> int:
    print(f"bench: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
