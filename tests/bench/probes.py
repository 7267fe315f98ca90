"""The measurements that are no load: engines, appends, and what a long history costs, each a declared value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.bench.appends import measure_appends
from tests.bench.engines import measure_engines
from tests.bench.grown import measure_grown
from tests.bench.results import Figure
from tests.bench.sizes import Sizes
from tests.bench.stores import Store, StoreKind


@dataclass(frozen=True, slots=True)
class Probe:
    """One measurement on a store."""

    name: str
    store: StoreKind
    measure: Callable[[Store, Sizes], Iterator[Figure]]
    grown: bool = False


PROBES = (
    Probe("engines", "sqlite", lambda _, sizes: measure_engines(sizes)),
    Probe("append-sqlite", "sqlite", measure_appends),
    Probe("append-postgresql", "postgresql", measure_appends),
    Probe("grown-sqlite-log", "sqlite", lambda store, _: measure_grown(store), grown=True),
    Probe("grown-postgresql-log", "postgresql", lambda store, _: measure_grown(store), grown=True),
)
