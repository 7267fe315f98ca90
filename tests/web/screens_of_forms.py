"""Pictures of what a form alone leads to: faults, what is to be checked, what was done, a document that is read at the
desk, signing in. Each page is come to once; its width and size of text are then set where it stands, since an answer
to a form cannot be opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.web.desk_visits import found
from tests.web.live import PATIENCE, Live
from tests.web.people import Visitor
from tests.web.readers import reader
from tests.web.screens_leafing import SCREENS, SIZES

Stops = Iterator[str]
"""Names of pages, each yielded while the page is open."""
FIRST = 70
"""The number of the first of these pictures: they come after those that links lead to."""


def of_forms(site: Live, browser: Browser, who: str, language: str, folder: Path) -> Iterator[Path]:
    """Take the pictures of one reader in one register."""
    walks: dict[str, Callable[[Page, str], Stops]] = {
        "stranger": _stranger, "client": _client, "representative": _representative, "professional": _professional,
        "officer": _officer,
    }  # fmt: skip
    visitor, _ = reader(site, who, language)
    yield from _walked(site, browser, visitor, walks[who], folder, FIRST)
    if who == "professional":
        coach, address = site.run(_coach_at_the_desk(site, language))
        yield from _walked(site, browser, coach, lambda page, base: _coach(page, base + address), folder, FIRST + 20)


def _walked(
    site: Live, browser: Browser, visitor: Visitor, walk: Callable[[Page, str], Stops], folder: Path, first: int
) -> Iterator[Path]:
    with site.browser_of(browser, visitor) as context:
        page = context.new_page()
        yield from _each(page, walk(page, site.base), folder, first)


def of_sign_in(site: Live, browser: Browser, language: str, folder: Path) -> Iterator[Path]:
    """Take the pictures of signing in, out and for another, through the demo's providers."""
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{site.base}/choose/language/{language}?back=/")
        yield from _each(page, _sign_in(page, site.base), folder, FIRST + 10)
        yield from _each(page, _mandates(page, site), folder, FIRST + 20)


def _each(page: Page, stops: Stops, folder: Path, first: int) -> Iterator[Path]:
    """Take each stop in both widths and both sizes of text."""
    for number, name in enumerate(stops, first):
        page.wait_for_load_state()
        for size in SIZES:
            page.evaluate("size => document.documentElement.className = "
                          "document.documentElement.className.replace(/text-\\w+/, 'text-' + size)", size)  # fmt: skip
            for screen, viewport in SCREENS.items():
                page.set_viewport_size(viewport)
                file = folder / f"{number:02}-{name}-{screen}-{size}.png"
                page.screenshot(path=file, full_page=True)
                yield file


def _press(page: Page, selector: str = "main form .button") -> None:
    page.locator(selector).first.click()


def _stranger(page: Page, base: str) -> Stops:
    page.goto(f"{base}/portal/confirm/{'0' * 32}")
    page.locator("main input:not([type=hidden])").first.fill("ABCD-2345")
    _press(page)
    yield "confirm-wrong-code"


def _client(page: Page, base: str) -> Stops:
    page.goto(f"{base}/portal/nothing")
    yield "no-such-page"
    page.goto(f"{base}/portal/give/kuntakokeilu")
    _press(page, "main form .button.primary")
    yield "give-faults"
    page.locator("main input[type=checkbox]").first.check()
    page.locator("main input[type=radio][value='6']").check()
    _press(page, "main form .button.primary")
    yield "give-check"
    page.goto(f"{base}/portal/log?since=31.13.2026")
    yield "log-faults"
    page.goto(f"{base}/portal/log?recipient=elakelaitos")
    yield "log-nothing"
    page.goto(f"{base}/portal/matrix?on=1.1.2026")
    yield "matrix-another-day"
    page.goto(f"{base}/portal/settings")
    _press(page, "main form[action$='/pause'] .button")
    yield "paused"
    page.goto(f"{base}/portal")
    yield "start-paused"
    page.goto(f"{base}/portal/settings")
    yield "settings-paused"
    _press(page, "main form:not([action$='/settings']) .button")
    yield "resumed"


