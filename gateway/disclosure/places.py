"""What tells where somebody is: the elements to drop, and the marks in free text. For clients under non-disclosure."""

from __future__ import annotations

import re

PLACES = frozenset(
    {
        "address",
        "telecom",
        "phone",
        "email",
        "location",
        "locationCode",
        "locationReference",
        "municipality",
        "municipalityCode",
        "city",
        "district",
        "postalCode",
        "place",
        "position",
        "geolocation",
        "facility",
        "destination",
        "origin",
    }
)
"""Names of elements that say a place or a way to reach one, wherever they stand in a document."""

CONTACT_SECTION = "contact"
"""The section that says how to reach the client; never released under non-disclosure."""

MASK = "[…]"

_INSTANT = re.compile(r"\d{4}(?:-\d{2}){0,2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?")
_STREETS = (
    "katu|kadun|kadulla|kadulle|tie|tien|tiellä|tielle|kuja|kujan|kujalla|polku|polun|polulla|väylä|väylän|raitti|raitin|"
    "kaari|kaaren|ranta|rannan|tori|torin|penger|penkereen|puistikko|puistikon|aukio|aukion|rinne|rinteen|mäki|mäen|piha|"
    "gatan|gata|vägen|väg|gränd|gränden|stigen|stig|torget|stranden|backen|street|road|lane"
)
_MAY_MARK = re.compile(r"[0-9@]")
# Every repetition has an end, so that a long text costs time in proportion to its length.
_STREET = re.compile(
    # The end of a street's name and its number, with stair and flat: "...katu 3 B 12".
    rf"(?:{_STREETS})\s{{1,3}}\d{{1,4}}(?:\s?[-\u2013]\s?\d{{1,4}})?"
    r"(?:\s?[a-zA-Z]\b)?(?:\s?(?:as\.?|bst\.?)?\s?\d{1,4}\b)?",
    re.IGNORECASE,
)
_WORD_BEFORE = re.compile(r"\b[A-ZÅÄÖ][\w'-]{0,40}\s{1,3}\Z")
_MARKS = re.compile(
    # A box: "PL 123", "PB 12".
    r"\b(?:PL|PB)\s?\d{1,6}\b"
    # A postal code, with the post office where one follows.
    r"|\b(?:FI-|AX-)?\d{5}\b(?:\s{1,3}[A-ZÅÄÖ][\w-]{1,40})?"
    # A telephone number.
    r"|(?<![\w.:-])(?:\+358[ -]?\d{1,3}|0\d{1,2})[ -]?\d{3,4}(?:[ -]?\d{2,4}){1,2}\b"
    # An e-mail address.
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    re.IGNORECASE,
)


def mask_places(text: str) -> str:
    """Return the text with street addresses, postal codes, boxes, telephone numbers and e-mail addresses masked.

    A municipality or a name of a place that stands in a sentence of its own is beyond it.
    """
    if not _MAY_MARK.search(text) or _INSTANT.fullmatch(text):
        return text
    return _MARKS.sub(MASK, _mask_streets(text))


def _mask_streets(text: str) -> str:
    kept: list[str] = []
    end = 0
    for found in _STREET.finditer(text):
        start = found.start()
        while start > end and (text[start - 1].isalnum() or text[start - 1] in "'-"):
            start -= 1
        if (word := _WORD_BEFORE.search(text, max(end, start - 45), start)) is not None:
            start = word.start()
        kept += (text[end:start], MASK)
        end = found.end()
    return "".join((*kept, text[end:]))
