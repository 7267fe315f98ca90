"""What is made by chance in a text, taken out of it before a few digits are looked for in the rest."""

from __future__ import annotations

import re

_MADE = re.compile(r"[0-9a-f]{16,}|(?<=\d\.)\d+(?:e-?\d+)?", re.IGNORECASE)


def without_chance(text: str) -> str:
    """Return *text* without ids, digests and decimals: one in some thousands of these holds any six digits."""
    return _MADE.sub("~", text)
