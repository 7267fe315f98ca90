"""Every store of kept answers: one request has a key, its answer is kept for a day, and another act is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sql.kept_answers import SqlKeptAnswers
from gateway.consent.repeating import HELD, LASTS, Answered, Begun, Clash, KeptAnswers
from tests.contract.databases import database_url
from tests.parts.postgres import ON_BOTH
from tests.simulators.kept_answers import SimulatedAnswers
from tests.unit.consent.consent_room import Room

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
ACT, OTHER, KEY = b"a" * 32, b"b" * 32, "8e03978e-40d5-43e8-bc93-6894a57f9324"
ANSWER = Answered(201, (("etag", '"1"'),), b'{"consent": "Suvi"}')


@pytest.fixture(params=["in memory", *ON_BOTH])
def answers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeptAnswers]:
    """A store."""
    if request.param == "in memory":
        yield SimulatedAnswers()
        return
    with database_url(request.param, tmp_path) as url:
        room = Room.open(tmp_path, url)
        yield SqlKeptAnswers(room.database, b"k" * 32)
        room.close()


async def test_first_request_has_the_key_and_who_comes_meanwhile_waits(answers: KeptAnswers) -> None:
    assert isinstance(await answers.take("s", KEY, ACT, NOW), Begun)
    assert await answers.take("s", KEY, ACT, NOW + HELD - timedelta(microseconds=1)) is Clash.UNDER_WAY
    assert await answers.take("s", KEY, OTHER, NOW) is Clash.OTHER_ACT


async def test_same_act_gets_the_same_answer_for_a_day_and_another_act_none(answers: KeptAnswers) -> None:
    first = await answers.take("s", KEY, ACT, NOW)
    await answers.keep("s", KEY, ANSWER)
    end = NOW + LASTS
    assert await answers.take("s", KEY, ACT, end - timedelta(microseconds=1)) == ANSWER
    assert await answers.take("s", KEY, OTHER, NOW) is Clash.OTHER_ACT
    anew = await answers.take("s", KEY, OTHER, end)
    assert isinstance(anew, Begun) and anew != first


async def test_key_of_one_system_is_nothing_to_another(answers: KeptAnswers) -> None:
    await answers.take("s", KEY, ACT, NOW)
    await answers.keep("s", KEY, ANSWER)
    assert isinstance(await answers.take("other", KEY, OTHER, NOW), Begun)
    assert await answers.take("s", KEY, ACT, NOW) == ANSWER


async def test_act_without_an_answer_is_tried_again_by_the_same_form(answers: KeptAnswers) -> None:
    first = await answers.take("s", KEY, ACT, NOW)
    await answers.let_go("s", KEY)
    second = await answers.take("s", KEY, ACT, NOW)
    third = await answers.take("s", KEY, ACT, NOW + HELD)
    assert isinstance(first, Begun) and first == second == third


async def test_key_of_what_recorded_nothing_is_free(answers: KeptAnswers) -> None:
    first = await answers.take("s", KEY, ACT, NOW)
    await answers.forget("s", KEY)
    again = await answers.take("s", KEY, OTHER, NOW)
    assert isinstance(first, Begun) and isinstance(again, Begun) and first != again
    await answers.forget("s", "unknown-and-long-enough")
    await answers.let_go("s", "unknown-and-long-enough")
    await answers.keep("s", "unknown-and-long-enough", ANSWER)
    assert isinstance(await answers.take("s", "unknown-and-long-enough", ACT, NOW), Begun)


async def test_of_many_at_once_one_has_the_key(answers: KeptAnswers) -> None:
    taken = await asyncio.gather(*(answers.take("s", KEY, ACT, NOW) for _ in range(8)))
    assert sum(isinstance(one, Begun) for one in taken) == 1
    assert all(isinstance(one, Begun) or one is Clash.UNDER_WAY for one in taken)
    await answers.let_go("s", KEY)
    taken = await asyncio.gather(*(answers.take("s", KEY, ACT, NOW) for _ in range(8)))
    assert sum(isinstance(one, Begun) for one in taken) == 1


@pytest.mark.parametrize("store", ON_BOTH)
async def test_row_tells_neither_key_nor_answer_and_is_none_to_another_gateway(tmp_path: Path, store: str) -> None:
    with database_url(store, tmp_path) as url:
        room = Room.open(tmp_path, url)
        kept = SqlKeptAnswers(room.database, b"k" * 32)
        await kept.take("system", KEY, ACT, NOW)
        await kept.keep("system", KEY, ANSWER)
        with room.database.read() as connection:
            row = connection.execute(text("SELECT digest, sealed FROM kept_answer")).one()
        for told in (KEY.encode(), b"Suvi", b"system", ACT):
            assert told not in bytes(row.digest) and told not in bytes(row.sealed)
        assert await SqlKeptAnswers(room.database, b"x" * 32).take("system", KEY, ACT, NOW) is Clash.OTHER_ACT
        room.close()
