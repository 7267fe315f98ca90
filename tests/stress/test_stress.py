"""Several gateways, many connections, clients who end what the reads rest on: in CI a tenth of `make stress`, elsewhere
a taste of it."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import randbelow

import pytest

from tests.parts.postgres import ON_BOTH, private_postgres
from tests.stress.run import stress

_IN_CI = bool(os.environ.get("SAATTAEN_CI"))
READS = int(os.environ.get("SAATTAEN_STRESS_READS", "10000" if _IN_CI else "1500"))
WITHDRAWALS = int(os.environ.get("SAATTAEN_STRESS_WITHDRAWALS", "200" if _IN_CI else "40"))


@pytest.mark.parametrize("store", ON_BOTH)
async def test_nothing_is_released_after_its_end_and_the_log_agrees(store: str, tmp_path: Path) -> None:
    databases = None
    if store == "postgresql":
        databases = private_postgres().new_database(), private_postgres().new_database()
    seed = randbelow(1_000_000)
    try:
        outcome = await stress(tmp_path, databases, reads=READS, withdrawals=WITHDRAWALS, seed=seed)
    finally:
        for url in databases or ():
            private_postgres().drop(url)
    print(f"\n{store}, seed {seed}: {outcome.figures}")
    record = outcome.record
    assert outcome.faults == [], f"seed {seed}"
    # Enough happened for this to mean something.
    assert record.reads >= READS
    assert record.endings["withdrawal"] == WITHDRAWALS
    assert min(record.late_reads, record.answers[200]) >= record.reads // 5
    # Ending is answered in time while a partner floods.
    assert max(record.seconds) < 15
    assert sorted(record.seconds)[int(len(record.seconds) * 0.95)] < 5
