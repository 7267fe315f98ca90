"""Signing in for real, in a browser: from the front page through the demo's OpenID provider and out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web.live import PATIENCE, Live, chromium, live, with_providers

pytestmark = pytest.mark.needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Live]:
    """A gateway with providers beside it."""
    with live(tmp_path, with_providers) as opened:
        yield opened


@pytest.mark.parametrize(
    ("provider", "person", "home", "heading"),
    [
        ("Suomi.fi e-Identification (simulated)", "Suvi Esimerkki", "/portal", "Who may see my information"),
        ("Esimerkki wellbeing services county", "Terttu Esimerkki", "/desk/work", "What are you working on?"),
        ("Kela", "Kaisa Esimerkki", "/oversight", "The log now"),
    ],
)  # fmt: skip
def test_somebody_signs_in_through_their_provider_comes_home_and_signs_out_of_both(
    site: Live, browser: Browser, provider: str, person: str, home: str, heading: str
) -> None:
    wrong: list[str] = []
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
        page.goto(site.base)
        page.get_by_role("link", name="English").first.click()
        page.get_by_role("link", name="Sign in", exact=True).click()
        page.get_by_role("link", name=provider, exact=True).click()
        assert not page.url.startswith(site.base)
        page.get_by_role("button", name=person).click()
        expect(page).to_have_url(site.base + home)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.get_by_text(person, exact=True)).to_be_visible()
        kept = {one["name"]: one for one in context.cookies(site.base)}
        assert [one for one in kept if one.startswith("saattaen-demo-provider-")]
        assert kept["saattaen-session"]["httpOnly"] and kept["saattaen-session"]["sameSite"] == "Lax"
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(site.base + "/sign-out/done")
        expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
        page.goto(site.base + home)
        assert page.url.startswith(site.base + "/sign-in?next=")
        # Neither the gateway nor the provider knows this browser any more.
        assert not [one["name"] for one in context.cookies() if re.search("session|provider", one["name"])]
    assert not wrong and site.people.laws.verify() == []
