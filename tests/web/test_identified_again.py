"""What weighs much is done by whoever identified themselves just now; nothing that they wrote is lost on the way."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from gateway.consent.notice_choice import ChannelKind
from gateway.directory.names import LANGUAGES
from gateway.web.doors import BEFORE, UNTIL_SENT
from gateway.web.session import SignedIn
from tests.web.people import People, Visitor, words
from tests.web.test_oversight_report import made, officer_named, released
from tests.web.test_oversight_search import read_plan

SETTINGS, AGAIN = "/portal/settings", "/sign-in/again?next="


async def identified(people: People, who: SignedIn, minutes: float, language: str = "en") -> Visitor:
    """Return the browser of somebody who identified themselves so many minutes ago."""
    at = people.laws.clock.now() - timedelta(minutes=minutes)
    fields = {name: getattr(who, name) for name in SignedIn.__slots__}
    return await people.visitor(SignedIn(**fields | {"authenticated_at": at}), language)


async def suvi(people: People, minutes: float, language: str = "en") -> Visitor:
    """Return Suvi's browser."""
    session = (await people.client("suvi")).session
    assert session is not None
    return await identified(people, session.signed_in, minutes, language)


async def officer(people: People, name: str, minutes: float) -> Visitor:
    """Return the browser of one of several officers."""
    session = (await officer_named(people, name)).session
    assert session is not None
    return await identified(people, session.signed_in, minutes)


async def channel(people: People) -> tuple[ChannelKind | None, tuple[tuple[ChannelKind, str], ...]]:
    """Return where Suvi's messages go, and the addresses there are."""
    contact = await people.laws.gateway.recording.contact(await people.client_id("suvi"))
    return (contact.choice.channel if contact.choice else None), contact.hints


async def test_page_asks_who_it_is_before_a_new_address_is_written(people: People) -> None:
    just, later = await suvi(people, BEFORE), await suvi(people, BEFORE + 1)
    fresh, page = await just.get(SETTINGS), await later.get(SETTINGS)
    assert 'name="address"' in fresh.text and 'name="channel"' in fresh.text and AGAIN not in fresh.text
    assert 'name="address"' not in page.text and 'name="channel"' not in page.text
    assert f'href="{AGAIN}%2Fportal%2Fsettings"' in page.text and page.status_code == 200
    assert 'name="rhythm"' in page.text and "Withdraw everything" in words(page)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_way_to_identify_oneself_again_is_said_in_every_register(people: People, language: str) -> None:
    page = await (await suvi(people, 30, language)).get(SETTINGS)
    said = re.search(r'<div id="address">(.*?)</div>', page.text, re.DOTALL)
    assert said is not None and AGAIN in said[1]
    assert language == "en" or "identify yourself" not in said[1]


async def test_form_that_was_filled_in_at_leisure_is_taken_and_one_sent_later_is_not(
    people: People,
) -> None:
    moved = {"rhythm": "each", "channel": "email", "address": "suvi@posti.example"}
    late = await suvi(people, UNTIL_SENT + 1)
    before, size = await channel(people), people.laws.size()
    refused = await late.post(SETTINGS, moved)
    assert refused.status_code == 422 and "You wrote: suvi@posti.example" in words(refused)
    assert 'href="#address"' in refused.text and 'id="address"' in refused.text and AGAIN in refused.text
    assert re.search(r'name="rhythm" value="each"[^>]* checked', refused.text)
    for part in ({"rhythm": "each", "channel": "sms"}, {"rhythm": "each", "address": "+358401234567"}):
        assert (await late.post(SETTINGS, part)).status_code == 422
    assert (await channel(people), people.laws.size()) == (before, size)
    assert (await (await suvi(people, UNTIL_SENT)).post(SETTINGS, moved)).status_code == 303
    assert (await channel(people))[0] is ChannelKind.EMAIL


async def test_all_else_of_the_settings_is_saved_whenever_somebody_signed_in_and_moves_nothing(people: People) -> None:
    await (await suvi(people, 0)).post(
        SETTINGS, {"rhythm": "each", "channel": "email", "address": "suvi@posti.example"}
    )
    before = await channel(people)
    late = await suvi(people, 110)
    assert (await late.post(SETTINGS, {"rhythm": "daily", "language": "sv", "shared": "yes"})).status_code == 303
    contact = await people.laws.gateway.recording.contact(await people.client_id("suvi"))
    assert contact.choice is not None and (contact.choice.rhythm, contact.choice.shared) == ("daily", True)
    assert (await channel(people)) == before and before[0] is ChannelKind.EMAIL
    assert (await late.post(SETTINGS, {"rhythm": "daily", "channel": "first"})).status_code == 422
    assert (await channel(people)) == before


async def test_withdrawing_and_stopping_ask_nobody_to_identify_themselves_again(people: People) -> None:
    await people.laws.give("suvi")
    late = await suvi(people, 110)
    assert (await late.get("/portal/withdraw-all")).status_code == 200
    assert (await late.post("/portal/pause")).status_code == 303
    assert (await late.post("/portal/withdraw-all")).status_code == 200
    assert (await late.post("/portal/prohibitions", {"recipient": "kela"})).status_code == 303


async def test_report_is_looked_at_a_second_time_by_whoever_identified_themselves_just_now(people: People) -> None:
    await read_plan(people.laws)
    address = await made(people, await officer_named(people, "o-1"))
    late = await officer(people, "o-2", BEFORE + 1)
    size = people.laws.size()
    turned = await late.get(address)
    assert (turned.status_code, turned.headers["location"]) == (303, AGAIN + address.replace("/", "%2F"))
    assert people.laws.size() == size
    page = await (await officer(people, "o-2", BEFORE)).get(address)
    assert "Release it within an hour" in words(page)
    keys = sorted(set(re.findall(r'name="((?:worker|line)-[^"]+)"', page.text)))
    too_late = await officer(people, "o-2", UNTIL_SENT + 1)
    refused = await too_late.post(f"{address}/check", dict.fromkeys(keys, "include"))
    assert refused.status_code == 422 and "Nothing was released" in words(refused)
    assert len(re.findall(r'value="include"[^>]* checked', refused.text)) == len(keys) > 0
    assert "The report is ready" not in words(await (await officer_named(people, "o-1")).get(address))
    in_time = await officer(people, "o-2", UNTIL_SENT)
    assert (await in_time.post(f"{address}/check", dict.fromkeys(keys, "include"))).status_code == 303


async def test_files_of_a_report_are_handed_to_whoever_identified_themselves_just_now(people: People) -> None:
    await read_plan(people.laws)
    _, address = await released(people)
    page = await (await officer(people, "o-2", BEFORE)).get(address)
    links = re.findall(rf'href="({address}/files/[^"]+)"', page.text)
    assert len(links) == 3
    later = await (await officer(people, "o-2", BEFORE + 1)).get(address)
    assert f"{address}/files/" not in later.text and f'href="{AGAIN}{address.replace("/", "%2F")}"' in later.text
    size = people.laws.size()
    for link in links:
        turned = await (await officer(people, "o-2", UNTIL_SENT + 1)).get(link)
        assert (turned.status_code, turned.headers["location"]) == (303, AGAIN + address.replace("/", "%2F"))
    assert people.laws.size() == size
    assert (await (await officer(people, "o-2", UNTIL_SENT)).get(links[0])).status_code == 200
    assert people.laws.size() == size + 1
