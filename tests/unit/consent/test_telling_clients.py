"""How clients are told: choice, delivery in rounds, pauses, reminders, and withdrawing everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.errors import CommitFailed
from gateway.consent.delivering import MAX_ATTEMPTS
from gateway.consent.model import Actor, ClientId, Giver, GiverKind
from gateway.consent.notice_choice import ChannelKind, NoticeChoice, Rhythm
from gateway.consent.notice_texts import load_notice_texts
from gateway.consent.person import Person
from gateway.consent.ports import Notice, NoticePutOff, NoticeRefused
from gateway.consent.posting import Post
from gateway.consent.recording import Recording
from gateway.consent.view import Message
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.instants import parse_instant
from gateway.errors import ConsentRefused, StoreUnavailable
from tests.unit.consent.consent_room import SHOWN, START, Room, row, worker
from tests.unit.consent.test_recording import refused

TEXTS = load_notice_texts("https://gw.example")


@dataclass
class HeldPost:
    """A channel that keeps what was sent; *fault* is what it answers instead."""

    sent: list[Notice] = field(default_factory=list)
    fault: Exception | None = None

    async def send(self, notice: Notice) -> None:
        if self.fault is not None:
            raise self.fault
        self.sent.append(notice)


@dataclass
class FailingLog:
    """The room's log; *down* makes every write fail."""

    log: Any
    down: bool = False

    async def submit(self, item: object, *, urgent: bool = False) -> Any:
        if self.down:
            raise CommitFailed("down")
        return await self.log.submit(item, urgent=urgent)


@dataclass
class Telling:
    """A consent room whose clients are reached by e-mail and SMS."""

    room: Room
    mail: HeldPost = field(default_factory=HeldPost)
    sms: HeldPost = field(default_factory=HeldPost)
    log: FailingLog = field(init=False)
    recording: Recording = field(init=False)

    def __post_init__(self) -> None:
        room, self.log = self.room, FailingLog(self.room.log)
        post = Post({ChannelKind.EMAIL: self.mail, ChannelKind.SMS: self.sms}, TEXTS)

        async def read(look):  # type: ignore[no-untyped-def]
            with room.database.read() as connection:
                return look(connection)

        self.recording = room.recording = Recording(
            room.office, self.log, read, room.mandates, room.channel, room.clock.now, post, whole=False
        )  # type: ignore[arg-type]

    async def client(self, code: str = "140395-9022", *, language: str = "fi", **channels: str) -> ClientId:
        identifier = Identifier.personal(PersonalIdentityCode.parse(code))
        person = Person((identifier,), "Suvi", language, channels=channels or {"email": "suvi@example.fi"})
        return await self.room.clients.enrol(person, Actor(system="gateway"))

    async def disclosed(self, client: ClientId, event: str) -> None:
        """Write what a release writes in its own transaction."""

        def tell(act) -> None:  # type: ignore[no-untyped-def]
            self.recording.tell_released(act.connection, act.order, client, event, int(act.at.timestamp() * 1e6))

        await self.recording.run(Actor(system="gateway"), tell)

    async def message(self, client: ClientId, kind: str) -> Message:
        picture = await self.recording.for_client(client)
        return next(one for one in picture.messages if one.kind == kind and one.party == "client")

    async def counts(self) -> Counter[tuple[str, str]]:
        return +(await self.recording.deliver()).counts()


@pytest.fixture
def telling(tmp_path: Path) -> Iterator[Telling]:
    room = Room.open(tmp_path)
    yield Telling(room)
    room.close()


# What leaves.


async def test_a_notice_says_that_there_is_something_new_and_nothing_of_it(telling: Telling) -> None:
    client = await telling.client(language="en")
    await telling.room.give(client, row())
    assert await telling.recording.deliver_outbox() == 2
    notice = telling.mail.sent[0]
    assert notice.text == "There is something new for you in the consent service. Sign in to see it: https://gw.example"
    assert (notice.address, notice.language) == ("suvi@example.fi", "en")
    assert "suvi" not in repr(notice)
    assert [message.party for message, _ in telling.room.channel.delivered] == ["kuntakokeilu"]


async def test_what_waits_together_leaves_as_one_notice_and_a_code_alone(telling: Telling) -> None:
    client = await telling.client()
    await telling.disclosed(client, "e1")
    await telling.disclosed(client, "e2")
    await telling.recording.offer(client, [row()], SHOWN, worker("kuntakokeilu"))
    assert await telling.recording.deliver_outbox() == 3
    code, news = sorted(telling.mail.sent, key=lambda one: "https" in one.text)
    assert "https" not in code.text
    assert "https://gw.example" in news.text
    assert await telling.recording.deliver_outbox() == 0


