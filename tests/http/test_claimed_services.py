"""A partner system writes into its own assertion for which service it acts: no route believes it unjudged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.demo.partner import SCOPES
from gateway.http.acting import RELEASES
from tests.laws.gateway_world import PLAN, Laws, open_world

OTHER = "elakelaitos-system"
"""A system that is registered, and not for the service whose releases are read here."""


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    async with open_world(tmp_path) as made:
        yield made


@dataclass(frozen=True)
class Existing:
    """What stands in the world for `kuntakokeilu`: values for the addresses of operations."""

    document: str
    year: str
    index: str
    consent: str
    relation: str
    message: str
    prohibition: str

    def fill(self, path: str) -> str:
        """Return the address with what exists in it."""
        named = {
            "year": self.year, "index": self.index, "consent": self.consent, "relation": self.relation,
            "message": self.message, "prohibition": self.prohibition, "wording": "consent", "version": "1",
            "id": self.document,
        }  # fmt: skip
        return path.format(**named)


async def furnish(laws: Laws) -> Existing:
    """Let there be one of each that concerns `kuntakokeilu`."""
    document, consent = await laws.deposit(), await laws.give()
    relation = await laws.relate()
    year, index = (await laws.read(document)).headers["saattaen-entry"].split("/")[-2:]
    prohibition = await laws.gateway.recording.prohibit(await laws.client("suvi"), recipient="kela")
    message = (await laws.gateway.recording.messages_to("kuntakokeilu"))[0].id
    return Existing(document, year, index, consent.id, relation, message, prohibition.id)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


Asked = tuple[str, str, dict[str, Any]]


async def operations(laws: Laws, there: Existing) -> list[Asked]:
    """Every operation that needs a token, about what exists: those of the OpenAPI document, and FHIR's own."""
    client = {"system": "urn:oid:1.2.246.21", "value": laws.code("suvi")}
    found: list[Asked] = []
    document = (await laws.web.get("/openapi.json")).json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if not operation["security"]:
                continue
            sent: dict[str, Any] = {}
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None:
                body = deepcopy(next(iter(content["examples"].values()))["value"])
                sent["json"] = body | ({"client": client} if "client" in body else {})
            if path == "/api/v1/wordings/{wording}/{version}":
                sent["params"] = {"language": "fi"}
            found.append((method.upper(), there.fill(path), sent))
    asked = {"patient.identifier": f"urn:oid:1.2.246.21|{laws.code('suvi')}"}
    found += [
        ("GET", f"/fhir/CarePlan/{there.document}", {}),
        ("POST", "/fhir/CarePlan/_search", {"data": asked | {"category": PLAN}}),
        ("PUT", f"/fhir/CarePlan/{there.document}", {"json": {}, "headers": {"if-match": 'W/"1"'}}),
        ("POST", "/fhir/CarePlan", {"json": {}}),
        ("GET", f"/fhir/Consent/{there.consent}", {}),
        ("POST", "/fhir/Consent/_search", {"data": asked | {"status": "active"}}),
    ]
    return found


async def send(laws: Laws, asked: Asked, token: str) -> httpx.Response:
    method, path, sent = asked
    more = {"idempotency-key": f"key-{abs(hash((path, token)))}"} if path.startswith("/api/v1") else {}
    headers = bearer(token) | sent.get("headers", {}) | more
    return await laws.web.request(method, path, **{**sent, "headers": headers})


async def test_no_operation_serves_a_system_that_claims_a_service_it_is_not_registered_for(laws: Laws) -> None:
    there = await furnish(laws)
    every = await operations(laws, there)
    claimed = await laws.token(laws.acting(), f"{SCOPES} system/Consent.rs", OTHER)
    looks = {"/opening/", "/explanation/", "/consents/", "/relations/", "/messages", "/offers", "/fhir/Consent/"}
    for part in looks:
        assert any(part in path for _, path, _ in every), part
    for asked in every:
        before = laws.size()
        answer = await send(laws, asked, claimed)
        if asked[1] == "/fhir/CarePlan/_search":
            # A search refused looks like one that found nothing.
            assert (answer.status_code, answer.json().get("entry", [])) == (200, []), asked[:2]
        else:
            assert answer.status_code == 404, (*asked[:2], answer.text)
        # Whoever claims what is another's is seen in the log, whatever it asked for.
        assert laws.size() == before + 1, asked[:2]
        last = laws.entries()[-1]
        assert last.b is not None
        assert last.b["reasons"] == ["requester-mismatch"], asked[:2]


async def test_the_same_questions_are_answered_to_the_system_of_that_service(laws: Laws) -> None:
    """Else the test above would pass on addresses that answer nobody."""
    there = await furnish(laws)
    own = await laws.token(laws.acting(), f"{SCOPES} system/Consent.rs")
    looks = [one for one in await operations(laws, there) if one[0] == "GET" or one[1].endswith("search")]
    assert len(looks) >= 10
    for asked in looks:
        answer = await send(laws, asked, own)
        assert answer.status_code == 200, (*asked[:2], answer.text)
        if asked[1] == "/fhir/CarePlan/_search":
            assert len(answer.json()["entry"]) == 1


@pytest.mark.parametrize("part", ["opening", "explanation"])
async def test_a_suspended_system_and_a_token_without_the_scope_open_nothing(laws: Laws, part: str) -> None:
    there = await furnish(laws)
    address = f"/audit/log/{there.year}/{part}/{there.index}"
    own = await laws.token(laws.acting(), RELEASES)
    assert (await laws.web.get(address, headers=bearer(own))).status_code == 200
    for scope in ("saattaen/consents", "system/Consent.rs"):
        narrow = await laws.token(laws.acting(), scope)
        refused = await laws.web.get(address, headers=bearer(narrow))
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient-scope")
    await laws.gateway.log.submit(laws.gateway.partners.suspending("kuntakokeilu-system", by="operator"))
    before = laws.size()
    for index in (there.index, "999999"):
        refused = await laws.web.get(f"/audit/log/{there.year}/{part}/{index}", headers=bearer(own))
        assert (refused.status_code, refused.json()["code"]) == (404, "not_available")
    added = laws.entries()[before:]
    assert [(one.b or {})["reasons"] for one in added] == [["suspended"]] * 2
    assert [(one.b or {})["act"] for one in added] == [f"release.{'open' if part == 'opening' else 'explain'}"] * 2
