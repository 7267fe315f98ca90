"""An identifier that was pointed at another client by hand opens nobody's account, and is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.consent.model import Actor
from gateway.consent.notice_choice import NoticeChoice, Rhythm
from gateway.consent.person import Person
from gateway.directory.identity_code import Identifier
from gateway.errors import StoreUnavailable
from gateway.verification import verify_gateway
from tests.laws.by_hand import edit
from tests.laws.gateway_world import Laws, installed, open_world


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """A gateway on SQLite."""
    async with open_world(installed(tmp_path)) as made:
        yield made


def told(laws: Laws) -> list[tuple[str, str]]:
    """What verifying finds in the register."""
    return [(one.where, one.what) for one in verify_gateway(laws.gateway).tree.findings]


LED_AWAY = "an identifier that the client's sealed record holds does not lead there"
NOT_HELD = "an identifier leads to a client whose sealed record does not hold it"


async def test_identifier_pointed_at_another_client_opens_no_account_and_gives_nothing(laws: Laws) -> None:
    suvi, maija = await laws.client("suvi"), await laws.client("maija")
    code = Identifier.personal(laws.world.clients["maija"].code)
    assert await laws.gateway.desk.find_or_add(code) == maija
    assert told(laws) == []
    edit(laws.gateway.database, "UPDATE client_identifier SET client = :to WHERE client = :whose", to=suvi, whose=maija)
    with pytest.raises(StoreUnavailable, match="does not hold it"):
        await laws.gateway.desk.find_or_add(code)
    with pytest.raises(StoreUnavailable):
        await laws.gateway.clients.enrol(Person((code,)), Actor(system="gateway"))
    assert set(told(laws)) == {(f"client {suvi}", NOT_HELD), (f"client {maija}", LED_AWAY)}
    # Whose row was not touched enters as before.
    assert await laws.gateway.desk.find_or_add(Identifier.personal(laws.world.clients["suvi"].code)) == suvi


async def test_client_whose_sealed_record_was_taken_away_is_not_entered(laws: Laws) -> None:
    suvi = await laws.client("suvi")
    edit(laws.gateway.database, "UPDATE client SET sealed = NULL WHERE id = :whose", whose=suvi)
    with pytest.raises(StoreUnavailable):
        await laws.gateway.desk.find_or_add(Identifier.personal(laws.world.clients["suvi"].code))
    assert told(laws) == [(f"client {suvi}", "an identifier leads to a client whose sealed record is gone")]


async def test_identifier_that_was_taken_out_by_hand_is_told(laws: Laws) -> None:
    suvi = await laws.client("suvi")
    edit(laws.gateway.database, "DELETE FROM client_identifier WHERE client = :whose", whose=suvi)
    assert told(laws) == [(f"client {suvi}", LED_AWAY)]


async def test_a_sealed_record_that_was_put_back_is_told(laws: Laws) -> None:
    suvi, recording, database = await laws.client("suvi"), laws.gateway.recording, laws.gateway.database

    def sealed() -> bytes:
        with database.read() as connection:
            found = connection.execute(text("SELECT sealed FROM client WHERE id = :id"), {"id": suvi})
            return bytes(found.scalar_one())

    first = sealed()
    await recording.choose_notices(suvi, NoticeChoice(Rhythm.EACH), language="sv")
    old = sealed()
    await recording.choose_notices(suvi, NoticeChoice(Rhythm.EACH), language="en")
    assert told(laws) == []
    for earlier in (old, first):
        edit(database, "UPDATE client SET sealed = :old WHERE id = :whose", old=earlier, whose=suvi)
        assert told(laws) == [
            (f"client {suvi}", "the client's sealed record is an earlier one, put back: its addresses are old")
        ]