async def test_easy_finnish_is_spoken_to_whoever_chose_it(telling: Telling) -> None:
    identifier = Identifier.personal(PersonalIdentityCode.parse("140395-9022"))
    person = Person((identifier,), "Valteri", "fi", "easy", {"sms": "+358401234567"})
    client = await telling.room.clients.enrol(person, Actor(system="gateway"))
    await telling.disclosed(client, "e1")
    await telling.recording.deliver_outbox()
    assert telling.sms.sent[0].text.startswith("Sinulle on uutta asiaa palvelussa.")


# The client's choice.


async def test_a_choice_is_an_entry_without_the_address(telling: Telling) -> None:
    client = await telling.client()
    choice = NoticeChoice(Rhythm.DAILY, ChannelKind.SMS, shared=True)
    await telling.recording.choose_notices(client, choice, address="+358 40 123 4567")
    assert telling.room.kinds() == ["client.notices"]
    assert "401234567" not in str(telling.room.entries())
    contact = await telling.recording.contact(client)
    assert contact.choice == choice
    assert contact.reachable == (ChannelKind.EMAIL, ChannelKind.SMS)
    assert dict(contact.hints) == {ChannelKind.EMAIL: "s…@example.fi", ChannelKind.SMS: "…567"}
    assert contact.notes == ("shared-address",)


@pytest.mark.parametrize(
    "language, begins",
    [("fi", "Sinulle on uutta"), ("fi-x-selko", "Sinulle on uutta asiaa palvelussa."), ("sv", "Det finns något nytt"),
     ("en", "There is something new")],
)  # fmt: skip
async def test_notices_and_codes_are_written_in_the_language_that_the_client_chose(
    telling: Telling, language: str, begins: str
) -> None:
    client = await telling.client(language="sv" if language != "sv" else "fi")
    await telling.recording.choose_notices(client, NoticeChoice(Rhythm.EACH), language=language)
    assert (await telling.recording.contact(client)).language == language
    await telling.disclosed(client, "e1")
    await telling.recording.offer(client, [row()], SHOWN, worker("kuntakokeilu"))
    await telling.recording.deliver_outbox()
    assert {notice.language for notice in telling.mail.sent} == {language}
    assert any(notice.text.startswith(begins) for notice in telling.mail.sent)
    assert telling.room.entries()[0]["language"] == language
    # A later choice that names none leaves it as it is.
    await telling.recording.choose_notices(client, NoticeChoice(Rhythm.DAILY))
    assert (await telling.recording.contact(client)).language == language
    strange = telling.recording.choose_notices(client, NoticeChoice(Rhythm.DAILY), language="tlh")
    assert await refused(strange) == "request-invalid"


async def test_the_page_is_told_of_a_marking_for_safety_and_of_no_channel(telling: Telling) -> None:
    client = await telling.client(post="a street")
    await telling.room.clients.mark(client, non_disclosure=True, by=Actor(system="gateway"))
    assert (await telling.recording.contact(client)).notes == ("non-disclosure", "no-channel")


@pytest.mark.parametrize(
    "channel, address",
    [
        (ChannelKind.EMAIL, "suvi@example.fi\r\nBcc: all@example.fi"), (ChannelKind.EMAIL, "suvi"),
        (ChannelKind.SMS, "0401234567"), (ChannelKind.SMS, "+358"), (None, "suvi@example.fi"),
        (ChannelKind.SUOMIFI, "suvi@example.fi"), (ChannelKind.SUOMIFI, None), (ChannelKind.SMS, None),
    ],
)  # fmt: skip
async def test_no_channel_is_chosen_that_does_not_reach_the_client(
    telling: Telling, channel: ChannelKind | None, address: str | None
) -> None:
    client = await telling.client()
    choosing = telling.recording.choose_notices(client, NoticeChoice(Rhythm.EACH, channel), address=address)
    assert await refused(choosing) == "request-invalid"
    assert telling.room.kinds() == []


async def test_a_new_address_is_told_to_the_old_one(telling: Telling) -> None:
    client = await telling.client()
    choice = NoticeChoice(Rhythm.EACH, ChannelKind.EMAIL)
    await telling.recording.choose_notices(client, choice, address="other@example.fi")
    await telling.disclosed(client, "e1")
    await telling.recording.deliver_outbox()
    assert {notice.address for notice in telling.mail.sent} == {"suvi@example.fi", "other@example.fi"}
    assert all("example.fi" not in notice.text for notice in telling.mail.sent)


