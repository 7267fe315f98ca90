"""`make screens`: a picture of every page, phone and desk, ordinary and very large text, to leaf through.

What links lead to is found by following them; what a form alone leads to is in `screens_of_forms`.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from gateway.directory.names import LANGUAGES
from tests.web.furnished import furnish
from tests.web.live import Live, chromium, live, with_a_custodian, with_providers
from tests.web.readers import READERS, crawled, reader
from tests.web.screens_leafing import SCREENS, SIZES, leaf_through
from tests.web.screens_of_forms import of_forms, of_sign_in

FOLDER = Path("build/screens")


def name_of(address: str) -> str:
    """Return a file's name for an address: random ids are left out."""
    plain = re.sub(r"[0-9a-f-]{20,}", "x", address.split("?")[0].strip("/")) or "front"
    return re.sub(r"[^A-Za-z0-9]+", "-", plain)


def take(site: Live, browser: Browser, who: str, language: str) -> Iterator[Path]:
    """Take the pictures of what one reader comes to by links, in one register."""
    visitor, starts = reader(site, who, language)
    found = list(enumerate(crawled(site, visitor, starts)))
    for size in SIZES:
        visitor.web.cookies.set("saattaen-text-size", size)
        with site.browser_of(browser, visitor) as context:
            page = context.new_page()
            for number, address in found:
                answer = page.goto(site.base + address)
                if answer is None or not answer.ok:
                    continue  # Links lead to signing in, which the other gateway shows.
                for screen, viewport in SCREENS.items():
                    page.set_viewport_size(viewport)
                    file = FOLDER / who / language / f"{number:02}-{name_of(address)}-{screen}-{size}.png"
                    page.screenshot(path=file, full_page=True)
                    yield file


def main(readers: Sequence[str], registers: Sequence[str]) -> None:
    """Take every picture of these readers in these registers."""
    taken, chosen = 0, tuple(product(readers, registers))
    for who, language in chosen:
        shutil.rmtree(FOLDER / who / language, ignore_errors=True)
        (FOLDER / who / language).mkdir(parents=True)
    with TemporaryDirectory() as folder, live(Path(folder), with_a_custodian) as site, chromium() as browser:
        site.run(furnish(site.people))
        for who, language in chosen:
            taken += sum(1 for _ in take(site, browser, who, language))
        for who, language in chosen:
            taken += sum(1 for _ in of_forms(site, browser, who, language, FOLDER / who / language))
        with live(Path(folder) / "providers", with_providers) as other:
            for who, language in chosen:
                if who == "stranger":
                    taken += sum(1 for _ in of_sign_in(other, browser, language, FOLDER / who / language))
    leaf_through(FOLDER)
    print(f"{taken} pictures; leaf through them at {FOLDER / 'index.html'}")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("registers", nargs="*", default=LANGUAGES)
    asked.add_argument("--who", nargs="+", choices=READERS, default=READERS)
    said = asked.parse_args()
    main(said.who, said.registers)
