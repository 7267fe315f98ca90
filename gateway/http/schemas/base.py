"""The types that every body is made of: closed objects, no coercion, and sentences that never repeat what was given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from gateway.directory.identity_trace import holds_identity_code
from gateway.directory.instants import YEARS, parse_instant
from gateway.errors import BodyInvalid

OWN_SENTENCE = "own_sentence"
"""The type of an error whose message is a sentence of ours, safe to show."""


class InputInvalid(BodyInvalid):
    """A body or parameter of the JSON API is not as described: 400, with every place."""

    code = "request-invalid"


class Incoming(BaseModel):
    """A body or a part of one: unknown keys are refused, and nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Outgoing(BaseModel):
    """An answer or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def fault(sentence: str) -> PydanticCustomError:
    """Return the error that tells the caller *sentence* about the place it is raised for."""
    return PydanticCustomError(OWN_SENTENCE, "{sentence}", {"sentence": sentence})


def _to_instant(given: object) -> datetime:
    if isinstance(given, datetime):
        return given
    try:
        at = parse_instant(given) if isinstance(given, str) and len(given) > 4 else None
    except ValueError:
        at = None
    if at is None or at.year not in YEARS:
        raise fault("must be a date-time with its offset (2027-05-31T00:00:00+03:00) or a date, from 1900 to 2200")
    return at


def _to_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(text: str) -> str:
    # A lone surrogate or a control character is no text: no database, log or page would keep it as it came.
    if not text.isprintable():
        raise fault("must be plain text on one line")
    return text


def _nobodys(text: str) -> str:
    # What is written about one client is kept in that client's entries for good: another's code is never theirs.
    if holds_identity_code(text):
        raise fault("must hold no personal identity code; name the decision or contract in another way")
    return text


Instant = Annotated[
    datetime,
    BeforeValidator(_to_instant),
    PlainSerializer(_to_text, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "anyOf": [{"format": "date-time"}, {"format": "date"}],
            "description": "RFC 3339 date-time with its offset; a bare date begins at midnight in Helsinki.",
        },
        mode="validation",
    ),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""An aware UTC instant."""

NoIdentityCode = AfterValidator(_nobodys)
"""Refuses a text that holds what looks like a personal identity code."""

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", max_length=64), NoIdentityCode]
"""A code of the directory: a service, category, purpose, role, sensitivity."""

Id = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$", max_length=64), NoIdentityCode]
"""An id that the gateway made."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", max_length=64)]
"""A SHA-256 in lower-case hex."""

Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_plain)]
"""A text of one line, which may be anybody's identifier: for what names the client alone."""

ShortText = Annotated[Line, NoIdentityCode]
"""A text of one line that somebody writes, and that holds nobody's personal identity code."""
