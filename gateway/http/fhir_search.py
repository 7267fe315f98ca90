"""What a FHIR search may say here: one client by identifier, a category, a count. Everything else is refused, not
ignored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier, IdentityCodeError, PersonalIdentityCode
from gateway.directory.identity_trace import holds_identity_code
from gateway.errors import RequestInvalid

MAX_COUNT = 50
MAX_BODY = 8 * 1024
CATEGORY_SYSTEM = "https://saattaen.example/fhir/CodeSystem/category"
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,2}")
_FORM = "application/x-www-form-urlencoded"
_CHARSET = re.compile(r'charset="?(?:utf-8|us-ascii)"?', re.IGNORECASE | re.ASCII)
_JSON = frozenset({"json", "application/json", "application/fhir+json"})
_REFUSED = {
    "_include": "Search the other type on its own: each document is judged by itself.",
    "_revinclude": "Search the other type on its own: each document is judged by itself.",
    "_has": "Chained questions would tell of documents that nobody opened to you.",
    "_summary": "A document comes as the client's consent allows; there is no other form of it.",
    "_elements": "A document comes as the client's consent allows; there is no other form of it.",
    "_total": "Totals are not given.",
    "_sort": "Documents come newest first.",
    "_query": "There are no named queries.",
    "_filter": "There are no filter expressions.",
    "_contained": "Contained resources come with their document.",
}


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed search. `category` is None for every category of the type; `status` is used by Consent alone."""

    identifier: Identifier
    category: str | None
    count: int
    status: str | None = None


def parse_search(body: bytes, content_type: str, query: str) -> Search:
    """Return the search that a `POST _search` body says. Raises RequestInvalid with what to do; echoes no value."""
    media, *parameters = (part.strip() for part in content_type.split(";"))
    if media.lower() != _FORM or any(not _CHARSET.fullmatch(part) for part in parameters):
        raise RequestInvalid("Send the search as application/x-www-form-urlencoded, in UTF-8.", path="Content-Type")
    if query:
        raise RequestInvalid("Put every parameter into the body, none into the address.", path="URL")
    if len(body) > MAX_BODY:
        raise RequestInvalid("The search is too long.")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=20)
    except (UnicodeDecodeError, ValueError):
        raise RequestInvalid("The body is not a form that can be read.") from None
    values: dict[str, str] = {}
    for name, value in pairs:
        _check_name(name)
        if name in values:
            raise RequestInvalid(f"Give {name} once.", path=name)
        values[name] = value
    if "patient.identifier" not in values:
        raise RequestInvalid(
            "Name the client: patient.identifier=urn:oid:1.2.246.21|<code>.", path="patient.identifier"
        )
    if values.get("_format", "json") not in _JSON:
        raise RequestInvalid("Only JSON is served.", path="_format")
    return Search(
        _identifier(values["patient.identifier"]),
        _category(values.get("category")),
        parse_count(values.get("_count")),
        values.get("status"),
    )


def _identifier(text: str) -> Identifier:
    system, _, value = text.partition("|")
    try:
        if system != NATIONAL_AUTHORITY:
            raise IdentityCodeError("another authority")
        return Identifier.personal(PersonalIdentityCode.parse(value))
    except IdentityCodeError:
        raise RequestInvalid(
            f"patient.identifier is {NATIONAL_AUTHORITY}|<all eleven characters of a personal identity code>.",
            path="patient.identifier",
        ) from None


def _check_name(name: str) -> None:
    base = name.split(":")[0]
    if base in _REFUSED:
        raise RequestInvalid(f"{base} is not supported. {_REFUSED[base]}", path=base)
    if name not in {"patient.identifier", "category", "status", "_count", "_format"}:
        known = "patient.identifier, category, status (Consent), _count"
        raise RequestInvalid(f"A parameter is not known here; the known ones are {known}.")


def _category(value: str | None) -> str | None:
    if value is None:
        return None
    system, bar, code = value.rpartition("|")
    if bar and system != CATEGORY_SYSTEM:
        raise RequestInvalid(f"category is a code of {CATEGORY_SYSTEM}.", path="category")
    return parse_code(code, "category")


def parse_code(value: str, path: str) -> str:
    """Return *value* if it may be a code. What is asked with is written into the log, so nothing else gets that far."""
    if len(value) > 64 or not _CODE.fullmatch(value) or holds_identity_code(value):
        raise RequestInvalid("A code is small letters and digits with hyphens between them.", path=path)
    return value


def parse_count(value: str | None) -> int:
    """Return how many documents a page holds: 1 to 50."""
    if value is None:
        return MAX_COUNT
    if not _COUNT.fullmatch(value) or not 1 <= int(value) <= MAX_COUNT:
        raise RequestInvalid(f"_count is a whole number from 1 to {MAX_COUNT}.", path="_count")
    return int(value)
