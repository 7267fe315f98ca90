"""The desk's screens that follow a form, in Chromium on a narrow screen: none has a fault that axe finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.web.desk_visits import answer, compare, found, place_of, prepare
from tests.web.live import NARROW, Live, chromium, live
from tests.web.people import People, Visitor
from tests.web.test_desk_consents import PLAN, PNG, upload

_RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
Look = Callable[[Visitor, str], None]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A gateway with pages, on a port."""
    with live(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with chromium() as opened:
        yield opened


@pytest.mark.needs_chromium
@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_screen_from_the_situation_to_the_receipt_can_be_used_by_anybody(
    site: Live, browser: Browser, language: str
) -> None:
    wrong: list[str] = []
    seen: list[str] = []

    def look(visitor: Visitor, address: str) -> None:
        with site.browser_of(browser, visitor, viewport=NARROW) as context:
            page = context.new_page()
            page.on("console", lambda said: wrong.append(f"{address}: {said.text}") if said.type == "error" else None)
            page.goto(site.base + address)
            # A redirect would show another screen than the one that is looked at.
            assert page.url == site.base + address
            seen.append(address)
            for one in Axe().run(page, options=_RULES).response["violations"]:
                wrong.append(f"{address}: {one['id']}: {one['nodes'][0]['html'][:120]}")
            if (width := page.evaluate("document.documentElement.scrollWidth")) > NARROW["width"]:
                wrong.append(f"{address}: {width} px wide")

    _walk(site, look, language)
    assert len(seen) > 20 and not wrong, "\n".join(wrong)


def _walk(site: Live, look: Look, language: str) -> None:
    people = site.people
    first, second = site.run(_doctor(people, "w-1", language)), site.run(_doctor(people, "w-2", language))
    page = site.run(found(people, first, "valteri", "care"))
    for address in ("/desk", "/desk/work", page, f"{page}/ask", f"{page}/asked", f"{page}/reported"):
        look(first, address)
    look(first, f"{page}/deposit/work-ability-plan")
    look(first, f"{page}/deposit/work-ability-plan/done")
    look(first, f"{page}/consent")
    draft = site.run(prepare(first, page, "work-ability", [PLAN], "paper-scan", {"ticks-0": ["health"]}))
    for screen in ("rows", "details", "method", "show"):
        look(first, f"{draft}/{screen}")
    site.run(answer(first, draft, "yes"))
    look(first, f"{draft}/proof")
    site.run(upload(first, f"{draft}/proof", PNG, "image/png"))
    look(first, f"{draft}/proof")
    look(second, "/desk/worklist")
    look(second, f"{draft}/compare")
    place_of(site.run(compare(second, draft)))
    look(first, f"{draft}/understood")
    place_of(site.run(first.post(f"{draft}/understood", {"told": "1"})))
    look(first, f"{draft}/receipt")
    spoken = site.run(prepare(first, page, "work-ability", [PLAN], "verbal"))
    site.run(answer(first, spoken, "yes"))
    look(first, f"{spoken}/proof")
    phone = site.run(prepare(first, page, "work-ability", [PLAN], "own-phone"))
    site.run(answer(first, phone, "yes"))
    look(first, f"{phone}/proof")
    look(first, place_of(site.run(answer(first, site.run(prepare(first, page, "work-ability", [PLAN],
                                                                 "with-professional")), "no"))))  # fmt: skip
    own = site.run(found(people, first, "valteri", "care"))
    consent = site.run(first.get(own)).text.split(f'href="{own}/consents/')[1][:32]
    look(first, f"{own}/consents/{consent}")
    look(first, f"{own}/consents/{consent}/withdraw")
    look(first, "/desk/log")


async def _doctor(people: People, worker: str, language: str) -> Visitor:
    desk = await people.professional("sote-keskus", "laakari", language, worker)
    assert place_of(await desk.post("/desk/work", {"work": "sote-keskus.laakari.care"})) == "/desk"
    return desk
