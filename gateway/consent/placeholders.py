"""Filling `{placeholders}` of a text, once: what is filled in is never read as a placeholder again."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(text: str) -> frozenset[str]:
    """Return the names between braces; a stray brace counts as the name it spoils."""
    names = set(_PLACEHOLDER.findall(text))
    rest = _PLACEHOLDER.sub("", text)
    return frozenset(names | {brace for brace in "{}" if brace in rest})


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return *text* with its placeholders filled. Raises KeyError for one that *values* has not."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
