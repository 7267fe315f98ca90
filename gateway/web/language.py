"""The four registers of the pages: their catalogues, read from `.po` files, and which one a browser is shown.

A text is written in English in template or code. Each room has a catalogue of its own (`portal.po`, `desk.po`, ...) in
`locale/fi`, `locale/fi_SIMPLE` and `locale/sv`; easy Finnish says only what it says otherwise, and falls back to
Finnish.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

from gateway.directory.names import LANGUAGES

FOLDER: Final = Path(__file__).with_name("locale")
COOKIE: Final = "saattaen-language"
NAMES: Final = {"fi": "Suomi", "fi-x-selko": "Selkosuomi", "sv": "Svenska", "en": "English"}
"""What each register calls itself."""
_FOLDERS: Final = {"fi": ("fi",), "fi-x-selko": ("fi_SIMPLE", "fi"), "sv": ("sv",), "en": ()}


def N_(text: str) -> str:
    """Mark a text for the catalogues where it is written, to be translated where it is shown."""
    return text


@cache
def translations(language: str, folder: Path = FOLDER) -> NullTranslations:
    """Return the texts of one of LANGUAGES; what has no text of its own is shown in Finnish, then English."""
    chain = NullTranslations()
    for name in reversed(_FOLDERS[language]):
        for file in sorted((folder / name).glob("*.po")):
            here = _compiled(file)
            here.add_fallback(chain)
            chain = here
    return chain


def locale_of(language: str) -> Locale:
    """Return how dates and numbers are written in one of LANGUAGES."""
    return Locale.parse("fi" if language == "fi-x-selko" else {"en": "en_GB"}.get(language, language))


def html_language(language: str) -> str:
    """Return the value of `lang`: easy Finnish is Finnish to a screen reader."""
    return "fi" if language == "fi-x-selko" else language


def text_direction(language: str) -> str:
    """Return `ltr` or `rtl`."""
    return locale_of(language).text_direction


def language_of(request: Request) -> str:
    """Return the register chosen on this browser, else the best that it asks for, else Finnish."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    asked = [part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    return negotiate_locale(asked[:20], ["fi", "sv", "en"], sep="-") or "fi"


def has_chosen(request: Request) -> bool:
    """Return whether a register was chosen on this browser."""
    return request.cookies.get(COOKIE) in LANGUAGES


def _compiled(file: Path) -> GNUTranslations:
    with file.open("rb") as source:
        catalogue = read_po(source)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
