"""FHIR as partners use it: read, search, deposit; every type of the world, and what the answers bear."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from adapters.fhir.samples import make_sample
from audit.entry import parse_entry
from gateway.directory.identity_code import Identifier
from tests.laws.gateway_world import BASE, DEPOSIT, FEEDBACK, PLAN, STATEMENT, STRANGER, Laws, open_world

DISCLOSED = [
    (PLAN, "CarePlan", "sote-keskus", "kuntakokeilu", "omavalmentaja", "employment-support"),
    (FEEDBACK, "Bundle", "terveystarkastus", "kuntakokeilu", "omavalmentaja", "employment-support"),
    ("referral-summary", "ServiceRequest", "kuntakokeilu", "sosiaalityo", "omatyontekija", "care-coordination"),
    ("work-assessment", "Bundle", "tyopaja", "kuntakokeilu", "omavalmentaja", "employment-support"),
    ("self-assessment", "Observation", "sote-keskus", "kuntakokeilu", "omavalmentaja", "employment-support"),
    ("therapist-feedback", "Bundle", "sote-keskus", "kuntoutustutkimus", "laakari", "care"),
    (STATEMENT, "DocumentReference", "sote-keskus", "kela", "kuntoutusasiantuntija", "rehabilitation-decision"),
    ("handover", "Task", "sote-keskus", "kuntakokeilu", "omavalmentaja", "employment-support"),
]
"""Category, type on the wire, custodian, recipient, role and purpose."""


@pytest.fixture
async def laws(tmp_path: Path) -> AsyncIterator[Laws]:
    """An open gateway with the demo world in it."""
    async with open_world(tmp_path) as made:
        yield made


def _sample(laws: Laws, client: str, category: str, custodian: str, days: int = 1) -> bytes:
    identifier = Identifier.personal(laws.world.clients[client].code)
    dated = laws.world.now - timedelta(days=days)
    return orjson.dumps(make_sample(category, laws.world.directory, identifier, dated, custodian=custodian))


async def test_every_category_travels_from_its_custodian_to_who_was_granted_it(laws: Laws) -> None:
    for category, resource, custodian, recipient, role, purpose in DISCLOSED:
        token = await laws.token(laws.acting(custodian), DEPOSIT) if custodian == "kuntakokeilu" else await laws.token(
            laws.acting(custodian, _any_role(laws, custodian), "care"), DEPOSIT
        )  # fmt: skip
        headers = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json"}
        body = _sample(laws, "suvi", category, custodian)
        stored = await laws.web.post(f"/fhir/{resource}", content=body, headers=headers)
        assert (stored.status_code, stored.headers["etag"]) == (201, 'W/"1"'), (category, stored.text)
        document = stored.headers["location"].removeprefix(f"{BASE}/fhir/{resource}/")
        row = laws.row(custodian=custodian, recipient=recipient, category=category, purpose=purpose)
        acting = laws.acting(recipient, role, purpose)
        assert (await laws.read(document, acting, resource=resource)).status_code == 404
        await laws.give("suvi", row)
        answer = await laws.read(document, acting, resource=resource)
        assert answer.status_code == 200, category
        assert answer.headers["content-type"] == "application/fhir+json"
        assert answer.json()["resourceType"] == resource
        assert laws.code("suvi") not in answer.text
    assert laws.verify() == []


def _any_role(laws: Laws, service: str) -> str:
    kind = laws.world.directory.services[service].kind
    return next(code for code, rows in laws.world.directory.roles.items() if any(kind in row.kinds for row in rows))


async def test_what_was_not_ticked_is_not_there(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    without = (await laws.read(document)).text
    await laws.give("suvi", laws.row(sensitivities=frozenset({"health"})))
    ticked = (await laws.read(document)).text
    assert len(ticked) > len(without)
    for text, codes in ((without, ()), (ticked, ("health",))):
        for code in ("health", "mental-health", "substance-use"):
            assert (f'"code":"{code}"' in text) is (code in codes)


async def test_a_release_bears_its_entry_and_a_proof_that_leads_to_the_checkpoint(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    answer = await laws.read(document)
    origin, _, index = answer.headers["saattaen-entry"].rpartition("/")
    proof = answer.headers["saattaen-proof"]
    text = urlsafe_b64decode(proof + "=" * (-len(proof) % 4)).decode()
    assert text.startswith("c2sp.org/tlog-proof@v1\n")
    assert f"index {index}\n" in text
    assert origin in text
    with laws.gateway.log_store.read() as reader:
        (leaf,) = reader.leaves(origin, int(index), int(index) + 1)
    assert set(parse_entry(leaf.entry).commitments) == {"a", "b", "s"}
    assert (await laws.read(document)).headers["saattaen-proof"] != proof


async def test_a_custodian_reads_its_own_deposit_with_the_version_for_its_next_put(laws: Laws) -> None:
    document = await laws.deposit()
    acting = laws.acting("sote-keskus", "laakari", "care")
    answer = await laws.read(document, acting)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')
    assert laws.code("suvi") in answer.text
    assert laws.entries()[-1].kind == "custodian.read"
    token = await laws.token(acting, DEPOSIT)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json", "if-match": 'W/"1"'}
    body = _sample(laws, "suvi", PLAN, "sote-keskus", days=2)
    assert (await laws.web.put(f"/fhir/CarePlan/{document}", content=body, headers=headers)).headers["etag"] == 'W/"2"'
    assert (await laws.read(document, acting)).headers["etag"] == 'W/"2"'


async def test_a_search_finds_the_newest_first_and_of_the_asked_category_alone(laws: Laws) -> None:
    old, new = await laws.deposit(), await laws.deposit()
    await laws.deposit(custodian="sosiaalityo", category="activation-plan")
    await laws.replace(old, 1)
    await laws.give()
    for category in (PLAN, f"https://saattaen.example/fhir/CodeSystem/category|{PLAN}", None):
        bundle = (await laws.search(laws.code("suvi"), category=category)).json()
        assert {entry["resource"]["id"] for entry in bundle["entry"]} == {old, new}
        assert all(entry["fullUrl"] == f"{BASE}/fhir/CarePlan/{entry['resource']['id']}" for entry in bundle["entry"])
    assert (await laws.search(laws.code("suvi"), category="another|" + PLAN)).status_code == 400
    other = await laws.search(laws.code("suvi"), category="activation-plan")
    assert "entry" not in other.json()


async def test_one_search_is_one_entry_that_names_every_document_it_showed(laws: Laws) -> None:
    shown = {await laws.deposit() for _ in range(3)}
    await laws.give()
    before = laws.size()
    await laws.search(laws.code("suvi"))
    last = laws.entries()[-1]
    assert (laws.size() - before, last.kind, last.outcome) == (1, "search", "permit")
    assert {row["id"] for row in (last.b or {})["documents"]} == shown  # type: ignore[attr-defined]


async def test_people_whose_codes_differ_in_the_separator_alone_are_different_people(laws: Laws) -> None:
    document = await laws.deposit("kaima-1")
    await laws.give("kaima-1")
    assert document in (await laws.search(laws.code("kaima-1"))).text
    for other in ("kaima-2", "turva"):
        assert "entry" not in (await laws.search(laws.code(other))).json()
    assert "entry" not in (await laws.search(STRANGER)).json()


async def test_a_deposit_that_does_not_fit_is_told_place_by_place_and_echoes_nothing(laws: Laws) -> None:
    token = await laws.token(laws.acting("sote-keskus", "laakari", "care"), DEPOSIT)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json"}
    document = orjson.loads(laws.sample("suvi"))
    document["status"] = "secret-status"
    document["unheard"] = 1
    before = laws.size()
    answer = await laws.web.post("/fhir/CarePlan", content=orjson.dumps(document), headers=headers)
    assert answer.status_code == 422
    assert [issue["expression"] for issue in answer.json()["issue"]]
    assert "secret-status" not in answer.text
    assert laws.size() == before
    for broken in (b"", b"[]", b"{", b'{"resourceType":"CarePlan","resourceType":"CarePlan"}', b"\xff\xfe"):
        assert (await laws.web.post("/fhir/CarePlan", content=broken, headers=headers)).status_code in (400, 422)


async def test_the_statement_of_capabilities_promises_what_is_there_and_needs_no_token(laws: Laws) -> None:
    answer = await laws.web.get("/fhir/metadata")
    statement = answer.json()
    assert (answer.status_code, statement["resourceType"], statement["fhirVersion"]) == (
        200,
        "CapabilityStatement",
        "4.0.1",
    )
    promised = {row["type"] for row in statement["rest"][0]["resource"]}
    assert {row[1] for row in DISCLOSED} <= promised
    for row in statement["rest"][0]["resource"]:
        interactions = {one["code"] for one in row["interaction"]}
        assert not interactions & {"vread", "history-instance", "history-type", "delete", "patch"}


async def test_a_demo_says_that_it_is_one(laws: Laws) -> None:
    document = await laws.deposit()
    await laws.give()
    for answer in (await laws.web.get("/fhir/metadata"), await laws.read(document), await laws.read("nothing")):
        assert answer.headers["saattaen-demo"] == "true"
    assert "HTEST" in (await laws.read(document)).text
