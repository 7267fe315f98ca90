"""Untrusted bytes to JSON, strictly: what two readers could understand differently is refused."""

from __future__ import annotations

import json
from typing import NoReturn

import orjson

from gateway.disclosure.sections import Document, Json
from gateway.errors import BodyInvalid

MAX_DEPTH = 40
_LARGEST_INTEGER = 2**53 - 1


class _Ambiguous(ValueError):
    """A fault in the JSON itself, said in one sentence that holds nothing of the content."""


def read_json(body: bytes, limit: int) -> Document:
    """Return the JSON object that *body* says, at most *limit* bytes of it.

    Refused: text that is not UTF-8, a key twice in one object, NaN and Infinity, numbers that a common reader would
    change (too large, or with digits that a double does not keep), lone surrogates, nesting beyond MAX_DEPTH. Raises
    BodyInvalid.
    """
    if len(body) > limit:
        raise BodyInvalid(f"the body is larger than {limit} bytes", (("$", f"at most {limit} bytes are taken"),))
    try:
        # orjson is strict on UTF-8, surrogates and NaN but takes the last of two equal keys; json shows us both.
        orjson.loads(body)
        content = json.loads(
            body.decode(),
            object_pairs_hook=_members,
            parse_constant=_constant,
            parse_float=_decimal,
            parse_int=_integer,
        )
    except _Ambiguous as fault:
        raise BodyInvalid("the body is not unambiguous JSON", (("$", str(fault)),)) from None
    except (ValueError, RecursionError):
        raise BodyInvalid("the body is not JSON", (("$", "one JSON object in UTF-8 is expected"),)) from None
    if not isinstance(content, dict):
        raise BodyInvalid("the body is not a JSON object", (("$", "one JSON object is expected"),))
    if _depth(content) > MAX_DEPTH:
        raise BodyInvalid("the body is nested too deeply", (("$", f"at most {MAX_DEPTH} levels are taken"),))
    return content


def _members(pairs: list[tuple[str, Json]]) -> Document:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Ambiguous("a key stands twice in one object")
    return members


def _constant(_: str) -> NoReturn:
    raise _Ambiguous("NaN and Infinity are not JSON")


def _decimal(text: str) -> float:
    value = float(text)
    # The released bytes are written from a double: a number that would come out otherwise is not taken in.
    if repr(value) != text:
        raise _Ambiguous("write a decimal in its shortest form")
    return value


def _integer(text: str) -> int:
    value = int(text) if len(text) < 20 else _LARGEST_INTEGER + 1
    if abs(value) > _LARGEST_INTEGER:
        raise _Ambiguous("a whole number is too large")
    return value


def _depth(value: Json) -> int:
    level: list[Json] = [value]
    depth = 0
    while level:
        depth += 1
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, (dict, list))
        ]
    return depth
