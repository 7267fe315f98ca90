"""What the directory allows only until an instant is released until then, whatever lies between judgement and entry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.directory.model import Directory
from gateway.directory.period import Period
from gateway.disclosure.order_law import check_order
from gateway.disclosure.release import Refused, Released
from tests.laws.gateway_world import PLAN, Laws, open_world, removed


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """An open gateway with the demo world in it."""
    async with open_world(tmp_path) as made:
        yield made
    removed(tmp_path)


def _flow(directory: Directory, end: datetime) -> Directory:
    flows = (replace(one, period=Period(None, end)) if one.category == PLAN else one for one in directory.flows)
    return replace(directory, flows=tuple(flows))


def _projection(directory: Directory, end: datetime) -> Directory:
    rows = (replace(one, period=Period(None, end)) if one.category == PLAN else one for one in directory.projections)
    return replace(directory, projections=tuple(rows))


def _role(directory: Directory, end: datetime) -> Directory:
    ended = tuple(replace(one, period=Period(None, end)) for one in directory.roles["omavalmentaja"])
    return replace(directory, roles={**directory.roles, "omavalmentaja": ended})


def _service(directory: Directory, end: datetime) -> Directory:
    ended = replace(directory.services["kuntakokeilu"], period=Period(None, end))
    return replace(directory, services={**directory.services, "kuntakokeilu": ended})


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (_flow, "basis-not-applicable"), (_projection, "permit-unfounded"), (_role, "request-invalid"),
        (_service, "service-closed"),
    ],
)  # fmt: skip
async def test_nothing_is_released_once_what_the_directory_allowed_has_ended(
    laws: Laws, ends: Callable[[Directory, datetime], Directory], reason: str
) -> None:
    document = await laws.deposit()
    await laws.give()
    parts = laws.gateway.parts
    soon = laws.clock.now() + timedelta(seconds=1)

    def slowly(*asked: Any) -> bytes | None:
        laws.clock.advance(timedelta(seconds=2))
        return parts.render(*asked)

    directory = ends(parts.directory, soon)
    before = await laws.ask(laws.read_of(document), replace(parts, directory=directory))
    assert isinstance(before, Released)
    answer = await laws.ask(laws.read_of(document), replace(parts, directory=directory, render=slowly))
    assert isinstance(answer, Refused)
    assert answer.reason == reason
    assert check_order(laws.entries(), directory).faults == []
