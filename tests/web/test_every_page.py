"""What every page of every room is held to: markup, weight, accessibility, narrow screens; in each register."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from gateway.directory.names import LANGUAGES
from gateway.web.page import WEB
from tests.parts.html_validate import findings
from tests.web.crawl import kind_of, pages_of, routes_of
from tests.web.furnished import furnish
from tests.web.live import NARROW, Live, chromium, live, with_a_custodian
from tests.web.readers import READERS, crawled, reader

BUDGET = 60 * 1024
AT_STEPS = frozenset({"/portal/confirm/{handle}", "/oversight/clients/reports/{report}/files/{name}"})
"""Addresses that no page of these readers leads to: without a sign-in, and after a second officer's look."""
_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A furnished gateway with pages, on a port, at which one can sign in."""
    with live(tmp_path_factory.mktemp("pages"), with_a_custodian) as opened:
        opened.run(furnish(opened.people))
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with chromium() as opened:
        yield opened


@pytest.mark.needs_node
@pytest.mark.parametrize("who", READERS)
def test_markup_is_sound_and_light_on_every_page_in_every_register(site: Live, who: str) -> None:
    found: dict[str, str] = {}
    for language in LANGUAGES:
        visitor, starts = reader(site, who, language)
        found |= {f"{language} {address}": text for address, text in crawled(site, visitor, starts).items()}
    style = len(gzip.compress((WEB / "static" / "app.css").read_bytes()))
    scripts = sum(len(gzip.compress(file.read_bytes())) for file in (WEB / "static").glob("*.js"))
    for address, text in found.items():
        assert len(gzip.compress(text.encode())) + style + scripts <= BUDGET, address
        assert len(re.findall(r"<h1\b", text)) == 1, address
        assert not re.search(
            r'\sstyle="|\son\w+="|<script(?![^>]*\ssrc="/static/)|(?:src|href)="(?:https?:)?//', text
        ), address
    assert not findings(found)


@pytest.mark.needs_chromium
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("who", READERS)
def test_axe_finds_nothing_and_nothing_leaves_a_narrow_screen(
    site: Live, browser: Browser, who: str, language: str
) -> None:
    visitor, starts = reader(site, who, language)
    wrong: list[str] = []
    with site.browser_of(browser, visitor, viewport=NARROW) as context:
        page = context.new_page()
        page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: (
                wrong.append(f"{page.url} loads {asked.url}")
                if not asked.url.startswith((site.base, "data:"))
                else None
            ),
        )
        for address in crawled(site, visitor, starts):
            page.goto(site.base + address)
            for one in Axe().run(page, options=_RULES).response["violations"]:
                places = "; ".join(node["html"][:120] for node in one["nodes"][:3])
                wrong.append(f"{address}: {one['id']}: {places}")
            if (width := page.evaluate("document.documentElement.scrollWidth")) > NARROW["width"]:
                wrong.append(f"{address}: {width} px wide on a screen of {NARROW['width']}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.needs_chromium
@pytest.mark.parametrize("who", READERS)
def test_largest_text_and_forced_colours_keep_every_page_usable(site: Live, browser: Browser, who: str) -> None:
    visitor, starts = reader(site, who, "fi")
    visitor.web.cookies.set("saattaen-text-size", "largest")
    wrong: list[str] = []
    with site.browser_of(browser, visitor, viewport={"width": 640, "height": 800}, forced_colors="active") as context:
        page = context.new_page()
        for address in crawled(site, visitor, starts):
            page.goto(site.base + address)
            if (width := page.evaluate("document.documentElement.scrollWidth")) > 640:
                wrong.append(f"{address}: {width} px wide")
            # In forced colours a button without a border cannot be told from text.
            for name in page.locator(".button").all():
                if name.evaluate("one => getComputedStyle(one).borderStyle") == "none":
                    wrong.append(f"{address}: a button without a border")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("who", "room"), [("client", "portal"), ("professional", "desk"), ("officer", "oversight")])
def test_every_page_of_a_room_is_come_to(site: Live, who: str, room: str) -> None:
    app, (visitor, starts) = site.people.app, reader(site, who, "en")

    async def crawl() -> dict[str, int]:
        return {
            kind_of(app, address.partition("?")[0]): answer.status_code
            async for address, answer in pages_of(app, visitor, starts)
        }

    reached, known = site.run(crawl()), set(routes_of(app, room, "GET"))
    assert known and known - set(reached) <= AT_STEPS
    assert {kind for kind, status in reached.items() if status != 200} <= {"/"}
