"""Reading a form: that it comes from a page of ours, and its fields, bounded."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from gateway.http.problems import EdgeError
from gateway.web.fields import MOST_OF_A_STRANGER, read_fields
from gateway.web.session import Session

CSRF: Final = "csrf"
MAX_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent: its content is checked by whoever takes it, never its name or said type."""

    content: bytes
    media_type: str


class Form:
    """The fields of a form that was accepted."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str, *, most: int = MAX_TEXT) -> str:
        """Return a field without the blanks around it; empty where it was not sent.

        Raises EdgeError("request-invalid") for one longer than *most* characters, or with a control character.
        """
        value = self._data.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            raise EdgeError("request-invalid", f"The field {name} is too long.")
        if any(ord(one) < 32 and one not in "\r\n\t" for one in value):
            raise EdgeError("request-invalid", f"The field {name} has a character that cannot be written.")
        return value.replace("\r\n", "\n").strip()

    def texts(self, name: str) -> list[str]:
        """Return every value of a field that may be sent several times, as check boxes are."""
        return [value for value in self._data.getlist(name) if isinstance(value, str) and len(value) <= MAX_TEXT]

    def has(self, name: str) -> bool:
        """Return whether the field was sent."""
        return name in self._data

    async def upload(self, name: str) -> Upload | None:
        """Return a file that was chosen, None where none was."""
        value = self._data.get(name)
        if not isinstance(value, UploadFile) or not value.filename:
            return None
        return Upload(await value.read(), value.content_type or "")


async def read_form(request: Request, session: Session | None, base_url: str, *, has_file: bool = False) -> Form:
    """Return the form of a request, with a file only where the page asks for one. Raises EdgeError("form-expired")
    unless it comes from a page of ours, and of this session: the browser's word for where it comes from is heard first,
    then the token that the page carried. Raises what `fields.read_fields` does."""
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise EdgeError("form-expired")
    if origin is not None and origin != "{0.scheme}://{0.netloc}".format(urlsplit(base_url)):
        raise EdgeError("form-expired")
    data = await read_fields(request, has_file=has_file, most=MOST_OF_A_STRANGER if session is None else None)
    if session is not None:
        given = data.get(CSRF)
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf.encode()):
            raise EdgeError("form-expired")
    return Form(data)