def _representative(page: Page, base: str) -> Stops:
    page.goto(f"{base}/portal/give/kuntakokeilu")
    page.locator("main input[type=checkbox]").first.check()
    page.locator("main input[type=radio][value='6']").check()
    _press(page, "main form .button.primary")
    yield "give-check"
    page.goto(f"{base}/portal/settings")
    _press(page, "main form[action$='/pause'] .button")
    yield "paused"
    page.goto(f"{base}/portal")
    yield "start-paused"
    page.goto(f"{base}/portal/settings")
    _press(page, "main form[action$='/resume'] .button")
    yield "resumed"


def _professional(page: Page, base: str) -> Stops:
    page.goto(f"{base}/desk")
    _press(page)
    yield "find-faults"
    page.locator("main table a").first.click()
    place = page.url
    page.goto(f"{place}/consent")
    _press(page)
    yield "situation-faults"
    page.locator("main input[name=situation]").first.check()
    page.locator("main input[name=decides]").first.check()
    _press(page)
    _press(page)
    yield "rows-faults"
    page.goto(f"{place}/deposit/work-ability-plan")
    _press(page)
    yield "deposit-faults"


async def _coach_at_the_desk(site: Live, language: str) -> tuple[Visitor, str]:
    """Return a job coach's browser and the page of Suvi, whose plan the coach may read."""
    coach = await site.people.professional("kuntakokeilu", "omavalmentaja", language, worker="w-7")
    return coach, await found(site.people, coach, "suvi", "employment-support")


def _coach(page: Page, address: str) -> Stops:
    page.goto(address)
    yield "client-open-to-me"
    _press(page, "main form[action$='/open'] button")
    yield "document-opened"


def _officer(page: Page, base: str) -> Stops:
    page.goto(f"{base}/oversight/search")
    _press(page)
    yield "search-faults"
    page.locator("main textarea").first.fill("Pistokoe")
    page.locator("main select[name=outcome]").select_option("permit")
    _press(page)
    yield "found-given"
    page.locator("main ol.log a").last.click()
    yield "entry-of-disclosure"
    _press(page)
    yield "entry-verified"
    page.goto(f"{base}/oversight/clients")
    _press(page)
    yield "report-faults"
    page.goto(f"{base}/oversight/clients")
    page.locator("main table a").last.click()
    yield "report-second-look"
    page.goto(f"{base}/oversight/concerns")
    if page.locator("main form").count():
        _press(page)
        yield "concern-faults"


def _sign_in(page: Page, base: str) -> Stops:
    page.goto(f"{base}/sign-in")
    yield "sign-in"
    page.goto(f"{base}/sign-in/suomifi/callback?error=access_denied&state=x")
    yield "sign-in-failed"
    page.goto(f"{base}/sign-in")
    page.locator("main a.button.primary").first.click()
    page.get_by_role("button", name="Suvi Esimerkki").click()
    page.goto(f"{base}/sign-in/again?next=/portal/settings")
    yield "sign-in-again"
    page.goto(f"{base}/portal")
    page.locator("form[action='/sign-out'] button").click()
    page.wait_for_url(f"{base}/sign-out/done")
    yield "signed-out"


def _mandates(page: Page, site: Live) -> Stops:
    """Go to the register of mandates as Ari, who may act for Maija until the register says less, and then nothing."""
    register, people = site.people.register, site.people.laws.world.clients
    assert register is not None
    ari, maija = people["ari"], people["maija"]
    register.add(ari.code.reveal(), maija.code.reveal(), maija.name)
    page.goto(f"{site.base}/sign-in")
    page.locator("main a.button.primary").first.click()
    page.get_by_role("button", name=ari.name).click()
    page.goto(f"{site.base}/acting-for")
    yield "acting-for-nobody"
    page.goto(f"{site.base}/acting-for/start")
    page.get_by_role("button", name="Go back").click()
    yield "acting-for-failed"
    page.goto(f"{site.base}/acting-for/start")
    page.get_by_role("button", name=maija.name).click()
    page.goto(f"{site.base}/acting-for")
    yield "acting-for-another"
    register.add(ari.code.reveal(), maija.code.reveal(), maija.name, {"suostumusten-katselu"})
    page.goto(f"{site.base}/portal/give")
    yield "mandate-narrow"
    register.end(ari.code.reveal(), maija.code.reveal())
    page.goto(f"{site.base}/portal")
    yield "mandate-ended"
    page.locator("form[action='/sign-out'] button").click()
