"""Clients' journeys in Chromium: what somebody reads and presses, and what the log says of it afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from adapters.fhir.samples import sections_in
from gateway.consent.model import Consent
from gateway.disclosure.concern import Answer
from gateway.disclosure.log_query import Officer
from gateway.disclosure.release import Refused, Released
from gateway.disclosure.request import Requester
from tests.laws.gateway_world import PLAN
from tests.web.live import PHONE, Live, chromium, live
from tests.web.portal_steps import request_of

pytestmark = pytest.mark.needs_chromium
COACH = ("tyohonvalmennus", "tyohonvalmentaja", "employment-support")
KELA = ("kela", "kuntoutusasiantuntija", "rehabilitation-decision")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Live]:
    """A gateway of its own with its pages, on a port."""
    with live(tmp_path) as opened:
        yield opened


def button(page: Page, name: str) -> Locator:
    """Return the one button of that name."""
    return page.get_by_role("button", name=name, exact=True)


def link(page: Page, name: str) -> Locator:
    """Return the one link of that name in the page's content."""
    return page.get_by_role("main").get_by_role("link", name=name, exact=True)


def sees(site: Live, document: str, who: Requester) -> set[str]:
    """Let somebody read a document; return the sections that they got, none where it was refused."""
    laws = site.people.laws
    answer = site.run(laws.ask(laws.read_of(document, who)))
    if isinstance(answer, Refused):
        return set()
    assert isinstance(answer, Released)
    return sections_in(orjson.loads(answer.documents[0].body), laws.world.directory.layouts[PLAN])


def consents(site: Live, client: str) -> tuple[Consent, ...]:
    """Return a client's consents."""
    people = site.people
    return site.run(people.laws.gateway.recording.for_client(site.run(people.client_id(client)))).consents


def kinds(site: Live) -> list[str]:
    """Return what the log tells, oldest first."""
    return [entry.kind for entry in site.people.laws.entries()]


def fits(page: Page) -> bool:
    """Return whether nothing leaves the screen sideways."""
    page.wait_for_load_state()
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_suvi_answers_a_request_on_a_phone_without_scripts_and_sees_her_receipt(site: Live, browser: Browser) -> None:
    laws = site.people.laws
    site.run(request_of(site.people, "suvi"))
    document = site.run(laws.deposit("suvi"))
    assert sees(site, document, laws.requester()) == set()
    suvi = site.run(site.people.client("suvi", "fi"))
    with site.browser_of(browser, suvi, viewport=PHONE, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.base + "/portal")
        link(page, "Esimerkkilän työllisyyspalvelut (kuntakokeilu)").first.click()
        assert fits(page) and not page.get_by_role("main").locator("input:checked").count()
        page.get_by_role("checkbox", name=re.compile("terveystietoja")).check()
        page.get_by_role("radio", name="6 kuukautta").check()
        button(page, "Annan luvan").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Tarkista ja vahvista")
        assert fits(page) and not consents(site, "suvi")
        page.get_by_role("main").locator(".buttons.equal button").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Valmis")
        link(page, "Kuitti").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Kuitti: lupa annettu")
        expect(page.get_by_text("terveystiedot", exact=True)).to_be_visible()
        assert fits(page) and page.get_by_role("img").evaluate("one => one.naturalWidth") > 0
    (consent,) = consents(site, "suvi")
    assert consent.grants[0].row.sensitivities == frozenset({"health"})
    got = sees(site, document, laws.requester())
    assert "health" in got and not got & {"mental-health", "substance-use"}
    assert kinds(site)[-4:].count("consent.given") == 1 and laws.verify() == []


