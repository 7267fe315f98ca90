"""The OpenAPI document is true: its examples fit its schemas, and the API answers as it says, whatever it is sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema import Draft202012Validator, FormatChecker
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from gateway.http import examples
from gateway.http.problems import TABLE
from tests.http.test_consent_routes import GIVING, call, given
from tests.simulators.consent_api import consent_api

API = consent_api()
"""One world for the whole module: what one example recorded, the next may find."""

DOCUMENT: dict[str, Any] = API.app.openapi()
schema = schemathesis.openapi.from_asgi("/openapi.json", API.app)
CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection, unsupported_method,
]  # fmt: skip


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    for _, _, operation in operations():
        name = operation["operationId"]
        yield from ((f"{name} body", one) for one in operation.get("requestBody", {}).get("content", {}).values())
        for status, answer in operation["responses"].items():
            yield from ((f"{name} {status}", one) for one in answer.get("content", {}).values())


bounded = settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@schema.parametrize()
@bounded
def test_every_answer_is_a_documented_one(case: schemathesis.Case[Any]) -> None:
    ask(case)


@schema.include(path_regex=r"/(consents|relations|prohibitions|messages|confirmations)/\{").parametrize()
@bounded
def test_every_answer_about_what_exists_is_a_documented_one(
    existing: dict[str, str], case: schemathesis.Case[Any]
) -> None:
    for name in case.path_parameters:
        case.path_parameters[name] = existing[name]
    if isinstance(case.body, dict) and "client" in case.body:
        case.body["client"] = dict(examples.CLIENT)
    ask(case, [check for check in CHECKS if check is not negative_data_rejection])


def ask(case: schemathesis.Case[Any], checks: list[Any] = CHECKS) -> None:
    case.headers["authorization"] = "Bearer sote-keskus"
    case.call_and_validate(checks=checks)


@pytest.fixture(scope="module")
def existing() -> dict[str, str]:
    """One of each, recorded by and for `sote-keskus`."""

    async def record() -> dict[str, str]:
        made = await given(API)
        parties = {"custodian": "sote-keskus", "recipients": ["kuntakokeilu"]}
        fact = {"client": examples.CLIENT, "kind": "joint-service", **parties}
        relation = await call(API, "sote-keskus", "/relations", fact)
        prohibition = await call(API, "sote-keskus", "/prohibitions", {"client": examples.CLIENT, "recipient": "kela"})
        messages = await call(API, "sote-keskus", "/messages", method="GET")
        return {
            "consent": made["consent"]["id"], "handle": made["confirmation"]["handle"],
            "relation": relation.json()["id"], "prohibition": prohibition.json()["id"],
            "message": messages.json()["messages"][0]["id"],
        }  # fmt: skip

    return asyncio.run(record())


async def test_every_operation_answers_its_own_examples_with_success() -> None:
    """The examples are a conversation that can be had: where an id is needed, that of what was just recorded."""
    api = consent_api()
    made = await given(api, "sote-keskus", **{key: value for key, value in GIVING.items() if key != "client"})
    consent = made["consent"]["id"]
    client = next(iter(api.register.known.values()))
    api.desk.requests[examples.ID] = client
    for _, path, operation in operations():
        if "requestBody" not in operation or ("{" in path and "{consent}" not in path):
            continue
        service = "sosiaalityo" if path.startswith("/api/v1/relations") else "kuntakokeilu"
        address = path.removeprefix("/api/v1").replace("{consent}", consent)
        for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
            answer = await call(api, service, address, example["value"])
            assert answer.is_success, (path, answer.text)


def test_every_example_fits_its_schema() -> None:
    for name, content in contents():
        shown = [content["example"]] if "example" in content else []
        shown += [one["value"] for one in content.get("examples", {}).values()]
        whole = {**content["schema"], "components": DOCUMENT["components"]}
        validator = Draft202012Validator(whole, format_checker=FormatChecker())
        for value in shown:
            faults = [error.message for error in validator.iter_errors(value)]
            assert not faults, (name, faults)


def test_every_operation_has_an_example_of_its_body_and_of_each_answer_that_has_one() -> None:
    bare = [name for name, content in contents() if not (content.get("example") or content.get("examples"))]
    assert not bare


def test_every_operation_says_who_may_call_it_and_how_it_can_fail() -> None:
    for method, path, operation in operations():
        name = f"{method} {path}"
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        statuses = set(operation["responses"])
        assert {"400", "500", "503"} <= statuses, name
        # FastAPI's own 422 never happens; ours tells of a key that belongs to another act.
        takes_key = any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
        assert ("422" in statuses) == takes_key, name
        if takes_key:
            told = operation["responses"]["422"]["content"]
            assert list(told) == ["application/problem+json"], name
            assert list(told["application/problem+json"]["examples"]) == ["key-of-another-act"], name
            assert "409" in statuses, name
        if operation["operationId"] == "confirm_by_code":
            assert operation["security"] == []
        else:
            assert [list(one) for one in operation["security"]] == [["partner_system"]], name
            assert {"401", "403", "404"} <= statuses, name
        if "requestBody" in operation:
            assert {"413", "415"} <= statuses, name


def test_the_documented_codes_are_those_of_the_one_table() -> None:
    for name, content in contents():
        for example in content.get("examples", {}).values():
            value = example["value"]
            if "code" in value and "status" in value:
                assert TABLE[value["code"]].status == value["status"], name


def test_no_address_takes_an_identifier_of_a_client() -> None:
    for _, path, operation in operations():
        names = {one["name"] for one in operation.get("parameters", ())} | set(re.findall(r"{(\w+)}", path))
        assert not {"client", "identifier", "patient", "value", "hetu"} & names, path


class _Page(HTMLParser):
    """Collects what a page loads and links to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("demo", [True, False])
async def test_the_reference_needs_no_script_and_nothing_from_elsewhere(demo: bool) -> None:
    transport = httpx.ASGITransport(app=consent_api(demo=demo).app)
    async with httpx.AsyncClient(transport=transport, base_url="https://gateway.example") as http:
        page, style = await http.get("/reference"), await http.get("/reference/reference.css")
        closed = [await http.get(path) for path in ("/docs", "/redoc")]
    assert (page.status_code, style.status_code) == (200, 200)
    assert [one.status_code for one in closed] == [404, 404]
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy
    assert ("This is a demo" in page.text) is demo
    parsed = _Page()
    parsed.feed(page.text)
    assert not {tag for tag, _ in parsed.tags} & {"script", "style", "img", "iframe", "form"}
    assert not [attributes for _, attributes in parsed.tags if {"style", "onclick", "onload"} & attributes.keys()]
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] or "" for tag, attributes in parsed.tags if tag in ("a", "link")]
    assert not [link for link in links if not link.startswith(("#", "/"))]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    for _, _, operation in operations():
        assert operation["operationId"].replace("_", "-") in ids
    assert '<html lang="en">' in page.text
