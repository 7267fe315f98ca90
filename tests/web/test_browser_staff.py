"""Journeys of those who work with it, in Chromium: a spoken consent at the desk, and an officer's question of May."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.disclosure.release import Refused, Released
from tests.laws.gateway_world import FEEDBACK
from tests.web.live import Live, chromium, live

pytestmark = pytest.mark.needs_chromium
WORDS = "Joo, saat lähettää palautteen työllisyyspalveluille."


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


def press(page: Page, name: str) -> None:
    """Press the one button of that name."""
    page.get_by_role("button", name=name, exact=True).click()


def look_up(page: Page, base: str, code: str, purpose: str) -> None:
    """Look somebody up at the desk."""
    page.goto(base + "/desk")
    page.get_by_label("Personal identity code").fill(code)
    page.get_by_role("radio", name=purpose).check()
    page.get_by_label("Why do you look this person up?").fill("came to a health check")
    press(page, "Look up")
    expect(page.get_by_role("heading", level=1)).to_have_text("What may I see now?")
    assert code not in page.url


def test_nurse_records_spoken_words_and_they_open_one_document_once(site: Live, browser: Browser) -> None:
    people, laws = site.people, site.people.laws
    site.run(laws.deposit("suvi", "terveystarkastus", FEEDBACK))
    nurse = site.run(people.professional("terveystarkastus", "terveydenhoitaja"))
    with site.browser_of(browser, nurse) as context:
        page = context.new_page()
        page.goto(site.base + "/desk")
        if page.url.endswith("/desk/work"):
            page.get_by_role("radio").first.check()
            press(page, "Begin")
        look_up(page, site.base, laws.code("suvi"), "care")
        page.get_by_role("link", name="Talk over a permission").click()
        page.locator("input[name=situation][value=work-ability]").check()
        page.locator("input[name=decides][value=client]").check()
        press(page, "Continue")
        assert not page.get_by_role("main").locator("input:checked").count()
        page.locator(f"input[name=row][value^='terveystarkastus:kuntakokeilu:{FEEDBACK}']").check()
        press(page, "Continue")
        assert not page.get_by_role("main").locator("input:checked").count()
        page.get_by_role("radio", name="6 months").check()
        press(page, "Continue")
        page.locator("input[name=method][value=verbal]").check()
        page.get_by_role("radio", name="Identity document").check()
        page.get_by_label("Language of the client's screen").select_option("fi")
        press(page, "Turn the screen to the client")
        expect(page.locator("html")).to_have_attribute("lang", "fi")
        expect(page.get_by_role("navigation", name="Desk")).to_have_count(0)
        page.locator(".buttons.equal button[value=yes]").click()
        page.get_by_label("The words, as they were said").fill(WORDS)
        press(page, "Continue")
        page.get_by_role("checkbox", name="The client told in their own words who may see what").check()
        press(page, "Record the permission")
        expect(page.get_by_role("heading", level=1)).to_have_text("The permission is recorded")
        expect(page.get_by_text("In force", exact=True)).to_be_visible()
    given = [entry for entry in laws.entries() if entry.kind == "consent.given"][-1]
    assert given.client == site.run(people.client_id("suvi"))
    (consent,) = site.run(laws.gateway.recording.consents_of(site.run(people.client_id("suvi")), "kuntakokeilu"))
    assert consent.grants[0].single_use and consent.grants[0].row.until <= laws.clock.now() + timedelta(hours=24)

    coach = site.run(people.professional("kuntakokeilu", "omavalmentaja", worker="w-2"))
    with site.browser_of(browser, coach) as context:
        page = context.new_page()
        look_up(page, site.base, laws.code("suvi"), "supporting the client into work")
        stale = context.new_page()
        stale.goto(page.url)
        press(page, "Open once")
        expect(page.get_by_role("heading", level=3, name="Work ability")).to_be_visible()
        # What was opened is offered no more; a page that stood open the while does not open it again.
        look_up(page, site.base, laws.code("suvi"), "supporting the client into work")
        expect(page.get_by_role("button", name="Open once", exact=True)).to_have_count(0)
        stale.bring_to_front()
        press(stale, "Open once")
        expect(stale.get_by_role("heading", level=3, name="Work ability")).to_have_count(0)
    outcomes = [entry.outcome for entry in laws.entries() if entry.kind in ("disclosure", "decision")]
    assert outcomes[-2:] == ["permit", "deny"] and laws.verify() == []


def test_officer_finds_who_saw_suvis_plan_in_may_and_why_and_proves_it(site: Live, browser: Browser) -> None:
    people, laws = site.people, site.people.laws
    laws.clock.set(datetime(2027, 4, 26, 9, tzinfo=UTC))
    document = site.run(laws.deposit("suvi"))
    site.run(laws.give("suvi"))
    for day in (datetime(2027, 4, 28, 9, tzinfo=UTC), datetime(2027, 5, 12, 9, 30, tzinfo=UTC)):
        laws.clock.set(day)
        assert isinstance(site.run(laws.ask(laws.read_of(document))), Released)
    laws.clock.set(datetime(2027, 5, 31, 20, 59, tzinfo=UTC))  # One minute before June begins in Finland.
    kela = laws.requester("kela", "kuntoutusasiantuntija", "rehabilitation-decision")
    assert isinstance(site.run(laws.ask(laws.read_of(document, kela))), Refused)
    laws.clock.set(datetime(2027, 5, 31, 21, tzinfo=UTC))
    assert isinstance(site.run(laws.ask(laws.read_of(document))), Released)
    laws.clock.set(datetime(2027, 6, 3, 8, tzinfo=UTC))
    officer = site.run(people.officer("hyvinvointialue"))
    size = laws.size()
    with site.browser_of(browser, officer) as context:
        page = context.new_page()
        page.goto(site.base + "/oversight")
        page.get_by_role("link", name="Search the log").click()
        press(page, "Search")
        expect(page.get_by_role("alert")).to_contain_text("Write why you look.")
        page.get_by_label("Why you look").fill("Suvi asks who saw her plan in May")
        page.get_by_label("Client's personal identity code").fill(laws.code("suvi"))
        page.get_by_label("Category").select_option("work-ability-plan")
        page.get_by_label("From the day").fill("2027-05-01")
        page.get_by_label("To the day").fill("2027-05-31")
        press(page, "Search")
        expect(page.get_by_role("heading", level=1)).to_have_text("Found in the log")
        assert laws.code("suvi") not in page.url and laws.code("suvi") not in page.content()
        rows = page.get_by_role("main").locator("ol.log > li")
        expect(rows).to_have_count(2)
        expect(rows.nth(0)).to_contain_text("31 May 2027")
        expect(rows.nth(0)).to_contain_text("Nothing was given")
        expect(rows.nth(1)).to_contain_text("12 May 2027")
        expect(rows.nth(1)).to_contain_text("the client's consent")
        expect(rows.nth(1)).to_contain_text("supporting the client into work")
        expect(rows.nth(1)).to_contain_text("Olli (worker-1)")
        rows.nth(1).get_by_role("link").click()
        press(page, "Verify this entry")
        expect(page.get_by_text("Every step that could be checked holds")).to_be_visible()
        expect(page.get_by_role("table", name="Each step and its result").get_by_text("Holds")).to_have_count(6)
        with page.expect_download() as saved:
            page.get_by_role("link", name="Download the proof (JSON)").click()
        assert re.fullmatch(r"entry-2027-\d+\.json", saved.value.suggested_filename)
    looks = laws.entries()[size:]
    assert {entry.kind for entry in looks} == {"audit.read"} and len(looks) >= 3
    suvi = site.run(people.client_id("suvi"))
    assert all(entry.a and entry.a["reason"] == "Suvi asks who saw her plan in May" for entry in looks[1:])
    assert looks[-1].client == suvi and laws.verify() == []
