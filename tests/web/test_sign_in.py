"""Signing in and out against the demo's providers: the way itself, what a session is worth, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from sqlalchemy import text

from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.web.doors import IdentifyAgain, require_recent
from gateway.web.session import Kind
from gateway.web.sign_in.sessions import IDLE, LONGEST
from tests.laws.gateway_world import BASE
from tests.web.sign_in_world import CLIENTS, COOKIE, SignInWorld, changed, open_sign_in


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SignInWorld]:
    async with open_sign_in(tmp_path) as opened:
        yield opened


async def test_a_client_signs_in_and_comes_to_the_page_that_was_asked_for(world: SignInWorld) -> None:
    browser = world.browser()
    answer = await browser.signs_in("suvi", next="/portal/requests")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/requests")
    assert await browser.is_in()
    page = await browser.web.get(f"{BASE}/help")
    assert "Suvi Esimerkki" in page.text


@pytest.mark.parametrize(
    "provider, person, home",
    [("suomifi", "suvi", "/portal"), ("kela", "kela-kirsi", "/desk"), ("kela", "kela-kaisa", "/oversight")],
)
async def test_everybody_has_a_first_page(world: SignInWorld, provider: str, person: str, home: str) -> None:
    answer = await world.browser().signs_in(person, provider)
    assert answer.headers["location"] == home


async def test_the_cookie_is_this_hosts_alone_and_no_script_reads_it(world: SignInWorld) -> None:
    answer = await world.browser().signs_in("suvi")
    (said,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE)]
    parts = {part.strip().lower() for part in said.split(";")[1:]}
    assert {"httponly", "secure", "path=/", "samesite=lax"} <= parts
    assert not any(part.startswith("domain") for part in parts)


async def test_the_database_tells_neither_who_is_signed_in_nor_the_cookie(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    with world.laws.gateway.database.read() as connection:
        (row,) = connection.execute(text("SELECT * FROM web_session")).all()
    kept = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    code = world.laws.world.clients["suvi"].code.reveal()
    for secret in (browser.cookie or "?", "Suvi", "Esimerkki", code, "suvi"):
        assert secret.encode() not in kept


async def test_whoever_is_not_known_yet_becomes_a_client(world: SignInWorld) -> None:
    code = PersonalIdentityCode.parse("150390-999J")
    provider = world.providers.clients
    person = provider.add_person("stranger", "Uusi Esimerkki", code)
    browser = world.browser()
    assert await world.laws.gateway.recording.client_of(Identifier.personal(code)) is None
    await browser.signs_in(person.id)
    assert await world.laws.gateway.recording.client_of(Identifier.personal(code)) is not None
    assert await browser.is_in()


async def test_a_sign_in_takes_as_long_for_who_is_known_as_for_who_is_not(world: SignInWorld) -> None:
    # Both end at a whole step: what is waited makes up for what was worked.
    world.providers.clients.add_person("stranger", "Uusi", PersonalIdentityCode.parse("150390-999J"))
    for person in ("suvi", "stranger"):
        await world.browser().signs_in(person)
    assert len(world.waited) == 2
    assert all(0 <= one < 0.3 for one in world.waited)


async def test_a_sign_in_with_a_safety_flag_marks_the_client(world: SignInWorld) -> None:
    client = world.providers.clients
    client.add_person("hidden", "Piilo Esimerkki", PersonalIdentityCode.parse("150390-999J"), non_disclosure=True)
    await world.browser().signs_in("hidden")
    gateway = world.laws.gateway
    found = await gateway.recording.client_of(Identifier.personal(PersonalIdentityCode.parse("150390-999J")))
    assert found is not None
    with gateway.database.read() as connection:
        standing = gateway.register.standing(connection, found)
    assert standing is not None
    assert standing.non_disclosure


# How a session ends.


async def test_twenty_minutes_without_a_request_end_a_session(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    world.laws.clock.advance(IDLE - timedelta(seconds=90))
    assert await browser.is_in()
    world.laws.clock.advance(IDLE - timedelta(seconds=90))
    assert await browser.is_in()
    world.laws.clock.advance(IDLE)
    assert not await browser.is_in()


@pytest.mark.parametrize(
    "provider, person, kind", [("suomifi", "suvi", Kind.CLIENT), ("kela", "kela-kirsi", Kind.STAFF)]
)
async def test_a_session_ends_however_busy_it_is(world: SignInWorld, provider: str, person: str, kind: Kind) -> None:
    browser = world.browser()
    await browser.signs_in(person, provider)
    steps = int(LONGEST[kind] / timedelta(minutes=15))
    for _ in range(steps - 1):
        world.laws.clock.advance(timedelta(seconds=900))
        assert await browser.is_in()
    world.laws.clock.advance(timedelta(seconds=900))
    assert not await browser.is_in()


async def test_signing_out_ends_both_sessions(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    old = browser.cookie
    page = await browser.web.post(f"{BASE}/sign-out", data={"csrf": await browser.csrf()})
    onward = page.headers["refresh"].removeprefix("0;url=")
    assert len(world.providers.clients.present) == 1
    back = await browser.web.get(onward)
    assert back.headers["location"] == f"{BASE}/sign-out/done"
    assert list(world.providers.clients.present) == []
    browser.web.cookies.set(COOKIE, old or "", domain="gateway.example")
    assert not await browser.is_in()


async def test_an_address_of_the_sign_out_tells_no_identity_code(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    page = await browser.web.post(f"{BASE}/sign-out", data={"csrf": await browser.csrf()})
    assert "id_token" not in page.headers["refresh"]


async def test_a_strangers_form_signs_nobody_out(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    assert (await browser.web.post(f"{BASE}/sign-out", data={"csrf": "guessed"})).status_code == 403
    assert await browser.is_in()


async def test_a_provider_that_says_a_session_ended_ends_it_here(world: SignInWorld) -> None:
    browser, other = world.browser(), world.browser()
    await browser.signs_in("suvi")
    await other.signs_in("sirpa")
    (ours,) = [one for one in world.providers.clients.present if one.person.id == "suvi"]
    assert await world.providers.clients.tell_ended(ours) == 200
    assert not await browser.is_in()
    assert await other.is_in()


async def test_a_logout_token_counts_once_and_at_the_path_of_its_provider(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    (presence,) = world.providers.clients.present
    told = {"logout_token": world.providers.clients.logout_token(presence)}
    web = world.browser().web
    assert (await web.post(f"{BASE}/sign-in/kela/backchannel-logout", data=told)).status_code == 400
    assert await browser.is_in()
    assert (await web.post(f"{BASE}/sign-in/suomifi/backchannel-logout", data=told)).status_code == 200
    assert (await web.post(f"{BASE}/sign-in/suomifi/backchannel-logout", data=told)).status_code == 400
    assert (await web.post(f"{BASE}/sign-in/suomifi/backchannel-logout", data={})).status_code == 400
    assert not await browser.is_in()


# Who identifies themselves once more.


async def test_client_identifies_themselves_again_and_comes_back_to_what_they_were_about_to_change(
    world: SignInWorld,
) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    world.laws.clock.advance(timedelta(minutes=10))
    page = await browser.web.get(f"{BASE}/portal/settings")
    assert 'name="address"' not in page.text and 'href="/sign-in/again?next=%2Fportal%2Fsettings"' in page.text
    asked = await browser.web.get(f"{BASE}/sign-in/again", params={"next": "/portal/settings"})
    assert "/sign-in/suomifi/start?again=1&amp;next=%2Fportal%2Fsettings" in asked.text
    answer = await browser.signs_in("suvi", next="/portal/settings", again=True)
    assert answer.headers["location"] == "/portal/settings"
    assert 'name="address"' in (await browser.web.get(f"{BASE}/portal/settings")).text


async def test_what_weighs_asks_who_identified_themselves_long_ago(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    world.laws.clock.advance(timedelta(minutes=5))
    session = await world.sessions.find(browser.cookie or "")
    assert session is not None
    require_recent(session, minutes=5)
    world.laws.clock.advance(timedelta(seconds=1))
    session = await world.sessions.find(browser.cookie or "")
    assert session is not None
    with pytest.raises(IdentifyAgain):
        require_recent(session, minutes=5)


async def test_identifying_once_more_gives_a_new_cookie_and_a_fresh_instant(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    old = browser.cookie
    world.laws.clock.advance(timedelta(seconds=600))
    page = await browser.web.get(f"{BASE}/sign-in/again", params={"next": "/portal/withdraw"})
    assert "/sign-in/suomifi/start?again=1&amp;next=%2Fportal%2Fwithdraw" in page.text
    place = await browser.asks(again=True, next="/portal/withdraw")
    assert (place.params["prompt"], place.params["max_age"]) == ("login", "0")
    answer = await browser.web.get(await browser.identifies(place, "suvi"))
    assert answer.headers["location"] == "/portal/withdraw"
    assert browser.cookie != old
    world_of_old = world.browser()
    world_of_old.web.cookies.set(COOKIE, old or "", domain="gateway.example")
    assert not await world_of_old.is_in()


async def test_a_cookie_that_was_planted_before_the_sign_in_is_worth_nothing_after_it(world: SignInWorld) -> None:
    browser, planter = world.browser(), world.browser()
    for one in (browser, planter):
        one.web.cookies.set(COOKIE, "planted-value-of-an-attacker", domain="gateway.example")
    await browser.signs_in("suvi")
    assert browser.cookie != "planted-value-of-an-attacker"
    assert not await planter.is_in()


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/portal//evil.example", "/portal/../../evil",
     "evil", "/portal%2f%2fevil", "javascript:alert(1)", "/fhir/metadata", "/oauth/token"],
)  # fmt: skip
async def test_nobody_is_led_anywhere_but_to_a_page_of_ours(world: SignInWorld, place: str) -> None:
    answer = await world.browser().signs_in("suvi", next=place)
    assert answer.headers["location"] == "/portal"


@pytest.mark.parametrize("place", ["/portal\r\nx: y", "/portal\x00"])
async def test_a_way_back_with_control_characters_is_refused_before_anything_begins(
    world: SignInWorld, place: str
) -> None:
    answer = await world.browser().web.get(f"{BASE}/sign-in/{CLIENTS}/start", params={"next": place})
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_who_goes_back_is_not_signed_in_and_told_so(world: SignInWorld) -> None:
    browser = world.browser()
    answer = await browser.web.get(await browser.identifies(await browser.asks(), ""))
    assert answer.status_code == 400
    assert "You went back" in answer.text
    assert not await browser.is_in()


async def test_metadata_is_read_once_a_day(world: SignInWorld) -> None:
    def readings() -> int:
        return sum(one.url.path.endswith("openid-configuration") for one in world.to_providers.asked)

    await world.browser().asks()
    await world.browser().asks()
    assert readings() == 1
    world.laws.clock.advance(timedelta(days=1, seconds=1))
    await world.browser().asks()
    assert readings() == 2


async def test_a_new_key_of_a_provider_is_found(world: SignInWorld) -> None:
    await world.browser().asks()
    world.providers.clients.change_key()
    world.laws.clock.advance(timedelta(seconds=61))
    assert (await world.browser().signs_in("suvi")).status_code == 303


async def test_a_provider_that_is_away_is_told_as_that(world: SignInWorld) -> None:
    def away(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        raise httpx.ConnectError("away")

    world.to_providers.meddle = away
    answer = await world.browser().web.get(f"{BASE}/sign-in/suomifi/start")
    assert answer.status_code == 503
    assert "does not answer" in answer.text


# What is not an answer to what was asked (security.md has the list that these follow).


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "another"}, {"state": None}, {"iss": "https://evil.example"}, {"iss": None},
        {"iss": f"{BASE}:445/kela"}, {"code": "guessed"}, {"code": None}, {"error": "server_error"},
    ],
)  # fmt: skip
async def test_an_answer_that_was_changed_on_its_way_signs_nobody_in(
    world: SignInWorld, changes: dict[str, str | None]
) -> None:
    browser = world.browser()
    answer = await browser.web.get(changed(await browser.identifies(await browser.asks(), "suvi"), changes))
    assert answer.status_code in (400, 503)
    assert not await browser.is_in()


async def test_a_parameter_that_comes_twice_is_no_answer(world: SignInWorld) -> None:
    browser = world.browser()
    place = await browser.identifies(await browser.asks(), "suvi")
    assert (await browser.web.get(f"{place}&code=second")).status_code == 400
    assert not await browser.is_in()


async def test_an_answer_counts_once(world: SignInWorld) -> None:
    browser = world.browser()
    place = await browser.identifies(await browser.asks(), "suvi")
    attempt = browser.web.cookies.get("__Host-saattaen-sign-in") or ""
    assert (await browser.web.get(place)).status_code == 303
    again = world.browser()
    again.web.cookies.set("__Host-saattaen-sign-in", attempt, domain="gateway.example")
    assert (await again.web.get(place)).status_code == 400
    assert not await again.is_in()


async def test_a_code_that_was_used_is_worth_nothing_in_another_browser(world: SignInWorld) -> None:
    browser, thief = world.browser(), world.browser()
    place = await browser.identifies(await browser.asks(), "suvi")
    asked = await thief.asks()
    answer = await thief.web.get(changed(place, {"state": asked.params["state"]}))
    # The code is bound to the challenge of the browser that it was given to.
    assert answer.status_code == 400
    assert not await thief.is_in()


async def test_an_answer_without_the_browser_that_asked_is_none(world: SignInWorld) -> None:
    victim, attacker = world.browser(), world.browser()
    place = await attacker.identifies(await attacker.asks(), "suvi")
    assert (await victim.web.get(place)).status_code == 400
    assert not await victim.is_in()


async def test_an_answer_of_one_provider_is_not_taken_at_the_path_of_another(world: SignInWorld) -> None:
    browser = world.browser()
    place = await browser.identifies(await browser.asks(), "suvi")
    assert (await browser.web.get(str(place).replace("/suomifi/", "/kela/"))).status_code == 400
    assert not await browser.is_in()


async def test_an_answer_that_comes_after_ten_minutes_is_too_late(world: SignInWorld) -> None:
    browser = world.browser()
    place = await browser.asks()
    world.laws.clock.advance(timedelta(seconds=601))
    assert (await browser.web.get(await browser.identifies(place, "suvi"))).status_code == 400


async def test_metadata_of_another_issuer_is_not_believed(world: SignInWorld) -> None:
    def meddle(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if not request.url.path.endswith("openid-configuration"):
            return answer
        told = orjson.loads(answer.content) | {"issuer": "https://evil.example"}
        return httpx.Response(200, content=orjson.dumps(told), request=request)

    world.to_providers.meddle = meddle
    assert (await world.browser().web.get(f"{BASE}/sign-in/suomifi/start")).status_code == 400


async def test_an_answer_that_nobody_asked_for_is_not_waited_over(world: SignInWorld) -> None:
    """Else whoever sends many of them holds the places of people who come to sign in."""
    asked = world.browser()
    address = await asked.identifies(await asked.asks(), "suvi")
    answer = await world.browser().web.get(address)
    assert answer.status_code == 400
    assert world.waited == []