def test_sirpa_withdraws_from_kela_only_and_her_coach_still_sees(site: Live, browser: Browser) -> None:
    laws = site.people.laws
    kela = laws.row(custodian="sosiaalityo", recipient=KELA[0], purpose=KELA[2])
    site.run(laws.give("sirpa", kela, laws.row(custodian="sosiaalityo", recipient=COACH[0])))
    document = site.run(laws.deposit("sirpa", custodian="sosiaalityo"))
    assert sees(site, document, laws.requester(*KELA)) and sees(site, document, laws.requester(*COACH))
    sirpa = site.run(site.people.client("sirpa"))
    with site.browser_of(browser, sirpa) as context:
        page = context.new_page()
        page.goto(site.base + "/portal/consents")
        page.get_by_role("main").get_by_role("link", name="Withdraw").first.click()
        expect(page.get_by_text("What they have seen cannot be taken back.")).to_be_visible()
        expect(page.get_by_role("main").get_by_text("Kela rehabilitation, work-ability plan")).to_be_visible()
        page.get_by_role("checkbox", name="Kela rehabilitation: work-ability plan").check()
        button(page, "Withdraw what I ticked").click()
        reading = page.locator(".reading")
        expect(reading).to_contain_text("Supported job coaching")
        expect(reading).not_to_contain_text("Kela rehabilitation")
        page.get_by_role("main").locator(".buttons.equal button").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("It is done")
    assert sees(site, document, laws.requester(*KELA)) == set()
    assert sees(site, document, laws.requester(*COACH))
    assert "consent.changed" in kinds(site) and laws.verify() == []


def test_maija_looks_first_at_what_would_be_seen_and_leaves_substance_use_closed(site: Live, browser: Browser) -> None:
    laws = site.people.laws
    site.run(request_of(site.people, "maija", KELA[0], purpose=KELA[2]))
    document = site.run(laws.deposit("maija"))
    maija = site.run(site.people.client("maija"))
    with site.browser_of(browser, maija) as context:
        page = context.new_page()
        page.goto(site.base + "/portal")
        link(page, "Kela rehabilitation").first.click()
        link(page, "See what they would see").click()
        expect(page.get_by_text("Nothing has been sent to anyone.")).to_be_visible()
        assert not page.locator("input:checked").count()
        for name in ("health data", "data about mental health"):
            page.get_by_role("checkbox", name=name, exact=True).check()
        button(page, "Show again").click()
        section = page.get_by_role("main").get_by_role("region").first
        expect(section.get_by_role("heading", name="mental health", exact=True)).to_be_visible()
        expect(section.get_by_role("heading", name="substance use", exact=True)).to_have_count(0)
        expect(section.get_by_role("list")).to_have_text("substance use")
        link(page, "Go on to the request").click()
        # What was tried out in the preview is chosen nowhere by that.
        assert not page.get_by_role("main").locator("input:checked").count()
        for name in ("health data", "data about mental health"):
            page.get_by_role("checkbox", name=f"I consent that the information may include {name}.", exact=True).check()
        page.get_by_role("radio", name="3 months").check()
        button(page, "I give permission").click()
        page.get_by_role("main").locator(".buttons.equal button").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("It is done")
    got = sees(site, document, laws.requester(*KELA))
    assert {"goals", "health", "mental-health"} <= got and "substance-use" not in got
    looks = [entry.client for entry in laws.entries() if entry.b and entry.b.get("view") == "preview"]
    assert looks == [site.run(site.people.client_id("maija"))] * 2 and laws.verify() == []


def test_valteri_decides_in_easy_finnish_with_very_large_text_and_a_supporter(site: Live, browser: Browser) -> None:
    laws = site.people.laws
    site.run(request_of(site.people, "valteri", COACH[0], "sosiaalityo"))
    document = site.run(laws.deposit("valteri", custodian="sosiaalityo"))
    valteri = site.run(site.people.client("valteri", "fi"))
    with site.browser_of(browser, valteri, viewport=PHONE) as context:
        page = context.new_page()
        page.goto(site.base + "/portal")
        page.get_by_role("link", name="Selkosuomi").click()
        page.get_by_role("link", name="Hyvin suuri teksti").click()
        assert page.locator("html").get_attribute("class") == "text-largest easy"
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('main p')).fontSize)")
        assert size >= 24
        page.get_by_role("main").locator("a[href^='/portal/requests/']").first.click()
        expect(page.get_by_text("Sinun ei ole pakko antaa lupaa.")).to_be_visible()
        assert fits(page)
        page.locator("input[name=until][value='3']").check()
        button(page, "Kyllä, saa nähdä").click()
        assert fits(page)
        page.locator("input[name=supported]").check()
        page.get_by_role("main").locator(".buttons.equal button").first.click()
        assert page.url.endswith("/given") and fits(page)
    (consent,) = consents(site, "valteri")
    assert (consent.shown.language, consent.shown.register) == ("fi", "easy")
    assert consent.giver.is_client and consent.capture.evidence.get("supported") == "yes"
    assert not sees(site, document, laws.requester(*COACH)) & {"health", "mental-health", "substance-use"}
    assert sees(site, document, laws.requester(*COACH)) and laws.verify() == []


