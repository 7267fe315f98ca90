"""The OpenAPI 3.1 document: what each operation takes and every status it may answer with, with examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import Response

from gateway.http.acting import CONSENTS, RELATIONS
from gateway.http.once import PARAMETER
from gateway.http.problems import PROBLEM_TYPE, TABLE
from gateway.http.token_routes import TOKEN_PATH

Answers = dict[int | str, dict[str, Any]]

PREFIX = "/api/v1"
VERSION = "1.0.0"

TAGS: Mapping[str, str] = {
    "Consents": "What a client agreed to, recorded by a worker with the client. A party sees its own rows alone. "
    "To change a consent is the client's own act, on their own page; with a worker, they withdraw and give anew.",
    "Choices": "Refusals, deferrals and prohibitions recorded with the client, and requests that a client consider "
    "a consent.",
    "Receipts": "The signed receipt of each step; anyone can check it offline.",
    "Messages": "What a service must hear of: by id, with no content.",
    "Relations": "Facts about a client that another legal basis than consent rests on, recorded by the custodian.",
    "Confirmations": "The client confirms, from their own phone, what a recipient's own organisation recorded.",
    "Partner systems": "How a partner system gets its access token and takes it back.",
    "Discovery": "What anyone may read without a token.",
    "Log": "The transparency log: tiles, checkpoints and proofs for anyone; openings for the parties.",
    "Health": "Whether the gateway can serve.",
    "Wordings": "The texts to show to the client, and the hash of exactly what was shown.",
}

REASONS: Mapping[str, str] = {
    "period-empty": "a row ends before it begins, or has ended",
    "period-too-long": "a row lasts over 12 months from now",
    "basis-not-applicable": "the directory does not let a consent carry a row",
    "capture-not-allowed": "that service may not record these rows in that way",
    "evidence-missing": "the method's evidence is not there or does not hold",
    "too-many-consents": "the client has so many consents for a recipient already",
    "too-many-unconfirmed": "so many grants for a recipient wait for the client already",
    "too-many-recorded": "the service's organisation has recorded so much about the client within a year",
    "mandate-missing": "the register knows no such mandate at this instant",
    "confirm-not-allowed": "the client or the custodian confirms",
    "consent-ended": "a consent that has ended cannot be confirmed",
    "lift-not-allowed": "what the client prohibited in person only the client lifts",
    "relation-not-allowed": "the custodian records a relation, or a register named for it; never the recipient",
}
"""Why something is not recorded: the reasons of a 409, with an example of the sentence that goes with each."""

_ALWAYS = (
    "token-invalid", "insufficient-scope", "identity-code-in-url", "internal", "store-unavailable", "too-busy",
)  # fmt: skip
_WITH_BODY = ("request-invalid", "media-type-unsupported", "body-too-large")


_WITH_KEY = ("request-invalid", "act-under-way", "key-of-another-act")


_AS_TEXT = "x-example"


def act_problems(*codes: str, body: bool = False, reasons: Iterable[str] = ()) -> Answers:
    """Return the documented refusals of an operation that takes an Idempotency-Key."""
    return problems(*codes, *_WITH_KEY, body=body, reasons=reasons)


def problems(*codes: str, body: bool = False, token: bool = True, reasons: Iterable[str] = ()) -> Answers:
    """Return the documented refusals of an operation, an example for each code, by the status of `problems.TABLE`.

    Every operation may answer with the codes of `_ALWAYS`; one that needs a *token* also with `not_available`, to a
    party that may not act now. *reasons* are those of a 409.
    """
    named = [*codes, *_ALWAYS, *(_WITH_BODY if body else ()), *(("not_available",) if token else ())]
    if not token:
        named = [code for code in named if code not in ("token-invalid", "insufficient-scope")]
    answers: Answers = {}
    for code in dict.fromkeys(named):
        _add(answers, code, _problem(code))
    for reason in reasons:
        _add(answers, reason, _problem("consent-refused", reason))
    return dict(sorted(answers.items(), key=lambda item: str(item[0])))


def answers(
    status: int, description: str, example: object = None, *, headers: Mapping[str, str] | None = None
) -> Answers:
    """Return the documented good answer of an operation; *headers* are names with what they say."""
    documented: dict[str, Any] = {"description": description}
    if example is not None:
        # As text, for FastAPI drops every null of an example; `_finished` turns it back.
        documented["content"] = {"application/json": {_AS_TEXT: orjson.dumps(example).decode()}}
    if headers:
        documented["headers"] = {
            name: {"description": say, "schema": {"type": "string"}, "required": True} for name, say in headers.items()
        }
    return {status: documented}


def needs(scope: str | None) -> dict[str, Any]:
    """Return what an operation says of its security: a token with *scope*, or None at all."""
    return {"security": [] if scope is None else [{"partner_system": [scope]}]}


def acts(scope: str) -> dict[str, Any]:
    """Return what an operation says of itself that does something: a token with *scope*, and a key to repeat it by."""
    return needs(scope) | {"parameters": [dict(PARAMETER)]}


def reply(body: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return *body* as JSON that nobody keeps."""
    rendered = orjson.dumps(body.model_dump(mode="json", by_alias=True))
    return Response(rendered, status, {"cache-control": "no-store", **(headers or {})}, "application/json")


