"""The consent room as a fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.consent.consent_room import Room


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Return a fresh consent room."""
    opened = Room.open(tmp_path)
    yield opened
    opened.close()
