"""Every case of this folder, played on the whole gateway: given, read, withdrawn, refused, and the log proves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.demo.local_opa import local_opa
from gateway.demo.world import load_world
from gateway.rehearsal.case import Case
from gateway.rehearsal.fresh import fresh_gateways
from gateway.rehearsal.parsing import parse_cases
from gateway.rehearsal.runner import play
from gateway.rehearsal.stage import MakeGateway

FOLDER = Path(__file__).parent
WORLD = load_world()
CASES = parse_cases(FOLDER, world=WORLD)
every_case = pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])


@pytest.fixture(scope="session")
def embedded() -> MakeGateway:
    """The maker of gateways that share one embedded engine."""
    return fresh_gateways(WORLD)


@pytest.fixture(scope="session")
def opa_url() -> Iterator[str]:
    """The address of one OPA server for all cases."""
    with local_opa() as address:
        yield address


@every_case
async def test_case_goes_as_told_on_the_embedded_engine(case: Case, embedded: MakeGateway) -> None:
    outcome = await play(case, embedded, WORLD)
    assert outcome.passed, outcome.failure


@pytest.mark.needs_opa
@every_case
async def test_case_goes_as_told_on_an_opa_server(case: Case, opa_url: str) -> None:
    outcome = await play(case, fresh_gateways(WORLD, engine="opa", opa_url=opa_url), WORLD)
    assert outcome.passed, outcome.failure


def test_our_copies_are_the_shared_cases(shared: Callable[[str], Path]) -> None:
    theirs = {file.name: file.read_bytes() for file in shared("cases").glob("*.case.yaml")}
    ours = {file.name: file.read_bytes() for file in FOLDER.glob("*.case.yaml")}
    assert {name: ours.get(name) for name in theirs} == theirs
