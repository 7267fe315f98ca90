"""The cookies of a request, before anybody reads them: those of ours alone, as we write them.

A browser sends whatever any page of this host has set, and a stranger sends anything. What unquotes a value in quotes
takes time by the square of its length (CVE-2024-7592, in Python before 3.11.10), and is asked at every address. Nothing
of ours is ever in quotes: what is, and what is not ours, is taken out once, and all who read cookies afterwards find
ours there, however they read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

NAMES: Final = "saattaen-"
"""With what every cookie of ours begins; before it there may be `__Host-`."""
_OURS: Final = re.compile(
    rb"(?:^|(?<=;))[ \t]*((?:__Host-)?%b[a-z0-9-]{1,64}=[!#-+\--:<-\[\]-~]{0,512})[ \t]*(?:$|(?=;))" % NAMES.encode()
)
_MOST: Final = 32


def with_own_cookies(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request, with those cookies alone that may be ours."""
    kept, cookies = [], list[bytes]()
    for pair in headers:
        if pair[0] == b"cookie":
            cookies += [found[1] for found in islice(_OURS.finditer(pair[1]), _MOST)]
        else:
            kept.append(pair)
    return [*kept, (b"cookie", b"; ".join(cookies[:_MOST]))] if cookies else kept
