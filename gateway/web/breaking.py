"""Where a line of a page may break: in a long Swedish compound at its seam, and in no number by which a thing is told.

Style asks browsers to hyphenate, and one that has a dictionary of the language does. Another breaks a long word at any
letter where it does not fit. Soft hyphens at the seams of the compounds that our texts and the names of services are
made of keep such words readable on a narrow screen with large text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SOFT: Final = "\N{SOFT HYPHEN}"
HARD: Final = "\N{NO-BREAK SPACE}"
_LONG: Final = 16
"""Letters of the shortest word that is given a seam: a shorter one fits on a line of its own."""
_BEGINNINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sv": "aktiverings användnings arbets arbetsförmåge arbetspensions bekräftelse besluts dataskydds engångs "
        "fullmakts förmedlings förmåns förvarings huvud hälso identifierings identitets intresse kontakt missbrukar "
        "mobil partner person rehabiliterings samtyckes sektors service social spärr sysselsättnings tillsyns "
        "utlämnings verksamhets verkstads välfärds vårdnads åtkomst"
    }
)
"""Beginnings of compounds by language: a word may be broken after one."""
_AS_IT_IS: Final = r"<(textarea|option|title|style|script|pre|code|svg)\b.*?</\1>|<[^>]*>"
"""Markup, and elements whose text a browser sets, sends or draws as it stands."""
_NUMBER: Final = r"(?<![\w-])(?P<number>[0-9A-F]{4}-[0-9A-F]{4})(?![\w-])"
"""The number of a consent or a receipt."""
_PHONE: Final = r"(?P<phone>\+358(?: \d{2,4}){2,4})"
_CLOCK: Final = r"(?P<clock>\b(?:klo|kello|kl\.)) (?=\d\d?\.\d\d)"
_PLACES: Final = f"{_AS_IT_IS}|{_NUMBER}|{_PHONE}|{_CLOCK}"


def broken_well(html: str, language: str) -> str:
    """Return a page whose lines break where a reader is not hindered, in one of LANGUAGES."""
    return _PATTERNS.get(language, _PLAIN).sub(_settled, html)


def _settled(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "number":
            return f'<span class="whole">{found[0]}</span>'
        case "phone":
            # In a place that is narrower than the number, a line may break at a space of it.
            return f'<span class="together">{found[0]}</span>'
        case "clock":
            return found["clock"] + HARD
        case "beginning":
            return found["beginning"] + SOFT
        case _:
            return found[0]


def _pattern(beginnings: str) -> re.Pattern[str]:
    # The longest first, and no break that leaves fewer than four letters.
    longest = "|".join(sorted(beginnings.split(), key=len, reverse=True))
    word = rf"(?<!\w)(?=\w{{{_LONG}}})(?P<beginning>(?i:{longest}))(?=\w{{4}})"
    return re.compile(f"{_PLACES}|{word}", re.DOTALL)


_PLAIN: Final = re.compile(_PLACES, re.DOTALL)
_PATTERNS: Final = {language: _pattern(beginnings) for language, beginnings in _BEGINNINGS.items()}
