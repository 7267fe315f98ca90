"""A document as a person reads it: every section of every category, as text and never as markup."""

from __future__ import annotations

import base64
from functools import cache

import orjson
import pytest

from adapters.fhir.reading_view import reading_view
from adapters.fhir.sample_texts import TEXTS
from adapters.fhir.samples import make_sample
from gateway.demo.world import World, load_world
from gateway.directory.identity_code import Identifier
from gateway.disclosure.minimise import document_in, minimise
from gateway.disclosure.reading_view import Line, ReadingView
from gateway.disclosure.sections import Document
from gateway.errors import CustodianUnavailable

PLAN, FEEDBACK = "work-ability-plan", "health-check-feedback"


@cache
def world() -> World:
    return load_world()


def sample(category: str) -> Document:
    """Return a document with every section."""
    code = Identifier.personal(world().clients["suvi"].code)
    return make_sample(category, world().directory, code, world().now, custodian="sote-keskus")


def read(category: str, document: Document, only: frozenset[str] | None = None) -> ReadingView:
    """Read a document."""
    return reading_view(orjson.dumps(document), world().directory.layouts[category], only)


@pytest.mark.parametrize("category", sorted(TEXTS))
def test_every_section_of_every_category_is_read_in_the_categorys_order(category: str) -> None:
    view = read(category, sample(category))
    assert [section.code for section in view.sections] == list(world().directory.categories[category].sections)
    assert view.author
    assert view.dated is not None
    assert view.dated.startswith("2026-11-22")
    for section in view.sections:
        said = " ".join(line.text for line in section.lines)
        # What is a date or a number in the document has no text of the sample's to compare with.
        if section.code not in ("period", "responsibilities"):
            assert TEXTS[category][section.code].split()[0] in said


@pytest.mark.parametrize("category", sorted(TEXTS))
def test_a_section_that_is_not_open_leaves_no_word_of_it(category: str) -> None:
    for left_out in world().directory.categories[category].sections:
        only = frozenset(world().directory.categories[category].sections) - {left_out}
        view = read(category, sample(category), only)
        assert [section.code for section in view.sections] == [
            code for code in world().directory.categories[category].sections if code != left_out
        ]


def test_an_item_that_names_two_sections_is_shown_only_where_both_are_open() -> None:
    plan = sample(PLAN)
    activities = plan["activity"]
    assert isinstance(activities, list)
    for one in activities:
        assert isinstance(one, dict)
        detail = one["detail"]
        assert isinstance(detail, dict)
        code = detail["code"]
        assert isinstance(code, dict)
        codings = code["coding"]
        assert isinstance(codings, list)
        if isinstance(codings[0], dict) and codings[0]["code"] == "services":
            codings.append({**codings[0], "code": "health"})
    assert "services" not in {one.code for one in read(PLAN, plan, frozenset({"goals", "services"})).sections}
    assert "services" in {one.code for one in read(PLAN, plan, frozenset({"services", "health"})).sections}


def test_a_released_document_reads_as_what_was_released() -> None:
    directory = world().directory
    projection = directory.projection(PLAN, "employment-service")
    assert projection is not None
    left = minimise(sample(PLAN), directory.layouts[PLAN], projection, frozenset({"goals", "services"}))
    assert [section.code for section in read(PLAN, left).sections] == ["goals", "services"]


def test_markup_comes_out_as_text() -> None:
    feedback = sample(FEEDBACK)
    composition = document_in(feedback)
    sections = composition["section"]
    assert isinstance(sections, list)
    assert isinstance(sections[0], dict)
    sections[0]["text"] = {
        "status": "additional",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Yksi &amp; kaksi</p><ul><li>kolme</li><li>&lt;b&gt;</li>'
        '</ul><img src="x" onerror="alert(1)"/></div>',
    }  # fmt: skip
    lines = read(FEEDBACK, feedback).sections[0].lines
    assert [line.text for line in lines] == ["Yksi & kaksi", "kolme", "<b>"]


@pytest.mark.parametrize(
    ("reference", "label"),
    [
        ({"type": "Organization"}, "organisation"),
        ({"type": "http://hl7.org/fhir/StructureDefinition/HealthcareService"}, "organisation"),
        ({"reference": "https://fhir.example/r4/Organization/17"}, "organisation"),
        ({"reference": "CareTeam/3/_history/2"}, "organisation"),
        ({"type": "Practitioner"}, "who"),
        ({"reference": "Practitioner/5"}, "who"),
        ({}, "who"),
    ],
)
def test_a_name_is_said_to_be_an_organisations_where_the_document_says_so(reference: Document, label: str) -> None:
    plan = sample(PLAN)
    contained = plan["contained"]
    assert isinstance(contained, list)
    team = next(one for one in contained if isinstance(one, dict) and one["resourceType"] == "CareTeam")
    team["participant"] = [{"member": {**reference, "display": "Nimi"}}]
    responsibilities = next(one for one in read(PLAN, plan).sections if one.code == "responsibilities")
    assert responsibilities.lines == (Line("Nimi", label),)


def test_an_attachment_that_is_no_text_is_told_of_and_not_shown() -> None:
    statement = sample("medical-statement-b")
    statement["content"] = [
        {"attachment": {"contentType": "application/pdf", "title": "B.pdf", "data": base64.b64encode(b"%PDF").decode()}}
    ]
    assert read("medical-statement-b", statement).sections[0].lines == (Line("B.pdf", "attachment"),)


@pytest.mark.parametrize("content", [b"", b"[]", b'"x"', b"{", b'{"resourceType":"Bundle"}', b"{}"])
def test_what_is_no_document_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(CustodianUnavailable):
        reading_view(content, world().directory.layouts[PLAN])
