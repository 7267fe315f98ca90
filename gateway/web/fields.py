"""The fields of a form as a browser sends them: in the one charset that our pages have, and no larger than they need.

Who writes the request chooses what reads it. A multipart form is decoded in whatever charset its header names, and some
of those take time by the square of the length, or fail in ways that nobody expects: here there is UTF-8, and no other.
A form that holds no file is never read as multipart. (What a part says of its own charset, or a field `_charset_`, the
parser heeds nowhere.)
"""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request

from gateway.http.problems import EdgeError

MOST_OF_A_STRANGER: Final = 16 * 1024
"""So many bytes may a form have from somebody whom nobody knows: a code, or a provider's token."""
_FIELDS: Final = 400
_BESIDE_A_FILE: Final = 8
"""So many fields may stand beside a file: each has headers of its own, which take longer to read than what they say."""
_UTF_8: Final = r"""[ \t]*;[ \t]*charset[ \t]*=[ \t]*(?:utf-?8|"utf-?8")"""
_PLAIN: Final = re.compile(rf"application/x-www-form-urlencoded(?:{_UTF_8})?[ \t]*", re.ASCII | re.IGNORECASE)
_BROKEN: Final = re.compile(rb"[^!-~]|%(?![0-9A-Fa-f]{2})|&&")
"""What no browser writes: it is read ten times as slowly as what one does."""
_BOUNDARY: Final = r"""[ \t]*;[ \t]*boundary=(?:[\w'+.-]{1,70}|"[\w'+.-]{1,70}")"""
_WITH_A_FILE: Final = re.compile(
    rf"multipart/form-data(?:{_BOUNDARY}(?:{_UTF_8})?|{_UTF_8}{_BOUNDARY})[ \t]*", re.ASCII | re.IGNORECASE
)


async def read_fields(request: Request, *, has_file: bool = False, most: int | None = None) -> FormData:
    """Return the fields of a form of at most *most* bytes; one with a file may be sent as multipart.

    Raises EdgeError("media-type-unsupported") or EdgeError("request-invalid") for what no browser makes of a form
    of ours, EdgeError("body-too-large") for a longer one.
    """
    said = request.headers.getlist("content-type")
    body = await request.body()
    if most is not None and len(body) > most:
        raise EdgeError("body-too-large")
    # Two words for what it is are none; no word is well where there is nothing.
    kind = said[0] if len(said) == 1 else ""
    if _PLAIN.fullmatch(kind):
        if _BROKEN.search(body):
            raise EdgeError("request-invalid", "The form is not written as a browser writes one.")
    elif (body or said) and not (has_file and _WITH_A_FILE.fullmatch(kind)):
        raise EdgeError("media-type-unsupported")
    return await request.form(max_files=1, max_fields=_BESIDE_A_FILE if has_file else _FIELDS)
