"""`make bench`: the server on one core, wrk on another; a table on the screen and `build/bench.json`.

Figures of different runs or machines do not compare; the ratios to the bare route of the same run do.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

from tests.bench.cases import CASES, GROWN, Case
from tests.bench.load import LoadFailed, run_load
from tests.bench.machine import BOTH, LOAD, has_two_cores
from tests.bench.report import keep, show
from tests.bench.results import Results
from tests.bench.servers import Serving, serving_bare, serving_gateway
from tests.bench.sizes import Sizes
from tests.bench.stores import Store, StoreKind, lent_store

_USAGE = "make bench CASES='a b-sqlite c-*'; the part before the first hyphen chooses all that begin so."


def main(asked: Sequence[str]) -> int:
    """Run the cases that *asked* names, all but the grown ones where it names none, and print the table."""
    sizes, results = Sizes.of(os.environ), Results()
    if shutil.which("wrk") is None:
        return _refused("wrk is not there; install it (Debian: wrk).")
    if not has_two_cores():
        return _refused("server and load need a core each, and this machine or container gives one.")
    every = [*CASES, *GROWN]
    chosen = [case for case in every if any(_is_of(case.name, one) for one in asked)] if asked else CASES
    if not chosen:
        return _refused(f"no case is called so. {_USAGE} Cases: {' '.join(case.name for case in every)}")
    for (kind, grown), cases in groupby(chosen, _store_of):
        with lent_store(kind, sizes.grown if grown else sizes.small) as store:
            for server, together in groupby(cases, lambda case: case.server):
                with (
                    serving_bare(store.populated.body.encode(), store.folder)
                    if server.store is None
                    else (serving_gateway(server, store)) as serving
                ):
                    for case in together:
                        _run(case, store, serving, sizes, results)
    show(results)
    keep(results, sizes)
    return 1 if results.failed else 0


def _run(case: Case, store: Store, serving: Serving, sizes: Sizes, results: Results) -> None:
    cores = BOTH if case.server.cores == BOTH else LOAD
    for connections in case.connections:
        print(f"bench: {case.name} at {connections}", file=sys.stderr)
        try:
            results.loads[case.name, connections] = run_load(
                case.ask(store, sizes), serving.ports, serving.processes, store.folder, connections=connections,
                seconds=sizes.seconds, warm_up=sizes.warm_up, refused=case.refused, cores=cores,
            )  # fmt: skip
        except LoadFailed as failed:
            results.failed[case.name] = str(failed)


def _store_of(case: Case) -> tuple[StoreKind, bool]:
    # The bare route answers with what lies in a store, and any will do.
    return case.server.store or "sqlite", case.server.grown


def _is_of(name: str, asked: str) -> bool:
    return fnmatchcase(name, asked) or name.partition("-")[0] == asked


def _refused(why: str) -> int:
    print(f"bench: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    Path("build").mkdir(exist_ok=True)
    sys.exit(main(sys.argv[1:]))
