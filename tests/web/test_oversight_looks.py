"""The officer's pages that follow a form, in a browser: nothing for axe, nothing past a narrow screen, no script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from gateway.directory.names import LANGUAGES
from tests.parts.html_validate import findings
from tests.web.furnished import furnish
from tests.web.live import NARROW, Live, chromium, live
from tests.web.people import Visitor
from tests.web.test_oversight_report import made, officer_named

_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A furnished gateway with pages, on a port."""
    with live(tmp_path_factory.mktemp("oversight")) as opened:
        opened.run(furnish(opened.people))
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with chromium() as opened:
        yield opened


async def steps(site: Live, language: str) -> tuple[Visitor, list[str]]:
    """Lead an officer to every page that follows a form; return the browser and where the pages are."""
    people = site.people
    first, second = await officer_named(people, "o-1"), await officer_named(people, "o-2")
    for visitor in (first, second):
        visitor.web.cookies.set("saattaen-language", language)
    suvi = await people.client_id("suvi")
    released = next(one for one in people.laws.entries() if one.kind == "disclosure")
    await people.laws.gateway.concerns.raise_concern(suvi, released.origin, released.index, said="Who is this?")
    fields = {"reason": "a question of the client", "client": people.laws.code("suvi")}
    results = (await second.post("/oversight/search", fields)).headers["location"]
    entry = re.search(r'href="(/oversight/entries/[^"]+)"', (await second.get(results)).text)
    assert entry is not None
    waiting = await made(people, first)
    ready = await made(people, first, package="gdpr-15")
    await second.post(f"{ready}/check", {})
    pages = ["/oversight", "/oversight/search", results, entry[1], entry[1].split("?")[0], "/oversight/concerns"]
    return second, [*pages, "/oversight/clients", waiting, ready]


@pytest.mark.needs_chromium
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_nothing_leaves_a_narrow_screen(site: Live, browser: Browser, language: str) -> None:
    visitor, pages = site.run(steps(site, language))
    wrong: list[str] = []
    with site.browser_of(browser, visitor, viewport=NARROW) as context:
        page = context.new_page()
        page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)

        def look(address: str) -> None:
            for one in Axe().run(page, options=_RULES).response["violations"]:
                places = "; ".join(node["html"][:160] for node in one["nodes"][:3])
                wrong.append(f"{address}: {one['id']}: {places}")
            if (width := page.evaluate("document.documentElement.scrollWidth")) > NARROW["width"]:
                wrong.append(f"{address}: {width} px wide on a screen of {NARROW['width']}")

        for address in pages:
            page.goto(site.base + address)
            look(address)
            if "/entries/" in address and "look=" in address:
                page.locator("form[action*='/verify'] button").click()
                look(f"{address} verified")
                # What a check found, its details too, is read without moving the table sideways.
                table = page.locator("section[aria-labelledby=result] .scroll")
                assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert not wrong, "\n".join(wrong)


@pytest.mark.needs_node
def test_markup_is_sound(site: Live) -> None:
    async def texts() -> dict[str, str]:
        visitor, pages = await steps(site, "en")
        return {address: (await visitor.get(address)).text for address in pages}

    found = site.run(texts())
    for address, text in found.items():
        assert len(re.findall(r"<h1\b", text)) == 1, address
        assert not re.search(r'\sstyle="|\son\w+="|<script|(?:src|href)="(?:https?:)?//', text), address
    assert not findings(found)
