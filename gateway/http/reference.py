"""The API reference: our own page, made from the OpenAPI document on the server, without any script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import Response

STYLE = Path(__file__).parent / "static" / "reference.css"
POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS = {"content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
_SCHEMA = "#/components/schemas/"

Json = Mapping[str, Any]


def reference_router(document: Callable[[], Json], *, demo: bool) -> APIRouter:
    """Return the routes of `/openapi.json`, `/reference` and its style. *document* is `app.openapi`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/openapi.json")
    async def openapi() -> Response:
        return Response(orjson.dumps(document()), media_type="application/json")

    @router.get("/reference")
    async def reference() -> Response:
        return Response(render(document(), demo=demo), media_type="text/html; charset=utf-8", headers=_HEADERS)

    @router.get("/reference/reference.css")
    async def style() -> Response:
        return Response(STYLE.read_bytes(), media_type="text/css; charset=utf-8", headers=_HEADERS)

    return router


def render(document: Json, *, demo: bool) -> str:
    """Return the page of an OpenAPI document."""
    return "\n".join(_page(document, demo))


def _page(document: Json, demo: bool) -> Iterator[str]:
    info = document["info"]
    title = escape(f"{info['title']}: API reference")
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<link rel="stylesheet" href="/reference/reference.css"></head><body>'
    yield '<a class="skip" href="#operations">Skip to the operations</a>'
    if demo:
        yield '<p class="demo" role="note"><strong>This is a demo.</strong> Everyone in it is invented.</p>'
    yield f"<header><h1>{title}</h1><p>{_text(info.get('description', ''))}</p>"
    version = escape(info["version"])
    yield f'<p>Version {version}. The same as data: <a href="/openapi.json">/openapi.json</a>.</p></header>'
    groups = _groups(document)
    yield '<nav aria-label="Operations"><ul>'
    for tag, operations in groups.items():
        yield f'<li><a href="#{_anchor(tag)}">{escape(tag)}</a><ul>'
        for method, path, operation in operations:
            link = f"#{_anchor(operation['operationId'])}"
            yield f'<li><a href="{link}">{escape(_summary(operation, method, path))}</a></li>'
        yield "</ul></li>"
    yield '<li><a href="#schemas">Schemas</a></li></ul></nav><main id="operations">'
    said = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    for tag, operations in groups.items():
        yield f'<section aria-labelledby="{_anchor(tag)}"><h2 id="{_anchor(tag)}">{escape(tag)}</h2>'
        yield f"<p>{_text(said.get(tag, ''))}</p>"
        for method, path, operation in operations:
            yield from _operation(method, path, operation)
        yield "</section>"
    yield '<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>'
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield from _schema(name, schema)
    yield "</section></main></body></html>"


def _groups(document: Json) -> dict[str, list[tuple[str, str, Json]]]:
    groups: dict[str, list[tuple[str, str, Json]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups.setdefault((operation.get("tags") or ["Others"])[0], []).append((method.upper(), path, operation))
    return groups


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    anchor = _anchor(operation["operationId"])
    yield f'<article aria-labelledby="{anchor}"><h3 id="{anchor}">{escape(_summary(operation, method, path))}</h3>'
    yield f'<p class="address"><strong>{method}</strong> <code>{escape(path)}</code></p>'
    yield f"<p>{_text(operation.get('description', ''))}</p><p>{_security(operation)}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><caption>Parameters</caption><thead><tr>"
        yield '<th scope="col">Name</th><th scope="col">In</th><th scope="col">What</th></tr></thead><tbody>'
        for one in parameters:
            needed = "required" if one.get("required") else "optional"
            name, place = escape(one["name"]), escape(one["in"])
            what = f"{_type(one.get('schema', {}))}, {needed}. {_text(one.get('description', ''))}"
            yield f'<tr><th scope="row"><code>{name}</code></th><td>{place}</td><td>{what}</td></tr>'
        yield "</tbody></table>"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<h4>Body</h4><p><code>{escape(media_type)}</code>, {_type(content.get('schema', {}))}</p>"
        yield from _examples(content)
    yield "<h4>Answers</h4><dl>"
    for status, answer in operation["responses"].items():
        yield f"<dt><code>{escape(str(status))}</code> {escape(answer.get('description', ''))}</dt><dd>"
        for name, header in answer.get("headers", {}).items():
            yield f"<p>Header <code>{escape(name)}</code>: {_text(header.get('description', ''))}.</p>"
        for content in answer.get("content", {}).values():
            yield f"<p>{_type(content.get('schema', {}))}</p>"
            yield from _examples(content)
        yield "</dd>"
    yield "</dl></article>"


def _examples(content: Json) -> Iterator[str]:
    shown = {"Example": content["example"]} if "example" in content else {}
    for name, example in content.get("examples", {}).items():
        shown[example.get("summary") or name] = example.get("value")
    for summary, value in shown.items():
        text = escape(json.dumps(value, ensure_ascii=False, indent=2))
        yield f'<details><summary>{escape(summary)}</summary><pre tabindex="0"><code>{text}</code></pre></details>'


def _schema(name: str, schema: Json) -> Iterator[str]:
    anchor = _anchor("schema-" + name)
    yield f'<article aria-labelledby="{anchor}"><h3 id="{anchor}">{escape(name)}</h3>'
    yield f"<p>{_text(schema.get('description', ''))}</p>"
    if "enum" in schema:
        yield f"<p>{_type(schema)}</p>"
    if properties := schema.get("properties"):
        required = schema.get("required", ())
        yield f"<table><caption>Members of {escape(name)}</caption><thead><tr>"
        yield '<th scope="col">Name</th><th scope="col">Type</th><th scope="col">What</th></tr></thead><tbody>'
        for member, one in properties.items():
            what = f"{'required' if member in required else 'optional'}. {_text(one.get('description', ''))}"
            yield f'<tr><th scope="row"><code>{escape(member)}</code></th><td>{_type(one)}</td><td>{what}</td></tr>'
        yield "</tbody></table>"
    yield "</article>"


def _type(schema: Json) -> str:
    """Return how a schema is told in words, as HTML."""
    if reference := schema.get("$ref"):
        name = reference.removeprefix(_SCHEMA)
        return f'<a href="#{_anchor("schema-" + name)}">{escape(name)}</a>'
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return "one of " + ", ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            own = {"type": schema["type"]} if "type" in schema else {}
            return " or ".join(dict.fromkeys(_type(own | one) for one in schema[several]))
    kind, form = str(schema.get("type", "any")), schema.get("format") or schema.get("pattern")
    return escape(kind) + (f" (<code>{escape(str(form))}</code>)" if form else "")


def _security(operation: Json) -> str:
    asked = operation.get("security") or []
    if not asked:
        return "No token is needed."
    scopes = sorted({scope for one in asked for names in one.values() for scope in names})
    return "Needs a token with the scope " + ", ".join(f"<code>{escape(scope)}</code>" for scope in scopes) + "."


def _summary(operation: Json, method: str, path: str) -> str:
    return str(operation.get("summary") or f"{method} {path}")


def _text(text: str) -> str:
    """Return prose as HTML: words between backticks are code, and nothing else is special."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _anchor(name: str) -> str:
    return "".join(one if one.isalnum() else "-" for one in name.lower())
