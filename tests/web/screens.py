"""`make screens`: a picture of every page, phone and desk, ordinary and very large text, and one page to leaf through.

Pages that follow a form alone are taken by the journeys (`shot`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html import escape
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page

from gateway.directory.names import LANGUAGES
from tests.web.furnished import furnish
from tests.web.live import DESK, PHONE, Live, chromium, live, with_a_custodian
from tests.web.readers import READERS, crawled, reader

FOLDER = Path("build/screens")
SCREENS = {"phone": PHONE, "desk": DESK}
SIZES = ("normal", "largest")


def name_of(address: str) -> str:
    """Return a file's name for an address: random ids are left out."""
    plain = re.sub(r"[0-9a-f-]{20,}", "x", address.split("?")[0].strip("/")) or "front"
    return re.sub(r"[^A-Za-z0-9]+", "-", plain)


def shot(page: Page, folder: Path, name: str) -> Path:
    """Take a picture of a whole page."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.png"
    page.screenshot(path=file, full_page=True)
    return file


def take(site: Live, browser: Browser, who: str, language: str) -> Iterator[Path]:
    """Take the pictures of one reader in one register."""
    for screen, size in product(SCREENS, SIZES):
        visitor, starts = reader(site, who, language)
        visitor.web.cookies.set("saattaen-text-size", size)
        with site.browser_of(browser, visitor, viewport=SCREENS[screen]) as context:
            page = context.new_page()
            for number, address in enumerate(crawled(site, visitor, starts)):
                page.goto(site.base + address)
                yield shot(page, FOLDER / who / language, f"{number:02}-{name_of(address)}-{screen}-{size}")


def leaf_through(files: list[Path]) -> None:
    """Write the page that shows every picture."""
    rows = "".join(
        f"<figure><img loading=lazy src='{escape(str(file.relative_to(FOLDER)))}' alt=''><figcaption>"
        f"{escape(str(file.relative_to(FOLDER)))}</figcaption></figure>"
        for file in files
    )
    style = (
        "figure{display:inline-block;vertical-align:top;margin:8px;max-width:420px}img{max-width:100%;border:1px solid}"
    )
    (FOLDER / "index.html").write_text(f"<!DOCTYPE html><title>Screens</title><style>{style}</style>{rows}", "utf-8")


def main(registers: list[str]) -> None:
    """Take every picture, in all registers or those that are named."""
    with TemporaryDirectory() as folder, live(Path(folder), with_a_custodian) as site, chromium() as browser:
        site.run(furnish(site.people))
        files = [
            file for who, language in product(READERS, registers or LANGUAGES)
            for file in take(site, browser, who, language)
        ]  # fmt: skip
    leaf_through(files)
    print(f"{len(files)} pictures; leaf through them at {FOLDER / 'index.html'}")


if __name__ == "__main__":
    main(sys.argv[1:])