async def test_the_chosen_channel_is_not_replaced_by_another(telling: Telling) -> None:
    client = await telling.client(email="suvi@example.fi", sms="+358401234567")
    await telling.recording.choose_notices(client, NoticeChoice(Rhythm.EACH, ChannelKind.SMS))
    telling.sms.fault = NoticeRefused("sms-422")
    await telling.disclosed(client, "e1")
    assert await telling.counts() == {("given-up", "sms-422"): 1}
    assert telling.mail.sent == []


async def test_daily_notices_leave_as_one_in_the_morning(telling: Telling) -> None:
    client = await telling.client()
    await telling.recording.choose_notices(client, NoticeChoice(Rhythm.DAILY))
    await telling.disclosed(client, "e1")
    await telling.disclosed(client, "e2")
    assert await telling.counts() == {("put-off", "by-choice"): 2}
    assert await telling.counts() == {}
    telling.room.clock.at = parse_instant("2026-11-23T09:00:00+02:00")
    assert await telling.counts() == {("delivered", ""): 2}
    assert len(telling.mail.sent) == 1


async def test_another_choice_counts_for_what_waits_by_the_one_before(telling: Telling) -> None:
    client = await telling.client()
    await telling.recording.choose_notices(client, NoticeChoice(Rhythm.MONTHLY))
    await telling.disclosed(client, "e1")
    await telling.recording.deliver_outbox()
    await telling.recording.choose_notices(client, NoticeChoice(Rhythm.EACH))
    assert await telling.counts() == {("delivered", ""): 1}


async def test_with_never_a_disclosure_stays_on_the_page_and_a_giving_is_told_all_the_same(telling: Telling) -> None:
    client = await telling.client()
    await telling.recording.choose_notices(client, NoticeChoice(Rhythm.NEVER))
    await telling.disclosed(client, "e1")
    assert await telling.counts() == {("kept", "by-choice"): 1}
    kept = await telling.message(client, "disclosure")
    assert (kept.delivered, kept.fault, kept.given_up) == (None, "by-choice", True)
    await telling.room.give(client, row())
    await telling.recording.deliver_outbox()
    assert len(telling.mail.sent) == 1


# Failures.


async def test_what_fails_for_a_while_is_tried_at_growing_distances_and_then_given_up(telling: Telling) -> None:
    client = await telling.client()
    telling.mail.fault = NoticePutOff("smtp-451")
    await telling.disclosed(client, "e1")
    began, tries = telling.room.clock.at, 0
    while telling.room.clock.at - began < timedelta(days=4):
        found = await telling.counts()
        tries += sum(found.values())
        if ("given-up", "exhausted") in found:
            break
        telling.room.clock.at += timedelta(seconds=30)
    assert tries == MAX_ATTEMPTS
    assert timedelta(days=1) < telling.room.clock.at - began < timedelta(days=3)
    telling.mail.fault = None
    assert await telling.counts() == {}
    given_up = await telling.message(client, "disclosure")
    assert (given_up.fault, given_up.given_up) == ("exhausted", True)


async def test_one_that_failed_leaves_once_the_channel_is_back(telling: Telling) -> None:
    client = await telling.client()
    telling.mail.fault = OSError("down")
    await telling.disclosed(client, "e1")
    assert await telling.counts() == {("put-off", "unreachable"): 1}
    telling.mail.fault = None
    assert await telling.counts() == {("delivered", ""): 1}
    assert (await telling.message(client, "disclosure")).fault is None


async def test_a_channel_that_is_down_is_left_alone_for_the_rest_of_the_round(telling: Telling) -> None:
    for code in ("140395-9022", "211170-903L", "150390-999J"):
        client = await telling.client(code)
        for number in range(3):
            await telling.recording.offer(client, [row()], SHOWN, worker("kuntakokeilu", str(number)))
    telling.mail.fault = ConnectionError("down")
    found = await telling.counts()
    assert set(found) == {("put-off", "unreachable")}
    assert found["put-off", "unreachable"] < 9


async def test_one_channel_that_is_down_keeps_no_other_from_sending(telling: Telling) -> None:
    for code in ("140395-9022", "211170-903L", "150390-999J"):
        client = await telling.client(code)
        await telling.recording.offer(client, [row()], SHOWN, worker("kuntakokeilu"))
        await telling.recording.offer(client, [row()], SHOWN, worker("kuntakokeilu"))
    identifier = Identifier.personal(PersonalIdentityCode.parse("010190-900P"))
    person = Person((identifier,), "Maija", channels={"sms": "+358401234567"})
    await telling.disclosed(await telling.room.clients.enrol(person, Actor(system="gateway")), "e1")
    telling.mail.fault = ConnectionError("down")
    assert (await telling.counts())["delivered", ""] == 1
    assert len(telling.sms.sent) == 1


