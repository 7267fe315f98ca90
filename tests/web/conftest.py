"""The human edge's harness."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.people import People, open_people


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    """A gateway of its own with its pages, on SQLite."""
    async with open_people(tmp_path) as opened:
        yield opened
