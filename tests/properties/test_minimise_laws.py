"""Laws of minimise: it keeps what the permit names, and what it dropped cannot be told from what was never there."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from adapters.fhir.samples import make_sample, sections_in
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.layout import Projection
from gateway.directory.load import load_directory
from gateway.disclosure.minimise import document_in, minimise
from gateway.disclosure.sections import Document, Json, contained_of, rules_of

DIRECTORY = load_directory(Path(__file__).parents[2] / "gateway" / "demo" / "world.yaml")
CLIENT = Identifier.personal(PersonalIdentityCode.parse("140395-9022"))
AT = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

WORDS = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=30)
VALUES = st.recursive(
    st.one_of(WORDS, st.booleans(), st.integers(-9, 9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                "id meta text extension modifierExtension contained identifier reference display code coding system "
                "status _status title description valueString div section telecom address contentType data".split()
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Projection, Document, frozenset[str], bool]:
    """A projection, a document of its category with strange values put in, what is released, and strip-location."""
    projection = draw(st.sampled_from(DIRECTORY.projections))
    sections = DIRECTORY.categories[projection.category].sections
    present = draw(st.sets(st.sampled_from(sections)))
    document = copy.deepcopy(make_sample(projection.category, DIRECTORY, CLIENT, AT, only=present, custodian="kela"))
    resource = document_in(document)
    places = [place for place in _objects(resource)]
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.sampled_from(places))
        name = draw(
            st.sampled_from(["note", "display", "text", "extension", "_title", "identifier", "reference", "title"])
        )
        # Marks of sections stay as they are: which section an item belongs to is not what these laws are about.
        if name not in place:
            place[name] = draw(VALUES)
    return projection, document, frozenset(draw(st.sets(st.sampled_from(sections)))), draw(st.booleans())


def _objects(value: Json) -> list[Document]:
    if isinstance(value, dict):
        return [value, *(found for inner in value.values() for found in _objects(inner))]
    return [found for inner in value for found in _objects(inner)] if isinstance(value, list) else []


def run(projection: Projection, document: Document, released: frozenset[str], strip: bool) -> Document:
    return minimise(document, DIRECTORY.layouts[projection.category], projection, released, strip)


@given(cases())
def test_only_released_sections_and_named_elements_are_left(case) -> None:
    projection, _, released, strip = case
    layout = DIRECTORY.layouts[projection.category]
    left = run(*case)
    assert sections_in(left, layout) <= released - ({"contact"} if strip else set())
    named = {field.partition(".")[0] for field in projection.fields}
    assert left.keys() <= named | {"resourceType", "contained"}
    for one in _objects(left):
        assert not one.keys() & {"meta", "implicitRules", "modifierExtension"}
        assert not any(key.startswith("_") for key in one)
        if "id" in one:
            assert one in left["contained"]


@given(cases())
def test_the_document_is_not_changed_and_the_answer_depends_on_nothing_else(case) -> None:
    before = copy.deepcopy(case[1])
    first = run(*case)
    assert case[1] == before
    assert orjson.dumps(run(*case)) == orjson.dumps(first)


@given(cases())
def test_minimising_again_changes_nothing(case) -> None:
    projection, _, released, strip = case
    left = run(*case)
    assert run(projection, left, released, strip) == left


@given(st.data())
def test_what_was_dropped_cannot_be_told_from_what_was_never_there(data: st.DataObject) -> None:
    projection = data.draw(st.sampled_from(DIRECTORY.projections))
    sections = DIRECTORY.categories[projection.category].sections
    released = frozenset(data.draw(st.sets(st.sampled_from(sections))))
    unreleased = data.draw(st.sets(st.sampled_from(sections))) - released
    strip = data.draw(st.booleans())

    def made(only: set[str] | frozenset[str]) -> bytes:
        document = make_sample(projection.category, DIRECTORY, CLIENT, AT, only=only, custodian="kela")
        return orjson.dumps(run(projection, document, released, strip))

    assert made(released | unreleased) == made(released)


@given(cases(), WORDS.filter(lambda word: len(word) > 6))
def test_no_word_of_a_dropped_section_is_released(case, secret: str) -> None:
    projection, document, released, strip = case
    layout = DIRECTORY.layouts[projection.category]
    mark = f"<<{secret}>>"
    resource = document_in(document)
    rules, contained = rules_of(layout), contained_of(resource)
    for element, rule in rules.elements.items():
        value = resource.get(element)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and not rule.names_only(item, released & rule.sections, contained):
                for one in _objects(item):
                    for key, inner in one.items():
                        if isinstance(inner, str) and key in (
                            "text",
                            "description",
                            "valueString",
                            "div",
                            "title",
                            "display",
                        ):
                            one[key] = mark
    assert mark not in orjson.dumps(run(projection, document, released, strip)).decode()
