"""Whether a page speaks one language: what of it is said in the words of another one.

A page's texts are compared with everything that the catalogues and the directory say in each register. What others
wrote, documents above all, is in whatever language it was written, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from playwright.sync_api import Page

from gateway.demo.world import load_world
from gateway.directory.names import LANGUAGES
from gateway.web.language import html_language, translations
from tests.web.catalogues import texts

_TEXTS = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode, within = one.parentElement;
    if (!within.closest('article.reading, [lang]:not(html), option, code, table.plain td') && one.data.trim())
      found.push(one.data.replace(/\\s+/g, ' ').trim());
  }
  return found;
}"""
_PLACE = re.compile(r"%\(\w+\)s")


@cache
def _said(language: str) -> frozenset[str]:
    """Return every text that is whole in itself, as it is said in one register."""
    told = translations(language)
    found = {told.gettext(text) for said in texts().values() for text in said if not _PLACE.search(text)}
    directory = load_world().directory
    named = [row.name for row in (*directory.services.values(), *directory.organisations.values())]
    named += [row.name for row in directory.categories.values()]
    named += [name for names in directory.names.values() for name in names.values()]
    return frozenset(found | {name.text(language) for name in named})


@cache
def _filled(language: str) -> tuple[re.Pattern[str], ...]:
    """Return every text with places to fill in, as a pattern; those that are hardly more than a place are none."""
    told = translations(language)
    found = {told.gettext(text) for said in texts().values() for text in said if _PLACE.search(text)}
    return tuple(
        re.compile(".+".join(map(re.escape, _PLACE.split(text))))
        for text in sorted(found) if len(re.findall(r"[^\W\d_]{3,}", _PLACE.sub("", text))) >= 2
    )  # fmt: skip


def foreign(page: Page, language: str) -> Iterator[str]:
    """Yield each text of a page that is said in another language than *language*."""
    near = {language, "fi"} if language == "fi-x-selko" else {language}
    own = frozenset[str]().union(*map(_said, near))
    patterns = [pattern for one in near for pattern in _filled(one)]
    for text in page.evaluate(_TEXTS):
        if text in own or any(pattern.fullmatch(text) for pattern in patterns):
            continue
        for other in set(LANGUAGES) - near - {"fi-x-selko"}:
            if text in _said(other) or any(pattern.fullmatch(text) for pattern in _filled(other)):
                yield f"{other}: {text}"


def speaks(page: Page, language: str) -> str:
    """Return the page's one heading, having seen that the page is in one language and fits its screen."""
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == html_language(language), page.url
    wrong = list(foreign(page, language))
    assert not wrong, f"{page.url}: {wrong}"
    heading = page.get_by_role("heading", level=1)
    assert heading.count() == 1, page.url
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{page.url}: {width} px too wide"
    return heading.inner_text().strip()
