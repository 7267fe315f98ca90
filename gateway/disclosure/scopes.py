"""Scopes: what a token lets its bearer try, SMART v2 system scopes and our own. Whether it may, the policy judges."""

from __future__ import annotations

import re
from functools import lru_cache

OWN_SCOPES = frozenset({"saattaen/consents", "saattaen/deposits", "saattaen/relations"})
"""Scopes of the JSON API: recording consents, depositing documents, recording relations."""

_SMART = re.compile(r"system/(\*|[A-Z][A-Za-z]{1,63})\.([a-z*]{1,16})", re.ASCII)
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}
_ORDER = "cruds"


def parse_scopes(text: str) -> tuple[str, ...]:
    """Return the scopes of a space-separated list, each in its SMART v2 form, in order and once. Raises ValueError.

    SMART v1 (`system/CarePlan.read`) is read as its v2 equivalent. Levels other than `system`, letters out of order and
    scopes narrowed by a query are refused: a scope that we do not enforce must not look granted.
    """
    if not text or not all(text.split(" ")):
        raise ValueError("scopes are separated by one space")
    return tuple(dict.fromkeys(_canonical(one) for one in text.split(" ")))


@lru_cache(maxsize=1024)
def covers(granted: frozenset[str], needed: str) -> bool:
    """Return whether the *granted* scopes, taken together, hold all of the scope *needed*; both in v2 form."""
    if needed in granted:
        return True
    match = _SMART.fullmatch(needed)
    if match is None:
        return False
    kind, letters = match.groups()
    held = "".join(letters for one, letters in map(_parts, granted) if one in (kind, "*"))
    return set(letters) <= set(held)


def _parts(scope: str) -> tuple[str, str]:
    match = _SMART.fullmatch(scope)
    return (match[1], match[2]) if match else ("", "")


def _canonical(scope: str) -> str:
    if scope in OWN_SCOPES:
        return scope
    match = _SMART.fullmatch(scope)
    if match is None:
        raise ValueError("a scope is not known here")
    kind, letters = match[1], _V1.get(match[2], match[2])
    if letters != "".join(one for one in _ORDER if one in letters):
        raise ValueError("the letters of a scope come in the order c, r, u, d, s")
    return f"system/{kind}.{letters}"
