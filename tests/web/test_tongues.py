"""The look for a second language on a page finds one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.web.live import chromium
from tests.web.tongues import foreign

pytestmark = pytest.mark.needs_chromium


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """An empty page."""
    with chromium() as browser:
        yield browser.new_page()


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("fi", "Luvat", []),
        ("fi", "Tillstånd", ["sv: Tillstånd"]),
        ("sv", "Permissions", ["en: Permissions"]),
        ("en", "Koivulan sote-keskus", ["fi: Koivulan sote-keskus"]),
        ("fi", "Step 1 of 2", []),
        ("sv", "You asked about this on 27 November 2026.", ["en: You asked about this on 27 November 2026."]),
        # Where easy Finnish says nothing of its own, it says what Finnish does.
        ("fi-x-selko", "Etusivulle", []),
        ("fi-x-selko", "To the start page", ["en: To the start page"]),
        ("sv", "Något som ingen säger", []),
    ],
)
def test_a_text_of_another_language_is_found(page: Page, language: str, text: str, found: list[str]) -> None:
    page.set_content(f"<main><p>{text}</p></main>")
    assert list(foreign(page, language)) == found


def test_what_others_wrote_and_what_is_marked_as_another_language_is_left_out(page: Page) -> None:
    page.set_content(
        "<article class='reading'>Tillstånd</article><a lang='sv'>Tillstånd</a><code>Tillstånd</code>"
        "<table class='plain'><td>Tillstånd</td></table><p> Permissions </p>"
    )
    assert list(foreign(page, "fi")) == ["en: Permissions"]