_FOCUS = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const inside = box.top < innerHeight && box.bottom > 0 && box.left < innerWidth && box.right > 0;
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const name = one.labels && one.labels.length ? one.labels[0].innerText : one.innerText;
  return {name: (name || '').trim(), seen: one !== document.body && inside && ring && box.width > 0, tag: one.tagName};
}"""


def tab_to(page: Page, name: str, most: int = 60) -> None:
    """Press Tab until what bears that name has the focus, which is seen on each stop of the way."""
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUS)
        assert stop["seen"], f"{page.url}: the focus cannot be seen on {stop}"
        if stop["name"] == name:
            return
    raise AssertionError(f"{page.url}: {name} is not reached")


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 900}], ids=["phone", "desk"])
def test_keys_alone_lead_from_the_first_stop_to_an_answer_with_the_focus_always_seen(
    site: Live, browser: Browser, viewport: dict[str, int]
) -> None:
    laws = site.people.laws
    site.run(request_of(site.people, "suvi"))
    suvi = site.run(site.people.client("suvi"))
    with site.browser_of(browser, suvi, viewport=viewport) as context:
        page = context.new_page()
        page.goto(site.base + "/portal")
        page.keyboard.press("Tab")
        assert page.evaluate(_FOCUS)["name"] == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        tab_to(page, "Esimerkkilä employment services (municipal trial)", most=1)
        page.keyboard.press("Enter")
        page.wait_for_url("**/portal/requests/*")
        tab_to(page, "I consent that the information may include health data.")
        page.keyboard.press("Space")
        tab_to(page, "3 months")
        page.keyboard.press("Space")
        tab_to(page, "I give permission")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Check and confirm")
        yes = page.get_by_role("main").locator(".buttons.equal button").first.inner_text()
        tab_to(page, yes)
        page.keyboard.press("Space")
        expect(page.get_by_role("heading", level=1)).to_have_text("It is done")
    (consent,) = consents(site, "suvi")
    assert consent.grants[0].row.sensitivities == frozenset({"health"})
    assert "consent.given" in kinds(site) and laws.verify() == []


def test_suvi_does_not_recognise_a_look_and_reads_what_the_officer_answers(site: Live, browser: Browser) -> None:
    laws = site.people.laws
    site.run(laws.give("suvi"))
    assert sees(site, site.run(laws.deposit("suvi")), laws.requester())
    suvi = site.run(site.people.client("suvi"))
    with site.browser_of(browser, suvi) as context:
        page = context.new_page()
        page.goto(site.base + "/portal/log")
        page.get_by_role("main").get_by_role("link", name="I do not recognise this").first.click()
        page.get_by_label("What would you like to know?").fill("I have no appointment there. <b>Why?</b>")
        button(page, "Send the question").click()
        expect(page.get_by_text("Not answered yet")).to_have_count(2)
        expect(page.get_by_text("I have no appointment there. <b>Why?</b>")).to_be_visible()
        (concern,) = site.run(laws.gateway.concerns.of_client(site.run(site.people.client_id("suvi"))))
        officer = Officer("o-1", "Taru Esimerkki", "tyollisyysalue")
        told = "Your coach prepared your meeting of Monday."
        site.run(laws.gateway.concerns.answer(concern.id, officer, Answer.RIGHTFUL, told))
        page.reload()
        expect(page.get_by_text("There was a reason to use your information.")).to_be_visible()
        expect(page.get_by_text(told)).to_be_visible()
        # The other organisation that had a part in it has not answered yet.
        expect(page.get_by_text("Not answered yet")).to_have_count(1)
    assert kinds(site).count("concern.raised") == kinds(site).count("concern.answered") == 1
    assert laws.verify() == []
