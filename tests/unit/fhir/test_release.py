"""Documents on their way out: from a deposit to released bytes, for every category, and the answers around them."""

from __future__ import annotations

import orjson
import pytest

from adapters.fhir.capability import capability
from adapters.fhir.intake import parse_document
from adapters.fhir.release import render, searchset
from adapters.fhir.samples import make_sample, sections_in
from gateway.disclosure.minimise import document_in, minimise

ID = "0123456789abcdef0123456789abcdef"


def released(projection, directory, client, at, sections, demo=True, **more) -> bytes:
    document = make_sample(projection.category, directory, client, at, custodian="sote-keskus", **more)
    accepted = parse_document(document["resourceType"], orjson.dumps(document), directory)
    layout = directory.layouts[projection.category]
    left = minimise(orjson.loads(accepted.body), layout, projection, frozenset(sections))
    return render(left, ID, layout, ["PSY", "R"], "pairwise-1", demo=demo)


def test_every_projection_of_every_category_gives_a_whole_resource(directory, client, at) -> None:
    for projection in directory.projections:
        category, layout = directory.categories[projection.category], directory.layouts[projection.category]
        for sections in (category.sections, category.sections[:1]):
            content = orjson.loads(released(projection, directory, client, at, sections))
            assert content["id"] == ID
            assert sections_in(content, layout) == set(sections)
            resource = document_in(content)
            assert resource["resourceType"] == category.resource
            assert resource["meta"] == {
                "profile": [layout.profile],
                "security": [
                    {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSY"},
                    {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"},
                ],
                "tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}],
            }
            assert resource[layout.subject] == {
                "type": "Patient",
                "identifier": {"system": "https://saattaen.example/fhir/sid/client", "value": "pairwise-1"},
            }
            for inner in resource.get("contained", []):
                assert inner.get("subject", inner.get("for")) == resource[layout.subject]


def test_the_bytes_depend_on_the_arguments_alone(directory, client, at) -> None:
    projection = next(one for one in directory.projections if one.category == "work-assessment")
    first = released(projection, directory, client, at, ["observations"])
    assert first == released(projection, directory, client, at, ["observations"])
    bundle = orjson.loads(first)
    assert bundle["type"] == "document"
    assert bundle["timestamp"] == "2026-11-22T09:00:00+02:00"
    assert bundle["identifier"] == {"system": "https://saattaen.example/fhir/sid/document", "value": ID}


def test_without_labels_and_demo_nothing_of_them_is_said(directory, client, at) -> None:
    projection = next(one for one in directory.projections if one.category == "handover")
    layout = directory.layouts["handover"]
    document = make_sample("handover", directory, client, at, labels=["mental-health"])
    left = minimise(document, layout, projection, frozenset({"from", "to"}))
    assert orjson.loads(render(left, ID, layout, [], "p"))["meta"] == {"profile": [layout.profile]}


def test_a_searchset_joins_the_very_bytes_and_tells_no_total() -> None:
    one, two = b'{"resourceType":"CarePlan","id":"1"}', b'{"resourceType":"CarePlan","id":"2"}'
    base = "https://gw.example/fhir/CarePlan"
    joined = searchset([(f"{base}/1", one), (f"{base}/2", two)], f"{base}/_search", f"{base}?_page=x")
    assert one in joined
    assert two in joined
    bundle = orjson.loads(joined)
    assert "total" not in bundle
    assert [entry["fullUrl"] for entry in bundle["entry"]] == [f"{base}/1", f"{base}/2"]
    assert bundle["link"] == [
        {"relation": "self", "url": f"{base}/_search"},
        {"relation": "next", "url": f"{base}?_page=x"},
    ]


def test_an_empty_searchset_has_no_entries_at_all() -> None:
    bundle = orjson.loads(searchset([], "https://gw.example/fhir/CarePlan/_search"))
    assert bundle.keys() == {"resourceType", "type", "link"}


def test_the_capability_statement_names_every_category_s_type_and_profile(directory, at) -> None:
    content = capability(directory, "https://gw.example", "https://gw.example/oauth/token", "0.1.0", at)
    assert content["fhirVersion"] == "4.0.1"
    text = orjson.dumps(content).decode()
    for layout in directory.layouts.values():
        assert layout.profile in text
    types = {resource["type"] for resource in content["rest"][0]["resource"]}
    assert types == {
        "Bundle" if row.resource == "Composition" else row.resource for row in directory.categories.values()
    }
    assert (
        orjson.dumps(
            capability(directory, "https://gw.example", "https://gw.example/oauth/token", "0.1.0", at)
        ).decode()
        == text
    )


@pytest.mark.parametrize("category", ["work-ability-plan", "referral-summary"])
def test_labels_of_dropped_sections_do_not_appear(category, directory, client, at) -> None:
    projection = next(one for one in directory.projections if one.category == category)
    layout = directory.layouts[category]
    document = make_sample(
        category, directory, client, at, sections={directory.categories[category].sections[-1]: ["substance-use"]}
    )
    left = minimise(document, layout, projection, frozenset(directory.categories[category].sections[:1]))
    assert b"ETH" not in render(left, ID, layout, [], "p")
