"""A gateway of its own for each law, on either store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.laws.gateway_world import Laws, installed, open_world, removed
from tests.parts.postgres import ON_BOTH


@pytest.fixture(params=ON_BOTH)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder with an installation in it."""
    try:
        yield installed(tmp_path, request.param)
    finally:
        removed(tmp_path)


@pytest.fixture
async def laws(place: Path) -> AsyncIterator[Laws]:
    """An open gateway with the demo world in it."""
    async with open_world(place) as made:
        yield made
