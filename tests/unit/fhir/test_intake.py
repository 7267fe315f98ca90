# ruff: noqa: E501 - a table reads better with one row a line
"""Documents on their way in: every category is taken, and every fault is told with its place and nothing else."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from adapters.fhir.intake import MAX_DOCUMENT_BYTES, parse_document
from adapters.fhir.samples import make_sample
from gateway.directory.instants import parse_instant
from gateway.errors import BodyInvalid

CODE = "140395-9022"
OTHER_CODE = "020975-9042"
Change = Callable[[dict[str, Any]], object]

CATEGORIES = [
    "work-ability-plan",
    "health-check-feedback",
    "referral-summary",
    "activation-plan",
    "work-assessment",
    "interruption-notice",
    "self-assessment",
    "therapist-feedback",
    "medical-statement-b",
    "handover",
]


def faults_of(document: Any, directory: Any, resource_type: str | None = None) -> list[str]:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    with pytest.raises(BodyInvalid) as refused:
        parse_document(resource_type or document["resourceType"], body, directory)
    said = repr((refused.value.detail, refused.value.faults))
    assert CODE not in said
    assert OTHER_CODE not in said
    return [place for place, _ in refused.value.faults]


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_sample_of_each_category_is_accepted_with_all_its_sections(category, directory, client, at) -> None:
    document = make_sample(category, directory, client, at, custodian="sote-keskus")
    body = orjson.dumps(document)
    accepted = parse_document(document["resourceType"], body, directory)
    row = directory.categories[category]
    assert accepted.category == category
    assert accepted.resource == row.resource
    assert accepted.identifier == client
    assert accepted.dated == at
    assert tuple(accepted.sections) == row.sections
    assert dict(accepted.sections) == {section: directory.nature(category, section) for section in row.sections}
    assert accepted.labels == frozenset()
    assert accepted.referrer is None
    assert accepted.body == body


def test_labels_of_the_whole_and_of_a_section_are_added_and_never_take_one_away(directory, client, at) -> None:
    document = make_sample(
        "work-ability-plan",
        directory,
        client,
        at,
        ["mental-health"],
        {"health": ["substance-use"], "goals": ["health"]},
    )
    accepted = parse_document("CarePlan", orjson.dumps(document), directory)
    assert accepted.labels == {"mental-health"}
    assert accepted.sections["health"] == {"health", "substance-use"}
    assert accepted.sections["goals"] == {"health"}


def test_only_the_sections_that_are_there_are_told(directory, client, at) -> None:
    document = make_sample(
        "work-ability-plan", directory, client, at, only=["goals", "services", "responsibilities"], referrer="kela"
    )
    accepted = parse_document("CarePlan", orjson.dumps(document), directory)
    assert set(accepted.sections) == {"goals", "services", "responsibilities"}
    assert accepted.referrer == "kela"


def test_a_bare_date_begins_at_midnight_in_helsinki(directory, client, at) -> None:
    document = make_sample("work-ability-plan", directory, client, at) | {"created": "2026-11-22"}
    accepted = parse_document("CarePlan", orjson.dumps(document), directory)
    assert accepted.dated == parse_instant("2026-11-22T00:00:00+02:00")


def _set(path: str, value: object) -> Change:
    """Return a change that puts *value* at a dotted path, numbers being items of lists."""
    steps = [int(step) if step.isdigit() else step for step in path.split(".")]

    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in steps[:-1]:
            inner = inner[step]
        inner[steps[-1]] = value

    return change


def _drop(path: str) -> Change:
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]

    def change(document: dict[str, Any]) -> None:
        inner: Any = document
        for step in way:
            inner = inner[step]
        del inner[last]

    return change


SECTION = "https://saattaen.example/fhir/CodeSystem/section"
SECTION_LABEL = "https://saattaen.example/fhir/StructureDefinition/section-label"
PSY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"}


def _concept(*codes: str) -> dict[str, Any]:
    return {"coding": [{"system": SECTION, "code": code} for code in codes]}


CARE_PLAN_FAULTS: list[tuple[str, Change, list[str]]] = [
    ("an element FHIR does not have", _set("nope", 1), ["CarePlan.nope"]),
    ("an element of another type inside", _set("activity.0.detail.sped", 1), ["CarePlan.activity[0].detail.sped"]),
    ("a missing required element", _drop("activity.0.detail.status"), ["CarePlan.activity[0].detail.status"]),
    ("a missing element in a contained Goal", _drop("contained.0.description"), ["CarePlan.contained[0].description"]),
    ("a wrong form", _set("title", 5), ["CarePlan.title"]),
    ("a date that is none", _set("created", "2026-13-45"), ["CarePlan.created"]),
    ("a status out of its binding", _set("status", "notacode"), ["CarePlan.status"]),
    ("an intent out of its binding", _set("intent", "whim"), ["CarePlan.intent"]),
    ("a nested status", _set("activity.1.detail.status", "soon"), ["CarePlan.activity[1].detail.status"]),
    ("a contained status", _set("contained.0.lifecycleStatus", "x"), ["CarePlan.contained[0].lifecycleStatus"]),
    ("no category", _drop("category"), ["CarePlan.category"]),
    ("an unknown category", _set("category.0.coding.0.code", "gossip"), ["CarePlan.category"]),
    ("a category of another type", _set("category.0.coding.0.code", "handover"), ["CarePlan.category"]),
    ("a modifier extension", _set("modifierExtension", [{"url": "http://x.example", "valueCode": "y"}]), ["CarePlan.modifierExtension"]),
    ("implicit rules", _set("implicitRules", "http://x.example"), ["CarePlan.implicitRules"]),
    ("an unknown extension", _set("extension", [{"url": "http://x.example", "valueCode": "y"}]), ["CarePlan.extension[0]"]),
    ("an extension of an element", _set("activity.0.detail.extension", [{"url": SECTION_LABEL, "valueCode": "y"}]), ["CarePlan.activity[0].detail.extension[0]"]),
    ("an extension of a primitive", _set("_title", {"extension": [{"url": "http://x.example", "valueCode": "y"}]}), ["CarePlan._title.extension[0]"]),
    ("comments of DSTU2", _set("fhir_comments", ["x"]), ["CarePlan.fhir_comments"]),
    ("an empty list", _set("note", []), ["CarePlan.note"]),
    ("an empty text", _set("title", "  "), ["CarePlan.title"]),
    ("no client", _set("subject", {"display": "Suvi"}), ["CarePlan.subject.identifier"]),
    ("a client of another authority", _set("subject.identifier.system", "urn:oid:1.2.3"), ["CarePlan.subject.identifier"]),
    ("a client by reference too", _set("subject.reference", "Patient/1"), ["CarePlan.subject.reference"]),
    ("a wrong check character", _set("subject.identifier.value", "140395-9023"), ["CarePlan.subject.identifier.value"]),
    ("another person in a text", _set("activity.0.detail.description", f"Puoliso {OTHER_CODE} tukee."), ["CarePlan.activity[0].detail.description"]),
    ("the client's own code in a text", _set("title", f"Suunnitelma {CODE}"), ["CarePlan.title"]),
    ("a code in lower case with a long dash", _set("title", "Ks. 020975\u20139042."), ["CarePlan.title"]),
    ("another person as the goal's", _set("contained.0.subject", {"identifier": {"system": "urn:oid:1.2.246.21", "value": OTHER_CODE}}), ["CarePlan.contained[0].subject.identifier.value"]),
    ("another person as author", _set("author", {"identifier": {"value": OTHER_CODE}}), ["CarePlan.author.identifier.value"]),
    ("no date", _drop("created"), ["CarePlan.created"]),
    ("a year for a date", _set("created", "2026"), ["CarePlan.created"]),
    ("an item without a section", _drop("activity.1.detail.code"), ["CarePlan.activity[1].detail.code"]),
    ("an item of two sections", _set("activity.1.detail.code", _concept("schedule", "health")), ["CarePlan.activity[1].detail.code"]),
    ("an item of a section that lies elsewhere", _set("activity.1.detail.code", _concept("goals")), ["CarePlan.activity[1].detail.code"]),
    ("an item of an unknown section", _set("activity.1.detail.code", _concept("gossip")), ["CarePlan.activity[1].detail.code"]),
    ("a goal without a section", _drop("contained.2.category"), ["CarePlan.contained[2]"]),
    ("a section's code out of place", _set("category.0.coding", [{"system": "https://saattaen.example/fhir/CodeSystem/category", "code": "work-ability-plan"}, {"system": SECTION, "code": "goals"}]), ["CarePlan.category[0].coding[1]"]),
    ("a missing required section", _drop("careTeam"), ["CarePlan.contained[1]", "CarePlan"]),
    ("a contained resource that nothing needs", _drop("goal.1"), ["CarePlan.contained[2]"]),
    ("two contained resources of one id", _set("contained.2.id", "goal-goals"), ["CarePlan.contained[2].id", "CarePlan.goal[1]"]),
    ("a contained resource of another type", _set("contained.1", {"resourceType": "Patient", "id": "team"}), ["CarePlan.contained[1].resourceType", "CarePlan.contained[1]", "CarePlan"]),
    ("an unknown security label", _set("meta.security", [PSY, PSY | {"code": "HIV"}]), ["CarePlan.meta.security[1]"]),
    ("a label of a section that is not here", _set("extension", [{"url": SECTION_LABEL, "extension": [{"url": "section", "valueCode": "gossip"}, {"url": "label", "valueCoding": PSY}]}]), ["CarePlan.extension[0].extension"]),
    ("an unknown label of a section", _set("extension", [{"url": SECTION_LABEL, "extension": [{"url": "section", "valueCode": "goals"}, {"url": "label", "valueCoding": {"code": "PSY"}}]}]), ["CarePlan.extension[0].extension"]),
    ("an unknown referrer", _set("extension", [{"url": SECTION_LABEL.replace("section-label", "referrer"), "valueIdentifier": {"system": "https://saattaen.example/fhir/sid/service", "value": "nowhere"}}]), ["CarePlan.extension[0].valueIdentifier"]),
    ("a narrative with a link", _set("text", {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><a href="http://x.example">x</a></div>'}), ["CarePlan.text.div"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "places"), [row[1:] for row in CARE_PLAN_FAULTS], ids=[row[0] for row in CARE_PLAN_FAULTS]
)
def test_a_fault_is_told_with_its_very_place(change: Change, places: list[str], directory, client, at) -> None:
    document = copy.deepcopy(make_sample("work-ability-plan", directory, client, at))
    change(document)
    assert faults_of(document, directory) == places


BUNDLE_FAULTS: list[tuple[str, Change, list[str]]] = [
    ("another type of Bundle", _set("type", "collection"), ["Bundle.type"]),
    ("no identifier", _drop("identifier"), ["Bundle.identifier"]),
    ("no timestamp", _drop("timestamp"), ["Bundle.timestamp"]),
    ("no Composition", _set("entry.0.resource", {"resourceType": "Patient"}), ["Bundle.entry[0].resource"]),
    ("a second entry", lambda d: d["entry"].append({"resource": {"resourceType": "Patient"}}), ["Bundle.entry[1]"]),
    ("a signature", _set("signature", {}), ["Bundle.signature"]),
    ("a section without code", _drop("entry.0.resource.section.1.code"), ["Bundle.entry[0].resource.section[1].code"]),
    (
        "a section within a section",
        _set("entry.0.resource.section.0.section", [{"code": _concept("strengths")}]),
        ["Bundle.entry[0].resource.section[0].section[0].code.coding[0]"],
    ),
    (
        "an image in a narrative",
        _set("entry.0.resource.section.0.text.div", '<div xmlns="http://www.w3.org/1999/xhtml"><img src="x"/></div>'),
        ["Bundle.entry[0].resource.section[0].text.div"],
    ),
    (
        "a declaration in a narrative",
        _set("entry.0.resource.section.0.text.div", '<!DOCTYPE a [<!ENTITY b "c">]><div>&b;</div>'),
        ["Bundle.entry[0].resource.section[0].text.div"],
    ),
    (
        "a code split by tags in a narrative",
        _set(
            "entry.0.resource.section.0.text.div",
            '<div xmlns="http://www.w3.org/1999/xhtml">020975<b>-</b>9042</div>',
        ),
        ["Bundle.entry[0].resource.section[0].text.div"],
    ),
    (
        "a missing required section",
        _drop("entry.0.resource.section.2"),
        ["Bundle.entry[0].resource"],
    ),
]


@pytest.mark.parametrize(
    ("change", "places"), [row[1:] for row in BUNDLE_FAULTS], ids=[row[0] for row in BUNDLE_FAULTS]
)
def test_a_document_bundles_fault_is_told_with_its_very_place(change: Change, places, directory, client, at) -> None:
    document = copy.deepcopy(make_sample("health-check-feedback", directory, client, at))
    change(document)
    assert faults_of(document, directory) == places


_AT = "DocumentReference.content[0].attachment"
ATTACHMENT_FAULTS: list[tuple[str, Change, list[str]]] = [
    ("a program", _set("content.0.attachment.contentType", "application/x-sh"), [f"{_AT}.contentType"]),
    ("an address", _set("content.0.attachment.url", "https://x.example/1"), [f"{_AT}.url"]),
    ("no data", _drop("content.0.attachment.data"), [f"{_AT}.data"]),
    ("other data than hashed", _set("content.0.attachment.data", "eHh4"), [f"{_AT}.size", f"{_AT}.hash"]),
    ("a PDF that is none", _set("content.0.attachment.contentType", "application/pdf"), [f"{_AT}.data"]),
]


@pytest.mark.parametrize(
    ("change", "places"), [row[1:] for row in ATTACHMENT_FAULTS], ids=[row[0] for row in ATTACHMENT_FAULTS]
)
def test_an_attachments_fault_is_told_with_its_very_place(change: Change, places, directory, client, at) -> None:
    document = copy.deepcopy(make_sample("medical-statement-b", directory, client, at))
    change(document)
    assert faults_of(document, directory) == places


def test_a_persons_code_in_a_text_attachment_is_refused(directory, client, at) -> None:
    document = copy.deepcopy(make_sample("medical-statement-b", directory, client, at))
    attachment = document["content"][0]["attachment"]
    attachment["data"] = base64.b64encode(f"Puoliso {OTHER_CODE}".encode()).decode()
    assert f"{_AT}.data" in faults_of(document, directory)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"resourceType":"CarePlan","resourceType":"CarePlan"}',
        b'{"resourceType":"CarePlan","x":NaN}',
        b'{"resourceType":"CarePlan","x":"\xff"}',
        b'{"resourceType":"CarePlan","x":"\\ud800"}',
        b'{"resourceType":"CarePlan","x":1.10}',
        b'{"resourceType":"CarePlan","x":12345678901234567890}',
        b'{"resourceType":"CarePlan","x":' + b"[" * 60 + b"]" * 60 + b"}",
        b'{"resourceType":"CarePlan","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"resourceType":"CarePlan","x":"' + b"x" * MAX_DOCUMENT_BYTES + b'"}',
    ],
    ids=["nothing", "list", "broken", "twice", "NaN", "bytes", "surrogate", "digits", "large", "deep", "deeper", "big"],
)
def test_json_that_two_readers_could_read_differently_is_refused(body: bytes, directory) -> None:
    assert faults_of(body, directory, "CarePlan") == ["$"]


def test_a_key_twice_deep_inside_is_refused(directory, client, at) -> None:
    body = orjson.dumps(make_sample("work-ability-plan", directory, client, at))
    twice = body.replace(b'"kind":"Task",', b'"kind":"Task","kind":"Task",', 1)
    assert twice != body
    assert faults_of(twice, directory, "CarePlan") == ["$"]


@pytest.mark.parametrize("resource_type", ["Composition", "Patient", "CarePlan"])
def test_another_type_than_the_routes_is_refused(resource_type: str, directory, client, at) -> None:
    document = make_sample("handover", directory, client, at)
    assert faults_of(orjson.dumps(document), directory, resource_type) == ["resourceType"]


def test_an_object_where_a_code_is_expected_is_a_fault_like_any_other(directory, client, at) -> None:
    document = make_sample("work-ability-plan", directory, client, at) | {"status": {"odd": True}}
    assert "CarePlan.status" in faults_of(document, directory)
