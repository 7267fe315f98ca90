"""One reader's way through the pages in a browser: look at each page, follow and press what is on it."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

from gateway.demo.world import load_world
from gateway.web.language import translations
from tests.web.tongues import speaks


@dataclass
class Walk:
    """One reader's way through the pages; `met` are the headings in their order."""

    page: Page
    base: str
    language: str
    met: list[str]

    def see(self, text: str | None = None, **filled: str) -> None:
        """Look at the page; its heading is *text* in the reader's language where one is named."""
        heading = speaks(self.page, self.language)
        self.met.append(heading)
        if text is not None:
            assert heading == self.said(text, **filled), self.page.url

    def said(self, text: str, **filled: str) -> str:
        """Return a text of the pages in the reader's language."""
        told = translations(self.language).gettext(text)
        return told % filled if filled else told

    def go(self, path: str, text: str | None = None) -> None:
        """Open an address and look."""
        self.page.goto(self.base + path)
        self.see(text)

    def follow(self, selector: str, text: str | None = None, **filled: str) -> None:
        """Follow or press the first of the page's own links or buttons that fits, and look at what comes."""
        self.page.get_by_role("main").locator(selector).first.click()
        self.see(text, **filled)

    def tick(self, selector: str) -> None:
        """Choose the first that fits."""
        self.page.locator(selector).first.check()


def look_up(walk: Walk) -> str:
    """Look Suvi up; return her page's address."""
    walk.page.locator("input[name=code]").fill(load_world().clients["suvi"].code.reveal())
    walk.page.locator("input[name=purpose]").first.check()
    walk.page.locator("[name=reason]").fill("a walk")
    walk.follow("form button", "What may I see now?")
    return walk.page.url


def talk_over(walk: Walk, answer: str) -> int:
    """Go through the screens up to the client's answer; return how many there were."""
    screens = 0

    def on(selector: str) -> None:
        nonlocal screens
        screens += 1
        walk.follow(selector)

    page = walk.page
    page.get_by_role("main").locator("a[href$='/consent']").click()
    walk.tick("input[name=situation][value=work-ability]")
    walk.tick("input[name=decides][value=client]")
    on("form button")
    # What was put aside or refused is not offered again: each talk is about the first that is left.
    walk.tick("input[name=row]")
    on("form button")
    walk.tick("input[name=period][value='6']")
    on("form button")
    walk.tick("input[name=method][value=with-professional]")
    walk.tick("input[name=identity_check]")
    page.locator("select[name=language]").select_option(walk.language)
    on("form button")
    assert not page.get_by_role("main").locator("input:checked").count()
    on(f".buttons.equal button[value={answer}]")
    return screens
