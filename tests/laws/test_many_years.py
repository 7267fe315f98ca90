"""What a client has given and taken back over many years, or never confirmed, does not shut anybody out."""

from __future__ import annotations

import asyncio

import pytest

from adapters.opa.decision import MAX_GRANTS
from gateway.consent import lifecycle
from gateway.consent.acting import Act
from gateway.consent.bounds import MOST_IN_FORCE, MOST_UNCONFIRMED
from gateway.consent.model import Actor, Capture, CaptureMethod, Evidence, RefusedRow, Shown
from gateway.consent.recording import Given
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


async def recorded(laws: Laws, service: str = "kuntakokeilu", **changed: object) -> Given:
    """Let a worker of *service* record what the client is to confirm."""
    wording = laws.gateway.wordings.current()
    return await laws.gateway.recording.give(
        await laws.client("suvi"), (laws.row(recipient=service, **changed),),
        Capture(CaptureMethod.WITH_PROFESSIONAL, evidence=Evidence((("identity_check", "passport"),))),
        Shown(wording.id, wording.version, "fi", "plain", "0" * 64),
        by=Actor(service=service, system=f"{service}-system", worker="w-1"),
    )  # fmt: skip


async def code_of(laws: Laws, given: Given) -> str:
    """Return the code that the client was sent for what was recorded."""
    messages = await laws.gateway.recording.messages_to("client", await laws.client("suvi"))
    return next(str(one.body["code"]) for one in messages if one.body.get("handle") == given.handle)


async def test_of_two_confirmations_at_once_for_the_last_place_one_is_refused_and_nothing_of_it_is_lost(
    laws: Laws,
) -> None:
    client, recording = await laws.client("suvi"), laws.gateway.recording
    first, *_ = [await laws.give() for _ in range(MOST_IN_FORCE - 1)]
    waiting = [await recorded(laws) for _ in range(2)]
    before = laws.size()
    outcomes = await asyncio.gather(
        *(recording.confirm_by_client(given.consent.id, client) for given in waiting), return_exceptions=True
    )
    (refused,) = [one for one in outcomes if isinstance(one, ConsentRefused)]
    assert refused.reason == "too-many-consents" and laws.size() == before + 1
    late = waiting[next(place for place, one in enumerate(outcomes) if one is refused)]
    # The custodian's worker is told the same; whoever has a wrong code learns nothing of it.
    custodian = Actor(service="sote-keskus", system="sote-keskus-system", worker="w-2")
    with pytest.raises(ConsentRefused, match="so many"):
        await recording.confirm_by_service(late.consent.id, custodian)
    code, path = await code_of(laws, late), f"/api/v1/confirmations/{late.handle}"
    wrong = await laws.web.post(path, json={"code": "AAAAAAAA"})
    right = await laws.web.post(path, json={"code": code})
    assert [wrong.json()["reason"], right.json()["reason"]] == ["confirm-not-allowed", "too-many-consents"]
    assert (wrong.status_code, right.status_code, laws.size()) == (409, 409, before + 1)
    await recording.withdraw(first.id)
    assert (await laws.web.post(path, json={"code": code})).status_code == 200
    stands = await recording.consent_of_client(late.consent.id, client)
    assert stands is not None and stands.grants[0].confirmed


async def test_who_records_what_the_client_never_confirms_comes_to_an_end_and_fills_no_others_place(
    laws: Laws,
) -> None:
    client, recording = await laws.client("suvi"), laws.gateway.recording
    first, *_ = [await recorded(laws) for _ in range(MOST_UNCONFIRMED)]
    before, messages = laws.size(), len(await recording.messages_to("client", client))
    with pytest.raises(ConsentRefused) as refused:
        await recorded(laws)
    assert refused.value.reason == "too-many-unconfirmed"
    assert laws.size() == before and len(await recording.messages_to("client", client)) == messages
    # Another organisation's worker, and the client's own hand, are not hindered by it.
    await recorded(laws, "kela", purpose="rehabilitation-decision")
    await laws.give()
    await recording.confirm_by_client(first.consent.id, client)
    await recorded(laws)
    for row in ("kuntakokeilu", "kela"):
        await recording.refuse(client, [RefusedRow(row, first.consent.grants[0].row.category)])
    await recording.withdraw(first.consent.id, client=client)


async def test_client_past_the_bound_by_an_earlier_version_can_still_make_a_consent_smaller(laws: Laws) -> None:
    waiting = await recorded(laws)
    two = (laws.row(), laws.row(sensitivities=frozenset({"health"})))
    kept = await laws.give("suvi", *two)
    for _ in range(MOST_IN_FORCE - len(two)):
        await laws.give()

    def confirm_unasked(act: Act) -> None:
        old = act.load(waiting.consent.id)
        act.office.stores.consents.save(act.connection, old, lifecycle.confirm(old, None)[0], act.at)

    await laws.gateway.recording.run(Actor(system="earlier-version"), confirm_unasked)
    wording = laws.gateway.wordings.current()
    told = Shown(wording.id, wording.version, "fi", "plain", "0" * 64)
    with pytest.raises(ConsentRefused, match="so many"):
        await laws.gateway.recording.change(kept.id, (*two, laws.row()), told, client=kept.client)
    changed = await laws.gateway.recording.change(kept.id, two[:1], told, client=kept.client)
    assert len(changed.consent.grants) == 1
