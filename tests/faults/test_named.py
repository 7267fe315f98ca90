"""Every kind of fault that the gateway promises to bear has a row, so that none goes with a row that is renamed."""

from __future__ import annotations

import pytest

from tests.faults.starts import BUNDLES, KEYS
from tests.faults.table import BOTH, FAULTS
from tests.faults.victim import POINTS

PROMISED: dict[str, tuple[str, ...]] = {
    "policy engine": ("is down", "is slow", "says nothing", "answers nonsense", "judges by an old revision"),
    "bundle": ("truncated",),
    "database": ("is down", "is slow", "read-only", "says nothing"),
    "connection": ("cut before COMMIT", "cut after COMMIT", "every reading", "every writing"),
    "disk": ("is full",),
    "custodian": (
        "is down", "does not answer", "byte now and then", "two gigabytes", "another client", "another resource type",
        "not JSON", "redirects to a private address",
    ),
    "clock": ("set back a day", "a day ahead", "a year ahead"),
    "signing key": ("is missing", "is another"),
}  # fmt: skip
ROWS = {*(fault.name for fault in FAULTS), *(fault.name for fault in (*KEYS, *BUNDLES))}
ONE_STORES = {"the database says nothing", "every reading connection is taken"}
"""On SQLite no server falls silent; and there a read has its thread's own connection, so its row is another one."""


@pytest.mark.parametrize(("part", "what"), [(part, what) for part, kinds in PROMISED.items() for what in kinds])
def test_a_promised_fault_has_a_row(part: str, what: str) -> None:
    assert [name for name in ROWS if part in name and what in name]


def test_each_row_is_tried_on_both_stores_where_it_applies() -> None:
    assert {fault.name for fault in FAULTS if fault.stores != BOTH} == ONE_STORES


def test_a_worker_is_killed_at_each_numbered_step() -> None:
    assert {step for name, *_ in POINTS for step in "1234567" if step in name} == set("1234567")
