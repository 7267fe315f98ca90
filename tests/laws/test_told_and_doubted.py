"""What a client is told of, pauses and doubts, on a whole gateway: releases, the log, and what `verify` says of it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from gateway.consent.acting import to_officer
from gateway.consent.model import Actor
from gateway.consent.notice_choice import NoticeChoice, Rhythm
from gateway.disclosure.accounts import Accounts
from gateway.disclosure.already_seen import disclosed_under
from gateway.disclosure.concern import ANSWERED_WITHIN, MAX_WORDS, Answer
from gateway.disclosure.log_query import Officer
from gateway.disclosure.opened import Opened
from gateway.disclosure.phrases import load_phrases
from gateway.disclosure.release import Refused, Released
from gateway.errors import ConsentRefused
from tests.laws.gateway_world import PLAN, Laws

OFFICER = Officer("dpo-1", "Tiina", "tyollisyysalue")


async def told(laws: Laws) -> int:
    """How many messages tell Suvi of a release."""
    client = await laws.client("suvi")
    messages = await laws.gateway.recording.messages_to("client", client)
    return sum(one.kind == "disclosure" for one in messages)


def last(laws: Laws, kind: str) -> Opened:
    return next(one for one in reversed(laws.entries()) if one.kind == kind)


async def reason(awaitable: object) -> str:
    with pytest.raises(ConsentRefused) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.reason


# Told.


@pytest.mark.parametrize("rhythm, more", [(Rhythm.EACH, 1), (Rhythm.DAILY, 1), (Rhythm.MONTHLY, 1), (Rhythm.NEVER, 0)])
async def test_a_release_on_consent_is_told_to_whom_chose_so(laws: Laws, rhythm: Rhythm, more: int) -> None:
    document = await laws.deposit()
    await laws.give()
    await laws.ask(laws.read_of(document))
    assert await told(laws) == 0
    await laws.gateway.recording.choose_notices(await laws.client("suvi"), NoticeChoice(rhythm))
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    assert await told(laws) == more
    event = last(laws, "disclosure").event_id
    messages = await laws.gateway.recording.messages_to("client", await laws.client("suvi"))
    assert [one.body["event"] for one in messages if one.kind == "disclosure"] == [event] * more
    assert laws.verify() == []


async def test_of_releases_at_once_each_is_told_and_a_search_that_shows_nothing_is_not(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    await laws.gateway.recording.choose_notices(await laws.client("suvi"), NoticeChoice(Rhythm.EACH))
    answers = await asyncio.gather(*(laws.ask(laws.read_of(document)) for _ in range(8)))
    assert all(isinstance(one, Released) for one in answers)
    assert await told(laws) == 8
    await laws.ask(laws.search_of(laws.code("suvi"), category="handover"))
    assert await told(laws) == 8
    assert laws.verify() == []


# Paused.


async def test_a_pause_stops_what_rests_on_consent_and_leaves_what_rests_on_law(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    client = await laws.client("suvi")
    await laws.gateway.recording.pause(client)
    paused = await laws.ask(laws.read_of(document))
    assert isinstance(paused, Refused) and paused.reason == "prohibited"
    laws.clock.advance(timedelta(days=31))
    await laws.gateway.recording.remind_due()
    still = await laws.ask(laws.read_of(document))
    assert isinstance(still, Refused) and still.reason == "prohibited"
    relation = await laws.relate()
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    by = Actor(service="sote-keskus", system="sote-keskus-system", worker="w-1")
    await laws.gateway.recording.end_relation(relation, by)
    assert await laws.gateway.recording.end_pause(client) == 1
    assert isinstance(await laws.ask(laws.read_of(document)), Released)
    assert laws.verify() == []
    page = await laws.gateway.searching.own(client)
    for language in ("fi", "fi-x-selko", "sv", "en"):
        accounts = Accounts(laws.world.directory, load_phrases(), language).tell(page.entries)
        given = next(one for one in accounts if one.kind == "prohibition.given")
        assert given.sentence == load_phrases().text("accounts", "prohibition.given.pause", language)


# Withdrawn, and seen already.


async def test_what_was_disclosed_under_a_consent_is_told_and_nothing_else(laws: Laws) -> None:
    document, other = await laws.deposit(), await laws.deposit()
    to_kela = laws.row(recipient="kela", purpose="rehabilitation-decision")
    consent, elsewhere = await laws.give(), await laws.give("suvi", to_kela)
    await laws.ask(laws.read_of(document))
    client, searching = await laws.client("suvi"), laws.gateway.searching
    await laws.ask(laws.search_of(laws.code("suvi")))
    seen = await disclosed_under(searching, client, consent.id)
    assert [one.document for one in seen].count(document) == 2
    assert {one.document for one in seen} == {document, other}
    assert {(one.recipient, one.custodian, one.category) for one in seen} == {("kuntakokeilu", "sote-keskus", PLAN)}
    assert [one.index for one in seen] == sorted((one.index for one in seen), reverse=True)
    assert await disclosed_under(searching, client, elsewhere.id) == ()
    assert await disclosed_under(searching, await laws.client("sirpa"), consent.id) == ()


async def test_everything_withdrawn_opens_nothing_and_the_log_is_sound(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    await laws.give()
    await laws.gateway.recording.withdraw_all(await laws.client("suvi"))
    after = await laws.ask(laws.read_of(document))
    assert isinstance(after, Refused) and after.reason == "withdrawn"
    assert laws.verify() == []


# Doubted.


async def test_a_concern_goes_to_each_organisation_of_the_entry_and_comes_back_answered(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    await laws.ask(laws.read_of(document))
    client, concerns, entry = await laws.client("suvi"), laws.gateway.concerns, last(laws, "disclosure")
    raised = await concerns.raise_concern(client, entry.origin, entry.index, said=" En tiedä, miksi. ")
    assert {case.organisation for case in raised.cases} == {"tyollisyysalue", "hyvinvointialue"}
    assert (raised.said, raised.is_open, raised.due_at - raised.raised_at) == (
        "En tiedä, miksi.",
        True,
        ANSWERED_WITHIN,
    )
    assert raised.is_late(raised.due_at) and not raised.is_late(raised.raised_at)
    assert await concerns.raise_concern(client, entry.origin, entry.index) == raised
    assert [one.kind for one in laws.entries()].count("concern.raised") == 1
    mine = await concerns.cases_of(OFFICER)
    assert [case.organisation for one in mine for case in one.cases] == ["tyollisyysalue"]
    assert laws.entries()[-1].kind == "audit.read"
    answered = await concerns.answer(raised.id, OFFICER, Answer.RIGHTFUL, "Palveluohjaaja valmisteli tapaamista.")
    assert [case.answer for case in answered.cases] == [Answer.RIGHTFUL]
    (shown,) = await concerns.of_client(client)
    assert shown.is_open
    assert {case.organisation: case.text for case in shown.cases} == {
        "tyollisyysalue": "Palveluohjaaja valmisteli tapaamista.", "hyvinvointialue": "",
    }  # fmt: skip
    assert await reason(concerns.answer(raised.id, OFFICER, Answer.MISUSE, "Uusi.")) == "already-answered"
    await concerns.answer(raised.id, Officer("dpo-2", None, "hyvinvointialue"), Answer.MISTAKE, "Selvitetään.")
    assert not (await concerns.of_client(client))[0].is_open
    messages = await laws.gateway.recording.messages_to("client", client)
    assert [one.kind for one in messages].count("concern.answered") == 2
    assert laws.verify() == []


async def test_each_officer_is_told_once_of_a_new_question_and_once_of_a_late_one(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    await laws.ask(laws.read_of(document))
    client, concerns, entry = await laws.client("suvi"), laws.gateway.concerns, last(laws, "disclosure")
    await laws.gateway.recording.deliver_outbox()
    raised = await concerns.raise_concern(client, entry.origin, entry.index, said="salaisuus")
    await concerns.raise_concern(client, entry.origin, entry.index)
    parties = [to_officer(one) for one in ("tyollisyysalue", "hyvinvointialue")]

    async def told() -> list[list[str]]:
        return [[one.kind for one in await laws.gateway.recording.messages_to(party)] for party in parties]

    assert await told() == [["concern.new"], ["concern.new"]]
    assert await concerns.remind_late() == 0
    laws.clock.advance(raised.due_at - laws.clock.now())
    await concerns.answer(raised.id, OFFICER, Answer.RIGHTFUL, "Palveluohjaaja valmisteli tapaamista.")
    assert [await concerns.remind_late() for _ in range(2)] == [1, 0]
    assert await told() == [["concern.new"], ["concern.new", "concern.late"]]
    assert "salaisuus" not in repr([await laws.gateway.recording.messages_to(party) for party in parties])
    # The services' own inboxes have nothing of it.
    assert "concern" not in repr(await laws.gateway.recording.messages_to("kuntakokeilu"))
    await laws.gateway.recording.deliver_outbox()
    dropped = [json.loads(one.read_text()) for one in (laws.folder / "outbox" / "notices" / "email").glob("*.json")]
    assert sum(one["subject"].startswith("Kysymys odottaa vastausta / ") for one in dropped) == 3
    assert not any(word in str(dropped) for word in ("suvi", "Suvi", "salaisuus", document, client))
    assert laws.verify() == []


async def test_no_words_of_a_concern_stand_in_the_log_or_a_message(laws: Laws) -> None:
    await laws.give()
    client, entry = await laws.client("suvi"), last(laws, "consent.given")
    raised = await laws.gateway.concerns.raise_concern(client, entry.origin, entry.index, said="salaisuus")
    case = raised.cases[0]
    officer = Officer("dpo-1", "Tiina", case.organisation)
    await laws.gateway.concerns.answer(raised.id, officer, Answer.MISUSE, "vastaussalaisuus")
    assert "salaisuus" not in repr((laws.entries(), raised, case))
    assert "Tiina" not in repr([one.b for one in laws.entries()])
    messages = await laws.gateway.recording.messages_to("client", client)
    assert "salaisuus" not in repr(messages)


async def test_nobody_doubts_anothers_entry_or_answers_anothers_case(laws: Laws) -> None:
    await laws.give()
    suvi, sirpa, entry = await laws.client("suvi"), await laws.client("sirpa"), last(laws, "consent.given")
    concerns = laws.gateway.concerns
    for origin, index in ((entry.origin, entry.index), (entry.origin, 10_000), (entry.origin, -1), ("other/log", 0)):
        assert await reason(concerns.raise_concern(sirpa, origin, index)) == "not-found"
    too_long = concerns.raise_concern(suvi, entry.origin, entry.index, said="a" * (MAX_WORDS + 1))
    assert await reason(too_long) == "request-invalid"
    raised = await concerns.raise_concern(suvi, entry.origin, entry.index)
    stranger = Officer("dpo-9", None, "kela")
    assert "kela" not in {case.organisation for case in raised.cases}
    assert await concerns.cases_of(stranger) == ()
    for id in (raised.id, "unknown"):
        assert await reason(concerns.answer(id, stranger, Answer.RIGHTFUL, "Vastaus.")) == "not-found"
    assert await reason(concerns.cases_of(Officer("dpo-9"))) == "not-found"
    for text in ("", "  ", "a" * (MAX_WORDS + 1)):
        assert await reason(concerns.answer(raised.id, OFFICER, Answer.RIGHTFUL, text)) == "request-invalid"


async def test_an_entry_in_which_no_service_had_a_part_is_nobodys_to_answer(laws: Laws) -> None:
    client = await laws.client("suvi")
    await laws.gateway.recording.choose_notices(client, NoticeChoice(Rhythm.EACH))
    entry = last(laws, "client.notices")
    raising = laws.gateway.concerns.raise_concern(client, entry.origin, entry.index)
    assert await reason(raising) == "request-invalid"
