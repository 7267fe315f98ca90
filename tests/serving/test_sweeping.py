"""The sweep of several processes: one does it, each end is written once, and another takes over."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from gateway.errors import SettingsError
from gateway.serving.sweeping import Sweep
from tests.laws.gateway_world import Laws, open_world


async def sweep_while(laws: tuple[Laws, ...], something: Laws) -> None:
    """Let all of them sweep until nothing waits any more."""
    sweeps = [asyncio.create_task(Sweep(one.gateway).run()) for one in laws]
    async with asyncio.timeout(120):
        while waits(something):
            await asyncio.sleep(0.05)
    for one in sweeps:
        one.cancel()
        with suppress(asyncio.CancelledError):
            await one


def waits(laws: Laws) -> bool:
    """Whether a message is not delivered or an end not written yet."""
    with laws.gateway.database.read() as connection:
        left = connection.execute(text("SELECT count(*) FROM outbox WHERE delivered IS NULL")).scalar_one()
        unwritten = connection.execute(text("SELECT count(*) FROM consent_grant WHERE NOT expired_logged")).scalar_one()
    return bool(left or unwritten)


async def test_one_of_two_sweeps_each_end_is_written_once_and_the_other_takes_over(tmp_path: Path) -> None:
    async with open_world(tmp_path, web=False) as first, open_world(tmp_path, web=False) as second:
        both = (first, second)
        for number, one in enumerate(both, 1):
            await one.give("suvi", one.row(until=one.clock.now() + timedelta(hours=1)))
            for clock in (first.clock, second.clock):
                clock.advance(timedelta(hours=2))
            await sweep_while(both, first)
            assert [entry.kind for entry in first.entries()].count("consent.expired") == number
            has_turn, has_none = (first, second) if first.gateway.turn.take() else (second, first)
            assert not has_none.gateway.turn.take()
            has_turn.gateway.turn.close()
            assert has_none.gateway.turn.take()
        assert first.verify() == []


async def test_a_process_stops_once_another_has_recorded_other_rules(tmp_path: Path) -> None:
    async with open_world(tmp_path, web=False) as laws:
        with laws.gateway.database.write() as connection:
            connection.execute(text("UPDATE world_state SET directory = 'of another process'"))
            connection.commit()
        with pytest.raises(SettingsError, match="start this one again"):
            await asyncio.wait_for(Sweep(laws.gateway).run(), 60)


async def test_the_sweep_reminds_once_and_what_it_sends_tells_nothing(tmp_path: Path) -> None:
    counted: list[tuple[str, str, int]] = []
    async with open_world(tmp_path, web=False) as laws:
        sweep = Sweep(laws.gateway, noticed=lambda *what: counted.append(what))
        client = await laws.client("suvi")
        await laws.give("suvi", laws.row(until=laws.clock.now() + timedelta(days=40)))
        await sweep.once()
        assert [outcome for outcome, _, _ in counted] == ["delivered"]
        laws.clock.advance(timedelta(days=10))
        for _ in range(3):
            await sweep.once()
        messages = await laws.gateway.recording.messages_to("client", client)
        assert [one.kind for one in messages] == ["consent.given", "reminder.ends"]
        assert not waits_to_be_told(laws)
        sent = [orjson.loads(file.read_bytes()) for file in (tmp_path / "outbox" / "notices").rglob("*.json")]
        assert {one["text"] for one in sent} == {
            "Sinulle on uutta suostumuspalvelussa. Katso kirjautumalla: https://gateway.example"
        }
        assert len(sent) == 2


async def test_a_reminder_that_is_due_within_the_hour_is_written_at_the_next_look(tmp_path: Path) -> None:
    async with open_world(tmp_path, web=False) as laws:
        sweep, client = Sweep(laws.gateway), await laws.client("suvi")
        await laws.gateway.recording.pause(client, lasting=timedelta(minutes=30))
        for minutes, reminded in ((0, 0), (31, 0), (29, 1), (61, 1)):
            laws.clock.advance(timedelta(minutes=minutes))
            await sweep.once()
            messages = await laws.gateway.recording.messages_to("client", client)
            assert [one.kind for one in messages].count("reminder.pause") == reminded


def waits_to_be_told(laws: Laws) -> bool:
    """Whether a message is not delivered."""
    with laws.gateway.database.read() as connection:
        return bool(connection.execute(text("SELECT count(*) FROM outbox WHERE delivered IS NULL")).scalar_one())