async def test_a_full_mailbox_is_no_channel_that_is_down(telling: Telling) -> None:
    for code in ("140395-9022", "211170-903L", "150390-999J"):
        client = await telling.client(code)
        for _ in range(2):
            await telling.recording.offer(client, [row()], SHOWN, worker("kuntakokeilu"))
    telling.mail.fault = NoticePutOff("smtp-452")
    assert await telling.counts() == {("put-off", "smtp-452"): 6}


async def test_a_channel_that_breaks_is_counted_and_tells_nothing(telling: Telling) -> None:
    client = await telling.client()
    telling.mail.fault = ValueError("suvi@example.fi")
    await telling.disclosed(client, "e1")
    await telling.room.give(client, row())
    assert await telling.counts() == {("put-off", "broken"): 2, ("delivered", ""): 1}
    assert (await telling.message(client, "disclosure")).fault == "broken"


async def test_a_code_that_would_come_too_late_does_not_leave(telling: Telling) -> None:
    client = await telling.client()
    await telling.recording.offer(client, [row()], SHOWN, worker("kuntakokeilu"))
    telling.room.clock.at += timedelta(minutes=31)
    assert await telling.counts() == {("given-up", "late"): 1}
    assert telling.mail.sent == []


async def test_a_client_whom_no_channel_reaches_is_said_so(telling: Telling) -> None:
    client = await telling.client(post="a street")
    await telling.disclosed(client, "e1")
    assert await telling.counts() == {("given-up", "no-channel"): 1}
    assert (await telling.message(client, "disclosure")).fault == "no-channel"


async def test_a_notice_that_left_does_not_leave_again_where_that_could_not_be_noted(telling: Telling) -> None:
    client = await telling.client()
    await telling.disclosed(client, "e1")
    telling.log.down = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await telling.recording.deliver()
    telling.log.down = False
    assert await telling.counts() == {("delivered", ""): 1}
    assert len(telling.mail.sent) == 1
    assert await telling.counts() == {}


# Pausing.


async def test_a_pause_is_a_prohibition_of_everything_that_only_the_client_ends(telling: Telling) -> None:
    client = await telling.client()
    pause = await telling.recording.pause(client)
    assert pause.until - pause.since == timedelta(days=30)
    picture = await telling.recording.for_client(client)
    standing = picture.prohibitions[0]
    assert (standing.recipient, standing.category, standing.by_client, standing.lifted_at) == (None, None, True, None)
    assert await telling.recording.pause(client) == pause
    assert telling.room.kinds() == ["prohibition.given"]
    assert telling.room.entries()[0]["pause_until"] is not None
    at_desk = telling.recording.end_pause(client, by=worker("kuntakokeilu"))
    assert await refused(at_desk) == "lift-not-allowed"
    assert await telling.recording.end_pause(client) == 1
    assert await telling.recording.pauses_of(client) == ()
    assert await telling.recording.end_pause(client) == 0


async def test_a_pause_is_reminded_of_once_and_stands_until_the_client_ends_it(telling: Telling) -> None:
    client = await telling.client()
    await telling.recording.pause(client)
    assert await telling.recording.remind_due() == 0
    telling.room.clock.at += timedelta(days=30)
    assert await telling.recording.remind_due() == 1
    assert await telling.recording.remind_due() == 0
    assert await telling.room.told("client") == ["reminder.pause"]
    assert (await telling.recording.pauses_of(client))[0].reminded_at is not None


@pytest.mark.parametrize("days, reason", [(31, "period-too-long"), (0, "period-empty"), (-1, "period-empty")])
async def test_a_pause_lasts_up_to_thirty_days(telling: Telling, days: int, reason: str) -> None:
    client = await telling.client()
    assert await refused(telling.recording.pause(client, lasting=timedelta(days=days))) == reason


async def test_a_representative_without_a_mandate_pauses_withdraws_and_chooses_nothing(telling: Telling) -> None:
    client, giver = await telling.client(), Giver(GiverKind.GUARDIAN, "r-1")
    choice = NoticeChoice(Rhythm.NEVER)
    for attempt in (
        telling.recording.pause(client, giver=giver), telling.recording.withdraw_all(client, giver=giver),
        telling.recording.choose_notices(client, choice, giver=giver),
    ):  # fmt: skip
        assert await refused(attempt) == "mandate-missing"
    assert telling.room.kinds() == []


