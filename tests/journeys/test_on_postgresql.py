"""Every case on PostgreSQL too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.sql.engine import DatabaseUnfit
from gateway.demo.world import load_world
from gateway.errors import SettingsError
from gateway.rehearsal.case import Case
from gateway.rehearsal.fresh import fresh_gateways
from gateway.rehearsal.parsing import parse_cases
from gateway.rehearsal.rehearse import rehearse
from gateway.rehearsal.runner import play
from tests.parts.postgres import private_postgres

WORLD = load_world()
CASES = parse_cases(Path(__file__).parent, world=WORLD)


@contextmanager
def room_for_cases(name: str) -> Iterator[str]:
    """Lend the URL of a database beside which each case makes its own."""
    server = private_postgres()
    server.run_sql(f"CREATE DATABASE {name}")
    try:
        yield server.url(name)
    finally:
        server.drop(server.url(name))
        for number in range(1, 3):
            server.drop(server.url(f"{name}_{number}"))


@pytest.mark.needs_postgres
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
async def test_case_goes_as_told(case: Case) -> None:
    with room_for_cases("played") as url:
        outcome = await play(case, fresh_gateways(WORLD, database=url), WORLD)
    assert outcome.passed, outcome.failure


@pytest.mark.needs_postgres
def test_the_command_keeps_each_cases_database_and_takes_none_that_is_there(tmp_path: Path) -> None:
    case = Path(__file__).parent / "valteri.case.yaml"
    (tmp_path / case.name).write_bytes(case.read_bytes())
    with room_for_cases("kept") as url:
        assert rehearse([tmp_path], database=url, say=lambda said: None) == 0
        with pytest.raises(DatabaseUnfit, match=r"kept_1 cannot be made: .*already exists"):
            rehearse([tmp_path], database=url, say=lambda said: None)


def test_another_database_is_refused_with_what_to_give() -> None:
    with pytest.raises(SettingsError, match=r"postgresql\+psycopg://"):
        rehearse([Path(__file__).parent / "valteri.case.yaml"], database="mysql://x/y", say=lambda said: None)