def empty(status: int = 204) -> Response:
    """Return an answer without a body that nobody keeps."""
    return Response(status_code=status, headers={"cache-control": "no-store"})


def install_openapi(app: FastAPI, *, base: str, demo: bool) -> None:
    """Let `app.openapi()` return our document, built once. *base* is the configured base address."""
    generate, built = app.openapi, dict[str, Any]()

    def openapi() -> dict[str, Any]:
        if not built:
            built.update(_finished(generate(), base, demo))
        return built

    app.openapi = openapi  # type: ignore[method-assign]


def _finished(document: dict[str, Any], base: str, demo: bool) -> dict[str, Any]:
    said = (
        "Records and manages consents for services whose workers do it with the client. Every error is an RFC 9457 "
        "problem. A personal identity code travels in a body, never in an address."
    )
    document["info"] = {
        "title": "Saattaen",
        "version": VERSION,
        "summary": "Consents, relations and their proof",
        "description": f"This is a demo: everyone in it is invented. {said}" if demo else said,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }
    document["servers"] = [{"url": base}]
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    used = {tag for operation in operations for tag in operation.get("tags", ())}
    document["tags"] = [{"name": name, "description": say} for name, say in TAGS.items() if name in used]
    components = document.setdefault("components", {})
    components.setdefault("securitySchemes", {})["partner_system"] = {
        "type": "oauth2",
        "description": "A partner system signs its token request with its registered key (private_key_jwt). Role, "
        "purpose and acting person travel in the assertion and are bound into the token.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": base + TOKEN_PATH,
                "scopes": {
                    CONSENTS: "record, read and withdraw consents with the client",
                    RELATIONS: "record, read and end relations",
                },
            }
        },
    }
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM_SCHEMA
    # FastAPI's own 422 never happens: `problems` and `StrictRoute` answer bad input with a 400.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in operations:
        content = operation["responses"].get("422", {}).get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
            del operation["responses"]["422"]
            told = problems("request-invalid")[TABLE["request-invalid"].status]
            operation["responses"].setdefault("400", told)
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                if _AS_TEXT in content:
                    content["example"] = orjson.loads(content.pop(_AS_TEXT))
    return document


def _problem(code: str, reason: str | None = None) -> dict[str, object]:
    row = TABLE[code]
    members: dict[str, object] = {
        "type": f"urn:saattaen:problem:{code}",
        "title": row.title,
        "status": row.status,
        "detail": REASONS[reason] if reason else row.remedy,
        "code": code,
        "remedy": row.remedy,
    }
    if reason:
        members["reason"] = reason
    if code == "request-invalid":
        members |= {
            "detail": "The request is not as the reference describes it.",
            "errors": [{"path": "grants[0].until", "detail": "is required; add it"}],
        }
    if code != "not_available":
        members["request_id"] = "0d1f6a52b7c94e0f"
    return members


def _add(found: Answers, name: str, example: Mapping[str, object]) -> None:
    status = TABLE[str(example["code"])].status
    entry = found.setdefault(
        status,
        {
            "description": str(example["title"]),
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
        },
    )
    entry["content"][PROBLEM_TYPE]["examples"][name] = {"summary": example["title"], "value": dict(example)}


_PROBLEM_SCHEMA: Mapping[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code", "remedy"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened to this request."},
        "code": {"type": "string", "enum": sorted(TABLE)},
        "remedy": {"type": "string", "description": "What to do."},
        "reason": {"type": "string", "enum": sorted(REASONS), "description": "Why it is not recorded."},
        "errors": {
            "type": "array",
            "description": "Each place that is wrong, and what is expected there.",
            "items": {
                "type": "object",
                "required": ["path", "detail"],
                "properties": {"path": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "request_id": {"type": "string", "description": "Tell it to the operator. Absent from not_available."},
    },
}
