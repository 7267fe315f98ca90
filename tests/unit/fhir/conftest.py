"""The demo's directory and a client of the artificial series, for documents of every category."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.load import load_directory
from gateway.directory.model import Directory

WORLD = Path(__file__).parents[3] / "gateway" / "demo" / "world.yaml"
AT = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
CODE = "140395-9022"
OTHER_CODE = "020975-9042"


@pytest.fixture(scope="session")
def directory() -> Directory:
    return load_directory(WORLD)


@pytest.fixture(scope="session")
def client() -> Identifier:
    return Identifier.personal(PersonalIdentityCode.parse(CODE))


@pytest.fixture(scope="session")
def at() -> datetime:
    return AT
