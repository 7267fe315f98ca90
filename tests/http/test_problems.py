"""The one table of answers, both renderings, and what stands around every answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from gateway import errors
from gateway.errors import BodyInvalid, NotAvailable
from gateway.http.bodies import Bodies
from gateway.http.limits import Limits
from gateway.http.openapi import REASONS
from gateway.http.problems import TABLE, answer, install_problems, operation_outcome

CODE = "140395-9022"
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "integrator.md"
OF_PAGES = {"sign-in-needed", "identify-again", "form-expired"}
"""Codes that a person meets on a page, and no partner system."""


def _leaves(kind: type[errors.GatewayError] = errors.GatewayError) -> Iterator[type[errors.GatewayError]]:
    subclasses = [one for one in kind.__subclasses__() if one.__module__ == "gateway.errors"]
    if not subclasses:
        yield kind
    for one in subclasses:
        yield from _leaves(one)


def _raise(code: str) -> errors.GatewayError:
    leaf = next(one for one in _leaves() if one.code == code)
    return leaf("reason", "a sentence") if leaf is errors.ConsentRefused else leaf("a sentence")  # type: ignore[call-arg]


def test_the_guide_for_integrators_tells_each_code_with_its_status_and_each_reason() -> None:
    section = GUIDE.read_text("utf-8").split("\n## 9. Errors\n")[1].split("\n## ")[0]
    told: set[tuple[int, str]] = set()
    reasons: set[str] = set()
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or not cells[0][:1].isdigit():
            continue
        statuses, codes = [int(one) for one in cells[0].split(", ")], re.findall(r"`([a-z_-]+)`", cells[1])
        # A row of several statuses has a code for each, in their order.
        told |= set(zip(statuses * len(codes) if len(statuses) == 1 else statuses, codes, strict=True))
        if codes == ["consent-refused"]:
            reasons = set(re.findall(r"`([a-z-]+)`", cells[2])) - {"reason"}
    assert told == {(row.status, code) for code, row in TABLE.items() if code not in OF_PAGES}
    assert reasons == set(REASONS)


@pytest.mark.parametrize("code", [leaf.code for leaf in _leaves()] + ["internal"])
def test_each_error_has_a_row(code: str) -> None:
    row = TABLE[code]
    assert 400 <= row.status < 600
    assert row.title
    assert row.remedy


@pytest.mark.parametrize("code", [leaf.code for leaf in _leaves()])
def test_both_renderings_say_the_same(code: str) -> None:
    as_problem, as_outcome = (answer(_raise(code), path, "id-1") for path in ("/consents", "/fhir/Consent"))
    assert as_problem.status_code == as_outcome.status_code == TABLE[code].status
    assert as_problem.media_type == "application/problem+json"
    assert as_outcome.media_type == "application/fhir+json"
    for body in (bytes(as_problem.body), bytes(as_outcome.body)):
        assert TABLE[code].title.encode() in body
        # A sentence of ours goes out only where it tells of the caller's own input.
        assert (b"a sentence" in body) == TABLE[code].tells
    assert ("retry-after" in as_problem.headers) == (TABLE[code].status == 503)


def test_not_available_is_the_same_bytes_to_everyone() -> None:
    for path in ("/documents/a", "/fhir/CarePlan/a"):
        one = answer(errors.NotAvailable("withdrawn"), path, "id-1")
        other = answer(errors.NotAvailable("unknown client", path="x"), path, "id-2")
        assert one.body == other.body
        assert one.raw_headers == other.raw_headers


def test_faults_carry_their_places() -> None:
    error = errors.BodyInvalid("Two faults.", (("CarePlan.created", "is required"), ("CarePlan.goal[0]", "is unknown")))
    assert b'"path":"CarePlan.created"' in bytes(answer(error, "/x", "i").body)
    assert bytes(answer(error, "/fhir/x", "i").body).count(b'"expression"') == 2


def test_a_sentence_that_holds_an_identity_code_stays_inside() -> None:
    for error in (errors.RequestInvalid(f"no {CODE}"), errors.BodyInvalid("x", (("a", CODE),))):
        for path in ("/x", "/fhir/x"):
            assert CODE.encode() not in bytes(answer(error, path, "i").body)


class _Body(BaseModel):
    count: int


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_problems(app, challenge="Bearer")

    @app.get("/fhir/CarePlan/{ident}")
    @app.get("/things/{ident}")
    async def read(ident: str) -> str:
        if ident == "broken":
            raise RuntimeError(f"the client {CODE} has a plan")
        if ident == "secret":
            raise errors.StoreUnavailable(f"{CODE} locked")
        return ident

    @app.post("/things")
    async def add(body: _Body) -> int:
        return body.count

    app.add_middleware(Limits, new_request_id=lambda: "made-here-1", demo=True, bodies=Bodies(most=100))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://gateway.example") as made:
        yield made


async def test_every_answer_bears_the_headers(client: httpx.AsyncClient) -> None:
    for path in ("/things/a", "/things/broken", "/nowhere", f"/things/{CODE}"):
        headers = (await client.get(path)).headers
        assert headers["x-request-id"] == "made-here-1"
        assert headers["saattaen-demo"] == "true"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]


async def test_an_unknown_exception_is_a_500_with_its_request_id_and_no_more(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    said = await client.get("/things/broken")
    outcome = await client.get("/fhir/CarePlan/broken")
    assert (said.status_code, outcome.status_code) == (500, 500)
    assert said.json()["request_id"] == outcome.json()["id"] == "made-here-1"
    for text in (said.text, outcome.text, caplog.text):
        assert CODE not in text
        assert "has a plan" not in text
    assert "RuntimeError" in caplog.text
    assert "RuntimeError" not in said.text


async def test_a_store_that_is_down_is_a_503_that_says_nothing_of_it(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    said = await client.get("/things/secret")
    assert (said.status_code, said.headers["retry-after"]) == (503, "2")
    assert "locked" not in said.text + caplog.text


@pytest.mark.parametrize("body", ['{"count":"140395-9022"}', "{", "[]", ""])
async def test_a_body_that_fastapi_refuses_is_a_400_that_does_not_repeat_it(
    client: httpx.AsyncClient, body: str
) -> None:
    said = await client.post("/things", content=body, headers={"content-type": "application/json"})
    assert (said.status_code, said.json()["code"]) == (400, "request-invalid")
    assert CODE not in said.text


@pytest.mark.parametrize(
    "method, path, status, code",
    [("GET", "/nowhere", 404, "no-such-address"), ("DELETE", "/things", 405, "method-not-allowed")],
)
async def test_what_starlette_refuses_comes_in_the_callers_format(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    said = await client.request(method, path)
    assert (said.status_code, said.json()["code"]) == (status, code)
    assert status != 405 or said.headers["allow"] == "POST"
    outcome = await client.get("/fhir/Nothing")
    assert outcome.headers["content-type"] == "application/fhir+json"
    assert outcome.json()["resourceType"] == "OperationOutcome"


ADDRESSES = (
    f"/things/{CODE}",
    f"/fhir/CarePlan/{CODE}",
    f"/things/a?patient={CODE}",
    "/things/a?patient=140395%2D9022",
    "/things/a?patient.identifier=urn:oid:1.2.246.21|140395-9022",
    "/things/a?p=140395+902X",
    "/things/a?p=140395%2b902x",
    "/things/a?p=%31%34%30%33%39%35-9022",
    "/things/a?p=140395%252D9022",
    "/fhir/CarePlan?patient.identifier=140395A9022",
)


# By number: the name of a test must hold no identity code either.
@pytest.mark.parametrize("number", range(len(ADDRESSES)))
async def test_an_identity_code_in_an_address_is_refused_with_its_remedy_and_logged_nowhere(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    caplog.set_level("INFO", "saattaen.access")
    said = await client.get(ADDRESSES[number])
    assert said.status_code == 400
    assert "_search" in said.text
    assert "140395" not in said.text + caplog.text


async def test_what_only_resembles_an_identity_code_passes(client: httpx.AsyncClient) -> None:
    for path in ("/things/0193c5a2b140395a9022ff7d", "/things/20261122-9022", "/things/140395-902"):
        assert (await client.get(path)).status_code == 200


async def test_a_request_id_of_the_callers_is_kept_when_it_is_harmless(client: httpx.AsyncClient) -> None:
    for given, kept in (
        ("trace-0001.a_b", True),
        ("short", False),
        ("x" * 65, False),
        (f"id-{CODE}", False),
        ("a b c d e f", False),
    ):
        said = await client.get("/things/a", headers={"x-request-id": given})
        assert said.headers["x-request-id"] == (given if kept else "made-here-1")
    twice = await client.get("/things/a", headers=[("x-request-id", "trace-0001"), ("x-request-id", "trace-0002")])
    assert twice.headers["x-request-id"] == "made-here-1"


async def test_a_body_over_the_cap_is_refused_before_anyone_parses_it(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"1" * 30

    json_type = {"content-type": "application/json"}
    said = await client.post("/things", content=b"1" * 101, headers=json_type)
    assert (said.status_code, said.json()["code"]) == (413, "body-too-large")
    said = await client.post("/things", content=chunks(), headers=json_type)
    assert said.status_code == 413
    said = await client.post("/things", content=b"{}", headers={**json_type, "content-length": "-5"})
    assert said.status_code == 413
    assert (await client.post("/things", json={"count": 3})).text == "3"


async def test_the_access_line_has_the_routes_template_and_no_query(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "saattaen.access")
    await client.get("/things/some-id?question=answer")
    assert re.search(r"GET /things/\{ident\} 200 [\d.]+ ms made-here-1", caplog.text)
    assert "some-id" not in caplog.text
    assert "answer" not in caplog.text


def test_an_outcome_has_an_issue_for_each_fault() -> None:
    error = BodyInvalid("x", (("CarePlan.status", "is required"), ("CarePlan", "y")))
    content = orjson.loads(operation_outcome(error, "r").body)
    assert [(issue["code"], issue["expression"], issue["diagnostics"]) for issue in content["issue"]] == [
        ("invalid", ["CarePlan.status"], "is required"),
        ("invalid", ["CarePlan"], "y"),
    ]
    single = orjson.loads(operation_outcome(NotAvailable(), "r").body)
    assert single["issue"][0]["details"]["coding"][0]["code"] == "not_available"
    assert "expression" not in single["issue"][0]
