"""What the demo lets happen before anybody signs in: something to look at for everyone, and a request that waits."""

from __future__ import annotations

from collections import Counter
from io import StringIO

import pytest

from gateway.consent.model import ClientId, RefusedRow
from gateway.consent.view import RequestView
from gateway.demo.documents import deposit_samples
from gateway.demo.lives import LIVES, live
from gateway.demo.partner import PartnerSystem
from gateway.demo.stage import Stage
from gateway.demo.telling import Teller
from tests.laws.gateway_world import BASE, Laws


@pytest.fixture
async def stage(laws: Laws) -> Stage:
    """The demo world's stage, with its documents."""
    systems = {id: PartnerSystem(one, laws.web, BASE, laws.clock.now) for id, one in laws.systems.items()}
    clients = {key: await laws.client(key) for key in laws.world.clients}
    documents = await deposit_samples(laws.world, systems, {}, laws.clock.now())
    return Stage(laws.gateway, laws.world, laws.web, systems, clients, documents, Teller(StringIO()))


async def waiting(laws: Laws, client: ClientId) -> RequestView:
    """Return the one request that waits."""
    (request,) = (await laws.gateway.recording.for_client(client)).requests
    return request


async def test_everyone_has_a_request_and_the_others_something_to_look_at(laws: Laws, stage: Stage) -> None:
    await live(stage)
    outcomes = Counter((one.client, one.outcome) for one in laws.entries() if one.kind in ("disclosure", "decision"))
    for life in LIVES:
        client = stage.clients[life.client]
        custodian, category, (service, _, purpose) = life.asks[0]
        asked = await waiting(laws, client)
        assert (asked.custodian, asked.category, asked.recipient, asked.purpose) == (
            custodian, category, service, purpose,
        )  # fmt: skip
        if life.client != "suvi":
            assert outcomes[client, "permit"] == outcomes[client, "deny"] == 1, life.client
    assert laws.verify() == []


async def test_a_second_start_repeats_nothing_and_asks_the_next_where_an_answer_was_given(
    laws: Laws, stage: Stage
) -> None:
    await live(stage)
    maija = stage.clients["maija"]
    first = await waiting(laws, maija)
    await laws.gateway.recording.refuse(maija, [RefusedRow(first.recipient, first.category)])
    kinds = Counter(one.kind for one in laws.entries())
    await live(stage)
    added = Counter(one.kind for one in laws.entries()) - kinds
    second = await waiting(laws, maija)
    assert second.id != first.id and (second.custodian, second.category, second.recipient) == (
        *LIVES[3].asks[1][:2], LIVES[3].asks[1][2][0],
    )  # fmt: skip
    # The first is asked again and dropped, as within the cool-down anyone's is: that too is an entry.
    assert added == Counter({"consent.requested": 2})


async def test_whoever_has_answered_everything_is_left_alone(laws: Laws, stage: Stage) -> None:
    valteri = stage.clients["valteri"]
    for _ in LIVES[1].asks:
        await live(stage)
        asked = await waiting(laws, valteri)
        await laws.gateway.recording.refuse(valteri, [RefusedRow(asked.recipient, asked.category)])
    await live(stage)
    assert not (await laws.gateway.recording.for_client(valteri)).requests and laws.verify() == []
