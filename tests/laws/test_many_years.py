"""What a client has given and taken back over many years does not shut anybody out."""

from __future__ import annotations

import asyncio

import pytest

from adapters.opa.decision import MAX_GRANTS
from gateway.consent.giving import MOST_IN_FORCE
from gateway.disclosure.release import Refused, Released
from gateway.errors import ConsentRefused
from tests.laws.gateway_world import Laws


async def test_a_client_who_gave_and_withdrew_more_often_than_one_decision_may_weigh_is_served(laws: Laws) -> None:
    document = await laws.deposit()

    async def give_and_withdraw() -> None:
        await laws.gateway.recording.withdraw((await laws.give()).id)

    for _ in range(MAX_GRANTS // 10 + 1):
        await asyncio.gather(*(give_and_withdraw() for _ in range(10)))
    refused = await laws.ask(laws.read_of(document))
    assert isinstance(refused, Refused) and refused.reason == "withdrawn"
    await laws.give()
    assert isinstance(await laws.ask(laws.read_of(document)), Released)


async def test_no_more_consents_are_in_force_for_one_recipient_than_its_questions_are_judged_by(laws: Laws) -> None:
    document = await laws.deposit()
    first, *_ = [await laws.give() for _ in range(MOST_IN_FORCE)]
    before = laws.size()
    with pytest.raises(ConsentRefused) as refused:
        await laws.give()
    assert refused.value.reason == "too-many-consents" and laws.size() == before
    # Others are not touched by it, and the client is served all the same.
    await laws.give("sirpa")
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    await laws.gateway.recording.withdraw(first.id)
    await laws.give()
