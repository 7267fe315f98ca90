"""What a custodian's server says is read with doubt: whose document it is, how sensitive, and nothing beside."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from adapters.fhir.held import HeldDocument, Sought, parse_held, read_page, written_for_search
from adapters.fhir.samples import make_sample
from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier, PersonalIdentityCode
from gateway.errors import BodyInvalid

CODE, OTHER = "140395-9022", "020975-9042"
PLAN = "work-ability-plan"
NORMAL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}
Change = Callable[[dict[str, Any]], object]


def person(code: str, issuer: str | None = None) -> dict[str, Any]:
    identifier: dict[str, Any] = {"system": NATIONAL_AUTHORITY, "value": code}
    return identifier | ({"assigner": {"identifier": {"value": issuer}}} if issuer else {})


PATIENTS: dict[str, Any] = {
    "Patient/1": {
        "resourceType": "Patient",
        "id": "1",
        "identifier": [{"system": "urn:x", "value": "9"}, person(CODE)],
    },
    "Patient/2": {"resourceType": "Patient", "id": "2", "identifier": [person(OTHER)]},
}


@pytest.fixture
def read(directory, client, at) -> Callable[..., HeldDocument]:
    def held(change: Change = lambda document: None, issuer: str | None = None, **labels: str) -> HeldDocument:
        document: dict[str, Any] = copy.deepcopy(make_sample(PLAN, directory, client, at))
        document |= {"id": "p-1", "subject": {"reference": "Patient/1"}}
        document["meta"] = {"versionId": "7", "lastUpdated": "2026-11-22T07:00:00Z", "security": [NORMAL]}
        change(document)
        sought = Sought("CarePlan", PLAN, (Identifier.personal(PersonalIdentityCode.parse(CODE), issuer),))
        known = {("urn:labels", code): means for code, means in labels.items()}
        return parse_held(document, PATIENTS, sought, directory, known)

    return held


def test_what_a_server_adds_is_set_aside(read) -> None:
    found = read(lambda document: document["meta"].update(tag=[{"system": "urn:x", "code": "y"}], source="#1"))
    assert (found.server_id, found.server_version) == ("p-1", "7")
    body = orjson.loads(found.accepted.body)
    assert body["meta"] == {"profile": body["meta"]["profile"]}
    assert body["subject"] == {"identifier": person(CODE)}
    assert "id" not in body
    assert found.digest == read().digest


def test_a_change_of_content_is_another_digest(read) -> None:
    assert read(lambda document: document.update(title="Toinen")).digest != read().digest


WRONG_CLIENTS: dict[str, Change] = {
    "another's Patient": lambda document: document.update(subject={"reference": "Patient/2"}),
    "a Patient that did not come": lambda document: document.update(subject={"reference": "Patient/3"}),
    "another's identifier": lambda document: document.update(subject={"identifier": person(OTHER)}),
    "the client's identifier beside another's Patient": lambda document: document.update(
        subject={"identifier": person(CODE), "reference": "Patient/2"}
    ),
    "another's identifier beside the client's Patient": lambda document: document.update(
        subject={"identifier": person(OTHER), "reference": "Patient/1"}
    ),
    "a code of another issuer": lambda document: document.update(subject={"identifier": person(CODE, "urn:oid:1.2")}),
    "nobody": lambda document: document.update(subject={"display": "Suvi"}),
    "nothing": lambda document: document.pop("subject"),
    "a version of a Patient": lambda document: document.update(subject={"reference": "Patient/1/_history/1"}),
}


@pytest.mark.parametrize("wrong", WRONG_CLIENTS)
def test_a_document_is_the_clients_by_all_that_it_says(read, wrong: str) -> None:
    with pytest.raises(BodyInvalid) as refused:
        read(WRONG_CLIENTS[wrong])
    assert CODE not in str(refused.value) and OTHER not in str(refused.value)


def test_a_temporary_code_counts_with_its_issuer_alone(read) -> None:
    read(lambda document: document.update(subject={"identifier": person(CODE, "urn:oid:1.2")}), "urn:oid:1.2")
    with pytest.raises(BodyInvalid):
        read(lambda document: document.update(subject={"identifier": person(CODE)}), "urn:oid:1.2")


LABELS: dict[str, tuple[Change, frozenset[str]]] = {
    "said to be none": (lambda document: None, frozenset()),
    "a known one": (lambda document: document["meta"].update(security=[coding("mt")]), frozenset({"mental-health"})),
    "a known one for none": (lambda document: document["meta"].update(security=[coding("plain")]), frozenset()),
    "none at all": (lambda document: document["meta"].pop("security"), frozenset("abc")),
    "an empty list": (lambda document: document["meta"].update(security=[]), frozenset("abc")),
    "no meta": (lambda document: document.pop("meta"), frozenset("abc")),
    "one that nobody knows": (lambda document: document["meta"].update(security=[coding("odd")]), frozenset("abc")),
    "a known one beside one that nobody knows": (
        lambda document: document["meta"].update(security=[NORMAL, coding("odd")]), frozenset("abc"),
    ),
    "text": (lambda document: document["meta"].update(security=["N"]), frozenset("abc")),
    "of a section, one that nobody knows": (lambda document: label_section(document, coding("odd")), frozenset("abc")),
}  # fmt: skip


def coding(code: str) -> dict[str, str]:
    return {"system": "urn:labels", "code": code}


def label_section(document: dict[str, Any], label: dict[str, str]) -> None:
    members = [{"url": "section", "valueCode": "goals"}, {"url": "label", "valueCoding": label}]
    url = "https://saattaen.example/fhir/StructureDefinition/section-label"
    document["extension"] = [{"url": url, "extension": members}]


@pytest.mark.parametrize("case", LABELS)
def test_a_label_that_is_absent_or_unknown_makes_all_of_it_sensitive(read, directory, case: str) -> None:
    change, expected = LABELS[case]
    everything = frozenset(directory.sensitivities)
    found = read(change, mt="mental-health", plain="")
    assert found.accepted.labels == (everything if expected == frozenset("abc") else expected)


def test_a_sections_label_in_the_servers_code_is_understood(read) -> None:
    found = read(lambda document: label_section(document, coding("mt")), mt="mental-health")
    assert found.accepted.sections["goals"] == {"mental-health"}
    assert found.accepted.labels == frozenset()


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"resourceType":"Bundle","type":"batch-response"}',
        b'{"resourceType":"OperationOutcome"}',
        b'{"resourceType":"Bundle","type":"searchset","entry":[{}]}',
        b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Task"}}]}',
        # A Patient that was not asked for is a match of another type.
        b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Patient"}}]}',
        b'{"resourceType":"Bundle","type":"searchset","link":[{"relation":"next"},{"relation":"next"}]}',
        b'{"resourceType":"Bundle","resourceType":"Bundle","type":"searchset"}',
    ],
)
def test_an_answer_that_is_no_searchset_of_that_type_is_not_believed(body: bytes) -> None:
    with pytest.raises(BodyInvalid):
        read_page(body, 10_000, "CarePlan")


def test_what_separates_values_in_a_search_is_escaped() -> None:
    assert written_for_search(Identifier("urn:x", r"a,b|c$d\e")) == r"urn:x|a\,b\|c\$d\\e"