# Reminders.


async def test_an_end_is_reminded_of_thirty_and_seven_days_before_once_each(telling: Telling) -> None:
    client = await telling.client()
    until = START + timedelta(days=90)
    consent = await telling.room.give(
        client, row(until=until), row(recipient="kela", until=until, purpose="rehabilitation-decision")
    )
    for days, written in ((31, 0), (30, 1), (29, 0), (7, 1), (6, 0), (0, 0)):
        telling.room.clock.at = until - timedelta(days=days)
        assert await telling.recording.remind_due() == written, days
    bodies = [one.body for one in await telling.recording.messages_to("client") if one.kind == "reminder.ends"]
    assert [body["days"] for body in bodies] == [30, 7]
    assert len(bodies[0]["grants"]) == 2  # type: ignore[arg-type]
    stored = await telling.recording.consent_of_client(consent.id, client)
    assert stored is not None
    assert {grant.row.until for grant in stored.grants} == {until}


async def test_who_was_not_reminded_in_time_is_reminded_of_the_nearer_end_alone(telling: Telling) -> None:
    client = await telling.client()
    until = START + timedelta(days=90)
    await telling.room.give(client, row(until=until))
    telling.room.clock.at = until - timedelta(days=3)
    assert await telling.recording.remind_due() == 1
    assert await telling.recording.remind_due() == 0


async def test_no_end_is_reminded_of_that_was_near_from_the_start_or_is_none_any_more(telling: Telling) -> None:
    client = await telling.client()
    short, until = START + timedelta(days=5), START + timedelta(days=20)
    await telling.room.give(client, row(until=short))
    withdrawn = await telling.room.give(client, row(until=until))
    unconfirmed = await telling.room.give(client, row(until=until), by="kuntakokeilu")
    await telling.recording.withdraw(withdrawn.id, client=client)
    for days in range(20):
        telling.room.clock.at = START + timedelta(days=days)
        assert await telling.recording.remind_due() == 0
    assert not unconfirmed.grants[0].confirmed


async def test_the_yearly_walk_through_is_reminded_of_a_year_after_the_last(telling: Telling) -> None:
    client, other = await telling.client(), await telling.client("211170-903L")
    await telling.recording.prohibit(client, recipient="kela")
    telling.room.clock.at += timedelta(days=366)
    assert await telling.recording.remind_due() == 1
    assert await telling.recording.remind_due() == 0
    telling.room.clock.at += timedelta(days=300)
    await telling.recording.walked_through(client)
    telling.room.clock.at += timedelta(days=300)
    assert await telling.recording.remind_due() == 0
    telling.room.clock.at += timedelta(days=66)
    assert await telling.recording.remind_due() == 1
    assert {one.client for one in await telling.recording.messages_to("client")} == {client}
    assert other != client


# Withdrawing everything.


async def test_withdrawing_everything_is_one_act_that_tells_every_party(telling: Telling) -> None:
    client = await telling.client()
    first = await telling.room.give(client, row())
    second = await telling.room.give(client, row(recipient="kela", purpose="rehabilitation-decision"))
    over = await telling.room.give(client, row(until=START + timedelta(days=1)))
    before = await telling.room.give(client, row())
    await telling.recording.withdraw(before.id, client=client)
    telling.room.clock.at += timedelta(days=2)
    withdrawn = await telling.recording.withdraw_all(client)
    assert {one.id for one in withdrawn} == {first.id, second.id}
    assert telling.room.kinds().count("consent.withdrawn") == 3
    assert len({one.withdrawn_at for one in withdrawn}) == 1
    assert over.id not in {one.id for one in withdrawn}
    told = await telling.recording.withdrawal_told(second.id, client)
    assert [(one.party, one.acknowledged) for one in told] == [("kela", None), ("sote-keskus", None)]
    message = next(
        one for one in await telling.recording.messages_to("kela", client) if one.kind == "consent.withdrawn"
    )
    await telling.recording.acknowledge(message.id, "kela")
    assert (await telling.recording.withdrawal_told(second.id, client))[0].acknowledged is not None
    assert await telling.recording.withdrawal_told(second.id, await telling.client("211170-903L")) == ()
    assert await telling.recording.withdraw_all(client) == ()


async def test_withdrawing_everything_of_an_unknown_client_is_refused(telling: Telling) -> None:
    with pytest.raises(ConsentRefused):
        await telling.recording.withdraw_all(ClientId("nobody"))
