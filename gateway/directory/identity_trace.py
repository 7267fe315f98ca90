"""Whether a text holds what looks like a personal identity code, so that it can be refused before anything keeps it."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

# Whole runs only: a random id of ours may hold the shape inside a longer run of letters and digits.
# A hyphen is not always typed as one: the dashes of Unicode stand for it too.
_TRACE = re.compile(
    r"(?<![0-9A-Za-z])\d{6}[-+YXWVUA-F\u2010-\u2015\u2212\uFE63\uFF0D]\d{3}[0-9A-FHJ-NPR-Y](?![0-9A-Za-z])",
    re.ASCII | re.IGNORECASE,
)


def holds_identity_code(text: str) -> bool:
    """Return whether *text* holds the shape of a personal identity code, written with whatever dash; its date and check
    character are not asked."""
    return _TRACE.search(text) is not None


def url_holds_identity_code(path_or_query: str) -> bool:
    """Return whether a part of a URL does, as it stands or percent-encoded once or twice."""
    if "%" not in path_or_query and "+" not in path_or_query:
        # Nothing is encoded: it stands for itself alone.
        return holds_identity_code(path_or_query)
    forms = {path_or_query, unquote(path_or_query), unquote_plus(path_or_query)}
    return any(map(holds_identity_code, forms | {unquote(one) for one in forms}))
