"""The head of every page: what is seen first is come to first by keyboard (WCAG 2.4.3), on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser

from tests.web.live import DESK, NARROW, PHONE, Live, chromium, live
from tests.web.people import Visitor

pytestmark = pytest.mark.needs_chromium

_PLACES = """() => [...document.querySelectorAll("header :is(a, button)")].map(one => {
  const {left, top, bottom} = one.getBoundingClientRect()
  return {name: one.textContent.trim(), left, top, bottom}
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A gateway with pages, on a port."""
    with live(tmp_path_factory.mktemp("header")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with chromium() as opened:
        yield opened


async def reader_of(site: Live, who: str, language: str) -> Visitor:
    """Return a reader's browser."""
    match who:
        case "client":
            return await site.people.client("suvi", language)
        case "professional":
            return await site.people.professional("kuntakokeilu", "omavalmentaja", language)
        case _:
            return await site.people.visitor(language=language)


@pytest.mark.parametrize("language", ["fi", "sv"])
@pytest.mark.parametrize(("who", "path"), [("stranger", "/"), ("client", "/portal"), ("professional", "/desk")])
def test_what_is_seen_first_in_the_head_is_come_to_first_by_keyboard(
    site: Live, browser: Browser, who: str, path: str, language: str
) -> None:
    visitor = site.run(reader_of(site, who, language))
    for size in ("normal", "largest"):
        visitor.web.cookies.set("saattaen-text-size", size)
        with site.browser_of(browser, visitor) as context:
            page = context.new_page()
            page.goto(site.base + path)
            for screen in (NARROW, PHONE, DESK):
                page.set_viewport_size(screen)
                places = page.evaluate(_PLACES)
                assert len(places) > 7
                for one, following in pairwise(places):
                    lower = following["top"] >= one["bottom"] - 1
                    beside = following["left"] > one["left"] and following["bottom"] > one["top"]
                    assert lower or beside, (screen, size, one, following)


def test_client_comes_to_leaving_quickly_before_all_but_the_mark(site: Live, browser: Browser) -> None:
    with site.browser_of(browser, site.run(reader_of(site, "client", "en")), viewport=PHONE) as context:
        page = context.new_page()
        page.goto(site.base + "/portal")
        reached = []
        for _ in range(3):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        assert reached == ["Skip to the content", "Saattaen", "Leave quickly"]
