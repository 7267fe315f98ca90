"""A withdrawal cannot be taken out of the log by a row that says it was erased: nothing here erases, so it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sql.engine import open_database
from gateway.verification import verify_gateway
from tests.laws.guarded_place import Place, empty_place
from tests.parts.postgres import ON_BOTH


@pytest.fixture(params=ON_BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place for an installation."""
    with empty_place(request.param, tmp_path) as place:
        yield place


async def test_a_withdrawal_that_is_said_to_be_erased_is_wrong_whichever_entry_is_named(place: Place) -> None:
    async with place.open() as laws:
        consent = await laws.give()
        await laws.gateway.recording.withdraw(consent.id)
        entry = laws.entries()[-1]
        assert entry.kind == "consent.withdrawn"
        _erase(place, entry.index, by=0)
        found = verify_gateway(laws.gateway)
        assert found.exit_status == 1
        said = [one for one in found.sentences() if one.startswith("WRONG")]
        assert len(said) == 3 and all(f"entry {entry.index} section" in one for one in said), said


def _erase(place: Place, index: int, *, by: int) -> None:
    database = open_database(place.url)
    with database.write() as connection:
        numbers = {"index": index, "by": by}
        erased = "INSERT INTO audit_erased SELECT log, idx, section, log, :by FROM audit_sealed WHERE idx = :index"
        connection.execute(text(erased), numbers)
        connection.execute(text("DELETE FROM audit_sealed WHERE idx = :index"), numbers)
        connection.commit()
    database.close()
