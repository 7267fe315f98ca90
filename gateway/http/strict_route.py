"""How the JSON API reads a request: unknown parameters, repeated keys and other media types are refused, never guessed
at, and a fault is told by its place and a sentence that does not repeat what was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NoReturn

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import ConsentRefused, GatewayError, NotAvailable, RequestInvalid
from gateway.http.problems import EdgeError
from gateway.http.schemas.base import OWN_SENTENCE, InputInvalid

MAX_FAULTS = 50
_SAFE_KEY = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)
_SENTENCES: Mapping[str, str] = {
    "missing": "is required; add it",
    "extra_forbidden": "is not known here; leave it out",
    "string_type": "must be a text",
    "string_unicode": "must be valid Unicode",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must fit the pattern {pattern}",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} items",
    OWN_SENTENCE: "{sentence}",
}
_OTHERWISE = "is not as the reference describes it"


class StrictRoute(APIRoute):
    """A route that reads strictly, and answers what the use cases refuse about the caller's input as bad input."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler behind our own reading."""
        handle = super().get_route_handler()
        parameters = {field.alias for field in self.dependant.query_params}
        has_body = self.body_field is not None

        async def strictly(request: Request) -> Response:
            if unknown := set(request.query_params) - parameters:
                raise InputInvalid(
                    "This address does not take these parameters.",
                    tuple((f"query.{_key(name)}", "is not known here; leave it out") for name in sorted(unknown)[:10]),
                )
            strict = _StrictRequest(request.scope, request.receive)
            unreadable = await strict.read() if has_body else None
            try:
                return await handle(strict)
            except RequestValidationError as error:
                # A body that cannot be read is none to FastAPI, which asks for the token before it misses the body.
                if unreadable is not None:
                    raise unreadable from None
                raise InputInvalid("The request is not as the reference describes it.", _faults(error)) from None
            except ConsentRefused as refusal:
                raise _translated(refusal) from None

        return strictly


class _StrictRequest(Request):
    """A request whose JSON is one object, each key once, without NaN."""

    _parsed: dict[str, object] | None = None

    async def read(self) -> GatewayError | None:
        """Parse the body; return what is wrong with it, None where nothing is."""
        try:
            self._parsed = _parse(self.headers.get("content-type", ""), await self.body())
        except (InputInvalid, EdgeError) as error:
            return error
        return None

    async def json(self) -> Any:  # Starlette's signature
        return self._parsed


def _parse(content_type: str, body: bytes) -> dict[str, object]:
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise EdgeError("media-type-unsupported")
    try:
        parsed = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        # `from None`: the parser's own exception holds the whole text.
        raise InputInvalid("Send one JSON object in UTF-8, each key once.", (("", "is not such an object"),)) from None
    if not isinstance(parsed, dict):
        raise InputInvalid("Send one JSON object in UTF-8, each key once.", (("", "must be an object"),))
    return parsed


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a key stands twice")
    return unique


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a number")


def _faults(error: RequestValidationError) -> tuple[tuple[str, str], ...]:
    return tuple((_path(one["loc"]), _sentence(one)) for one in error.errors()[:MAX_FAULTS])


def _path(places: tuple[int | str, ...]) -> str:
    root, *rest = places
    path = "" if root == "body" else str(root)
    for place in rest:
        step = f"[{place}]" if isinstance(place, int) else f".{_key(place)}"
        path += step
    return path.removeprefix(".")


def _key(name: str) -> str:
    """Return the name of a key where it looks like one of ours: what a caller made up may be an identity code."""
    return name if _SAFE_KEY.fullmatch(name) else "(a key)"


def _sentence(error: Mapping[str, Any]) -> str:
    context = {name: value for name, value in (error.get("ctx") or {}).items() if name != "error"}
    return _SENTENCES.get(error["type"], _OTHERWISE).format_map(context)


def _translated(refusal: ConsentRefused) -> Exception:
    match refusal.reason:
        case "request-invalid":
            return RequestInvalid(refusal.detail if refusal.detail != refusal.reason else "A code is not known.")
        case "not-found":
            return NotAvailable("Unknown here, or not this party's.")
        case _:
            return refusal
