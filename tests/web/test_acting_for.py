"""Acting for another through the register of mandates: chosen there, told on every page, asked again at each act."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapters.suomifi.valtuudet import CHECKSUM, MandateService, RegisterAccount, checksum
from adapters.suomifi.valtuudet_simulator import SimulatedValtuudet
from gateway.consent.checks import coming_of_age
from gateway.consent.model import ClientId, Giver, GiverKind
from gateway.directory.identity_code import Identifier
from gateway.errors import ConsentRefused, StoreUnavailable
from tests.laws.gateway_world import BASE
from tests.web.sign_in_world import Browser, SignInWorld, open_sign_in, untouched


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SignInWorld]:
    async with open_sign_in(tmp_path) as opened:
        yield opened


async def choose(browser: Browser, person: str = "0") -> httpx.Response:
    """Choose the first whom the register offers; return the callback's answer."""
    sent = await browser.web.get(f"{BASE}/acting-for/start")
    assert sent.status_code == 303, sent.text
    back = await browser.identifies(httpx.URL(sent.headers["location"]), person)
    return await browser.web.get(back)


async def acting(world: SignInWorld, browser: Browser) -> tuple[ClientId, str, str] | None:
    """What the session says."""
    store = world.sessions
    session = await store.find(browser.cookie or "")
    other = None if session is None else session.signed_in.acting_for
    return None if other is None else (other.client, other.kind, other.register_reference)


async def client_id(world: SignInWorld, key: str) -> ClientId:
    found = await world.laws.gateway.recording.client_of(Identifier.personal(world.laws.world.clients[key].code))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "person, other, kind", [("sirpa", "nuori", "guardian"), ("ari", "maija", "mandate")]
)  # fmt: skip
async def test_somebody_with_a_mandate_acts_for_another(
    world: SignInWorld, person: str, other: str, kind: str
) -> None:  # fmt: skip
    browser = world.browser()
    await browser.signs_in(person)
    before = browser.cookie
    assert (await choose(browser)).headers["location"] == "/portal"
    assert browser.cookie != before
    page = await browser.web.get(f"{BASE}/help")
    assert f"You are acting for {world.laws.world.clients[other].name}" in page.text
    said = await acting(world, browser)
    assert said is not None
    assert said[:2] == (await client_id(world, other), kind)


