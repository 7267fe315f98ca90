"""A date long ago is a date: what somebody records of it disturbs nobody, and no answer tells who is a client by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from gateway.consent.model import Actor, Capture, CaptureMethod, Evidence, Shown
from gateway.directory.instants import YEARS
from gateway.errors import BodyInvalid
from tests.laws.gateway_world import Laws, open_world, removed

LONG_AGO = [datetime(1960, 1, 1, tzinfo=UTC), datetime(YEARS.start, 1, 1, tzinfo=UTC)]
SEEN = Evidence((("identity_check", "seen"),))
STRANGER = "131052-308T"


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """An open gateway with the demo world in it."""
    async with open_world(tmp_path) as made:
        yield made
    removed(tmp_path)


def _dated(laws: Laws, at: str) -> bytes:
    content = orjson.loads(laws.sample("suvi", custodian="sote-keskus"))
    return orjson.dumps(content | {"created": at})


@pytest.mark.parametrize("since", LONG_AGO)
async def test_what_another_house_records_of_a_date_long_ago_refuses_nobody(laws: Laws, since: datetime) -> None:
    client, document = await laws.client("suvi"), await laws.deposit("suvi")
    await laws.give("suvi")
    wording = laws.gateway.wordings.current()
    row = laws.row(dated_from=since, until=laws.clock.now() + timedelta(days=1))
    await laws.gateway.recording.give(
        client, [row], Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=SEEN),
        Shown(wording.id, wording.version, "fi", "plain", "0" * 64),
        by=Actor(service="tyopaja", system="tyopaja-system", worker="w-1"),
    )  # fmt: skip
    assert (await laws.read(document)).status_code == 200
    await laws.gateway.recording.withdraw_all(client)
    refused, stranger = await laws.search(laws.code("suvi")), await laws.search(STRANGER)
    assert (refused.status_code, refused.content) == (stranger.status_code, stranger.content)
    assert laws.verify() == []


@pytest.mark.parametrize("since", LONG_AGO)
async def test_a_relation_may_have_begun_long_ago(laws: Laws, since: datetime) -> None:
    document = await laws.deposit("suvi")
    relation = await laws.relate("suvi", valid_from=since)
    assert (await laws.read(document)).status_code == 200
    by = Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1")
    await laws.gateway.recording.end_relation(relation, by=by)
    assert (await laws.read(document)).status_code == 404
    await laws.give("suvi")
    assert (await laws.read(document)).status_code == 200


async def test_a_document_of_long_ago_is_read_like_any_other_and_tells_nobody_who_is_a_client(laws: Laws) -> None:
    accepted = await laws.gateway.acceptance.accept("CarePlan", _dated(laws, "1965-03-01"))
    stored = await laws.gateway.deposits.create(accepted, laws.requester("sote-keskus", "laakari", "care"))
    found, stranger = await laws.search(laws.code("suvi")), await laws.search(STRANGER)
    assert (found.status_code, found.content) == (stranger.status_code, stranger.content)
    assert (await laws.read(stored.id)).status_code == 404
    await laws.give("suvi", laws.row(dated_from=datetime(1960, 1, 1, tzinfo=UTC)))
    assert (await laws.read(stored.id)).status_code == 200
    assert laws.entries()[-1].b is not None
    assert laws.verify() == []


@pytest.mark.parametrize("at", ["1899-12-31", "2201-01-02", "9999-12-31", "0001-01-01"])
async def test_a_document_of_no_year_of_ours_is_refused_with_its_place(laws: Laws, at: str) -> None:
    with pytest.raises(BodyInvalid) as refused:
        await laws.gateway.acceptance.accept("CarePlan", _dated(laws, at))
    assert [place for place, _ in refused.value.faults] == ["CarePlan.created"]
