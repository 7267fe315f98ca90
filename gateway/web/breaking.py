"""Where a line of a page may break: nowhere within a number of a consent, and in a long Swedish compound at its seam.

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
_LONG: Final = 14
"""Letters of the shortest word that has seams, as the style asks browsers to hyphenate."""
_BEGINNINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sv": "aktiverings användnings arbets arbets-förmåge arbets-pensions bekräftelse besluts data data-skydds "
        "engångs fullmakts förmedlings förmåns förvarings huvud hälso identifierings identitets intresse kontakt "
        "missbrukar mobil partner person rehabiliterings samtyckes sektors service social spärr sysselsättnings text "
        "tillsyns utlämnings verksamhets verkstads välfärds vårdnads åtkomst"
    }
)
"""Beginnings of compounds by language; they may be broken at their hyphens and at their end."""
_AS_IT_IS: Final = r"<(textarea|option|title|style|script|pre|code|svg)\b.*?</\1>|<[^>]*>"
"""Markup, and elements whose text a browser sets, sends or draws as it stands."""
_NUMBER: Final = r"(?<![\w-])(?P<number>[0-9A-F]{4}-[0-9A-F]{4})(?![\w-])"


def broken_well(html: str, language: str) -> str:
    """Return a page whose lines break where a reader is not hindered, in one of LANGUAGES."""
    return _PATTERNS.get(language, _PLAIN).sub(_settled, html)


def _settled(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind == "number":
        return f'<span class="whole">{found["number"]}</span>'
    return _at_seams(found["beginning"]) if kind == "beginning" else found[0]


def _at_seams(beginning: str) -> str:
    seams, told = _SEAMS[beginning.lower()], beginning
    for seam in reversed(seams):
        told = told[:seam] + SOFT + told[seam:]
    return told


def _places(parts: str) -> tuple[int, ...]:
    """Return after how many letters a beginning may be broken."""
    lengths = [len(part) for part in parts.split("-")]
    return tuple(sum(lengths[: count + 1]) for count in range(len(lengths)))


def _pattern(beginnings: str) -> re.Pattern[str]:
    # The longest first, and no break that leaves fewer than four letters.
    longest = "|".join(sorted((one.replace("-", "") for one in beginnings.split()), key=len, reverse=True))
    word = rf"(?<!\w)(?=\w{{{_LONG}}})(?P<beginning>(?i:{longest}))(?=\w{{4}})"
    return re.compile(f"{_AS_IT_IS}|{_NUMBER}|{word}", re.DOTALL)


_SEAMS: Final = {
    one.replace("-", ""): _places(one) for beginnings in _BEGINNINGS.values() for one in beginnings.split()
}
_PLAIN: Final = re.compile(f"{_AS_IT_IS}|{_NUMBER}", re.DOTALL)
_PATTERNS: Final = {language: _pattern(beginnings) for language, beginnings in _BEGINNINGS.items()}