async def test_going_back_to_oneself_changes_the_cookie_again(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("sirpa")
    await choose(browser)
    before = browser.cookie
    answer = await browser.web.post(f"{BASE}/acting-for/self", data={"csrf": await browser.csrf()})
    assert (answer.status_code, await acting(world, browser)) == (303, None)
    assert browser.cookie != before


async def test_who_identifies_themselves_once_more_still_acts_for_the_other(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("sirpa")
    await choose(browser)
    await browser.signs_in("sirpa", again=True)
    assert await acting(world, browser) is not None
    await browser.signs_in("suvi")
    assert await acting(world, browser) is None


async def test_who_has_no_mandate_acts_for_nobody(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("suvi")
    assert (await choose(browser)).status_code == 400
    assert await acting(world, browser) is None


async def test_an_answer_of_the_register_counts_once_and_for_who_asked(world: SignInWorld) -> None:
    browser, thief = world.browser(), world.browser()
    await browser.signs_in("sirpa")
    await thief.signs_in("suvi")
    sent = await browser.web.get(f"{BASE}/acting-for/start")
    back = await browser.identifies(httpx.URL(sent.headers["location"]), "0")
    assert (await thief.web.get(back)).status_code == 400
    thief.web.cookies.set(
        "__Host-saattaen-acting", browser.web.cookies["__Host-saattaen-acting"], domain="gateway.example"
    )
    assert (await thief.web.get(back)).status_code == 400
    assert await acting(world, thief) is None


async def test_a_mandate_that_ended_in_the_register_ends_what_may_be_done_at_once(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("sirpa")
    await choose(browser)
    said = await acting(world, browser)
    assert said is not None
    client, _, reference = said
    giver = Giver(GiverKind.GUARDIAN, register_reference=reference)
    recording = world.laws.gateway.recording
    made = await recording.prohibit(client, recipient="kela", giver=giver)
    assert not made.by_client
    sirpa, nuori = (world.laws.world.clients[one].code.reveal() for one in ("sirpa", "nuori"))
    world.providers.mandates.end(sirpa, nuori)
    with pytest.raises(ConsentRefused) as refused:
        await recording.prohibit(client, category="work-ability-plan", giver=giver)
    assert refused.value.reason == "mandate-missing"


async def test_an_ended_mandate_has_a_page_of_its_own_that_leads_back_to_oneself(world: SignInWorld) -> None:
    browser, laws = world.browser(), world.laws
    await browser.signs_in("sirpa")
    await choose(browser)
    nuori = laws.world.clients["nuori"]
    assert (await browser.web.get(f"{BASE}/portal")).status_code == 200
    world.providers.mandates.end(laws.world.clients["sirpa"].code.reveal(), nuori.code.reveal())
    # A page is read for a minute yet; whatever is sent is asked anew, and then no page is read either.
    assert (await browser.web.get(f"{BASE}/portal/matrix")).status_code == 200
    before = await laws.gateway.recording.for_client(await client_id(world, "nuori"))
    token = {"csrf": await browser.csrf()}
    for answer in (
        await browser.web.post(f"{BASE}/portal/prohibitions", data=token | {"recipient": "kela", "category": ""}),
        await browser.web.get(f"{BASE}/portal"),
        await browser.web.get(f"{BASE}/portal/log"),
    ):
        assert answer.status_code == 409
        told = answer.text
        assert f"You acted for {nuori.name}. You can no longer see or decide what concerns them." in told
        assert "You are acting for" not in told and "Go on with my own information" in told
        assert 'action="/acting-for/self"' in told and token["csrf"] in told
    assert await laws.gateway.recording.for_client(await client_id(world, "nuori")) == before
    assert (await browser.web.post(f"{BASE}/acting-for/self", data=token)).headers["location"] == "/portal"
    own = await browser.web.get(f"{BASE}/portal")
    assert own.status_code == 200 and nuori.name not in own.text


async def test_a_mandate_that_ended_is_noticed_on_reading_pages_within_a_minute(world: SignInWorld) -> None:
    browser, laws = world.browser(), world.laws
    await browser.signs_in("sirpa")
    await choose(browser)
    sirpa, nuori = (laws.world.clients[one].code.reveal() for one in ("sirpa", "nuori"))
    assert (await browser.web.get(f"{BASE}/portal")).status_code == 200
    world.providers.mandates.end(sirpa, nuori)
    laws.clock.advance(timedelta(seconds=59))
    assert (await browser.web.get(f"{BASE}/portal/log")).status_code == 200
    laws.clock.advance(timedelta(seconds=1))
    for path in ("/portal", "/portal/log", "/portal/documents", "/portal/timeline"):
        assert (await browser.web.get(f"{BASE}{path}")).status_code == 409, path


async def test_a_register_that_does_not_answer_shows_nothing_of_the_other(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("sirpa")
    await choose(browser)
    world.to_providers.meddle = lambda request, answer: httpx.Response(500)
    for path in ("/portal", "/portal/log", "/portal/matrix"):
        answer = await browser.web.get(f"{BASE}{path}")
        assert answer.status_code == 503 and "cannot do this right now" in answer.text, path
    world.to_providers.meddle = untouched
    assert (await browser.web.get(f"{BASE}/portal")).status_code == 200


async def test_a_guardian_is_one_until_the_child_is_of_age_whatever_the_register_says(world: SignInWorld) -> None:
    browser, laws = world.browser(), world.laws
    await browser.signs_in("sirpa")
    await choose(browser)
    said = await acting(world, browser)
    assert said is not None
    at = laws.clock.now()
    mandate = await laws.gateway.mandates.find(said[0], GiverKind.GUARDIAN, said[2], at)
    assert mandate is not None
    assert mandate.until == coming_of_age(laws.world.clients["nuori"].code.birth_date)


async def test_a_mandate_to_look_shows_what_stands_and_decides_nothing(world: SignInWorld) -> None:
    browser, laws = world.browser(), world.laws
    ari, maija = laws.world.clients["ari"], laws.world.clients["maija"]
    world.providers.mandates.add(ari.code.reveal(), maija.code.reveal(), maija.name, {"suostumusten-katselu"})
    await browser.signs_in("ari")
    assert (await choose(browser)).status_code == 303
    relation = await laws.relate("maija")
    for path in ("/portal", "/portal/relations", "/portal/prohibitions", "/portal/settings"):
        page = await browser.web.get(f"{BASE}{path}")
        assert page.status_code == 200 and "You may look. You may not decide for them." in page.text, path
        # The one form is that of signing out.
        assert page.text.count('<form method="post"') == 1, path
    before, token = laws.size(), {"csrf": await browser.csrf()}
    for path in ("/portal/prohibitions", "/portal/pause", f"/portal/relations/{relation}/contest", "/portal/give/kela"):
        answer = await browser.web.post(f"{BASE}{path}", data=token | {"recipient": "kela", "category": ""})
        assert answer.status_code == 409 and "You may look, but not decide" in answer.text, path
    for path in ("/portal/give", "/portal/give/kela", "/portal/withdraw-all"):
        assert "You may look, but not decide" in (await browser.web.get(f"{BASE}{path}")).text, path
    assert {one.kind for one in laws.entries()[before:]} == {"mandate.read"}
    said = await acting(world, browser)
    assert said is not None
    with pytest.raises(ConsentRefused) as refused:
        await laws.gateway.recording.prohibit(said[0], recipient="kela", giver=Giver(GiverKind.MANDATE, said[2]))
    assert refused.value.reason == "mandate-missing"

    # The register lets them decide from now on: what is sent counts at once, and pages say so as soon as they ask.
    world.providers.mandates.add(ari.code.reveal(), maija.code.reveal(), maija.name, {"suostumusten-hallinta"})
    done = await browser.web.post(f"{BASE}/portal/prohibitions", data=token | {"recipient": "kela", "category": ""})
    assert done.status_code == 303
    assert "You may not decide" not in (await browser.web.get(f"{BASE}/portal/prohibitions")).text


async def test_a_mandate_for_another_topic_is_none_here(world: SignInWorld) -> None:
    browser, laws = world.browser(), world.laws
    ari, maija = laws.world.clients["ari"], laws.world.clients["maija"]
    world.providers.mandates.add(ari.code.reveal(), maija.code.reveal(), maija.name, {"veroasioiden-hoito"})
    await browser.signs_in("ari")
    assert (await choose(browser)).status_code == 400
    assert await acting(world, browser) is None


async def test_a_minors_own_prohibition_is_the_minors_to_lift(world: SignInWorld) -> None:
    recording, nuori = world.laws.gateway.recording, await client_id(world, "nuori")
    own = await recording.prohibit(nuori, recipient="kela")
    browser = world.browser()
    await browser.signs_in("sirpa")
    await choose(browser)
    said = await acting(world, browser)
    assert said is not None
    with pytest.raises(ConsentRefused):
        await recording.lift_prohibition(
            own.id, client=nuori, giver=Giver(GiverKind.GUARDIAN, register_reference=said[2])
        )


async def test_a_mandate_is_none_for_another_client_or_of_another_kind(world: SignInWorld) -> None:
    browser = world.browser()
    await browser.signs_in("sirpa")
    await choose(browser)
    said = await acting(world, browser)
    assert said is not None
    find, at = world.laws.gateway.mandates.find, world.laws.clock.now()
    assert await find(said[0], GiverKind.GUARDIAN, said[2], at) is not None
    assert await find(await client_id(world, "maija"), GiverKind.GUARDIAN, said[2], at) is None
    assert await find(said[0], GiverKind.MANDATE, said[2], at) is None
    assert await find(said[0], GiverKind.GUARDIAN, "valtuudet-guessed", at) is None
    assert await find(said[0], GiverKind.GUARDIAN, said[2], at + timedelta(hours=3)) is None


# The register's own rules.


async def test_the_register_takes_a_checksum_of_its_key_and_of_five_minutes_alone(world: SignInWorld) -> None:
    account = RegisterAccount("https://register.example", "saattaen", "k" * 16, "s" * 16)
    now = world.laws.clock.now()
    register = SimulatedValtuudet(account, f"{BASE}/acting-for/callback", lambda: now)
    transport = httpx.ASGITransport(register.app)
    code = world.laws.world.clients["sirpa"].code.reveal()
    for apart, key, is_taken in (
        (0, "k", True),
        (299, "k", True),
        (301, "k", False),
        (-301, "k", False),
        (0, "x", False),
    ):
        used = RegisterAccount(account.base, account.client_id, key * 16, account.oauth_secret)
        at = now + timedelta(seconds=apart)
        service = MandateService(used, lambda at=at: at, transport)  # type: ignore[misc]
        if is_taken:
            assert all(await service.begin(code))
            continue
        with pytest.raises(StoreUnavailable) as failed:
            await service.begin(code)
        assert code not in str(failed.value)
    async with httpx.AsyncClient(transport=transport, base_url=account.base) as web:
        assert (await web.get(f"/service/hpa/user/register/saattaen/{code}")).status_code == 401
        path = "/service/hpa/user/register/saattaen/other"
        told = {CHECKSUM: checksum(account, path, now)}
        assert (await web.get(f"/service/hpa/user/register/saattaen/{code}", headers=told)).status_code == 401
