"""Which addresses are people's pages, and where somebody may be led back to."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

ROOMS: Final = ("portal", "desk", "oversight", "sign-in", "sign-out", "acting-for", "help", "leave", "choose", "static")
"""The first part of every address of the human edge; `/` alone is its front page."""

_PAGE: Final = re.compile(rf"/|/(?:{'|'.join(ROOMS)})(?:/.*)?", re.DOTALL)
_WAY_BACK: Final = re.compile(
    r"/(?:(?:portal|desk|oversight|sign-in|acting-for|help)(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._~-]+)*)?"
)


def is_page(path: str) -> bool:
    """Return whether a person reads what is at *path* (`scope["path"]`)."""
    return _PAGE.fullmatch(path) is not None


def way_back(given: str | None, otherwise: str = "/") -> str:
    """Return *given* where it is the plain path of a page of ours, else *otherwise*: never another host, nor a query.

    A second slash, a backslash, a scheme, a step up and an encoded character are all no plain path.
    """
    return given if given is not None and _WAY_BACK.fullmatch(given) else otherwise


def to_identify_again(place: str) -> str:
    """Return where somebody identifies themselves once more, and comes back to *place* from."""
    return f"/sign-in/again?next={quote(way_back(place), safe='')}"
