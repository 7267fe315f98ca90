"""Documents composed of typed text: they are taken in as any partner's, and hold what was typed as text alone."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.fhir.composing import COMPOSABLE, compose
from adapters.fhir.intake import parse_document
from adapters.fhir.reading_view import reading_view
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.disclosure.reading_view import SectionView
from gateway.errors import BodyInvalid
from tests.laws.gateway_world import demo_world

DIRECTORY = demo_world().directory
CLIENT = Identifier.personal(PersonalIdentityCode.parse("140395-9022"))
AT = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def typed_in(section: SectionView) -> list[str]:
    """The lines of a section without those that say who it comes from, which carry a label."""
    return [line.text for line in section.lines if line.label not in ("who", "organisation")]


@pytest.mark.parametrize("category", COMPOSABLE)
def test_every_section_is_taken_in_and_read_as_it_was_typed(category: str) -> None:
    row = DIRECTORY.categories[category]
    texts = {section: f"{section}: <b>a</b> & c\nsecond line" for section in row.sections}
    resource, body = compose(category, DIRECTORY, CLIENT, "sote-keskus", AT, texts, {})
    accepted = parse_document(resource, body, DIRECTORY)
    assert accepted.category == category and accepted.identifier == CLIENT and accepted.dated == AT
    assert set(accepted.sections) == set(row.sections)
    view = reading_view(body, DIRECTORY.layouts[category])
    assert {one.code: "\n".join(typed_in(one)) for one in view.sections} == texts


@pytest.mark.parametrize("category", COMPOSABLE)
def test_required_sections_are_enough_and_without_one_it_is_refused(category: str) -> None:
    required = DIRECTORY.layouts[category].required
    texts = dict.fromkeys(required, "text")
    resource, body = compose(category, DIRECTORY, CLIENT, "sote-keskus", AT, texts, {})
    assert set(parse_document(resource, body, DIRECTORY).sections) == set(required)
    resource, body = compose(category, DIRECTORY, CLIENT, "sote-keskus", AT, {**texts, required[0]: "  "}, {})
    with pytest.raises(BodyInvalid):
        parse_document(resource, body, DIRECTORY)


@pytest.mark.parametrize("category", COMPOSABLE)
def test_labels_are_added_to_their_sections_and_to_no_section_that_is_not_there(category: str) -> None:
    row = DIRECTORY.categories[category]
    texts = dict.fromkeys(DIRECTORY.layouts[category].required, "text")
    labels = dict.fromkeys(row.sections, ("mental-health", "substance-use"))
    resource, body = compose(category, DIRECTORY, CLIENT, "sote-keskus", AT, texts, labels)
    for section, found in parse_document(resource, body, DIRECTORY).sections.items():
        assert found == DIRECTORY.nature(category, section) | {"mental-health", "substance-use"}


TYPED = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")), max_size=60)


@settings(max_examples=40, deadline=None)
@given(text=TYPED, category=st.sampled_from(COMPOSABLE))
def test_whatever_is_typed_is_text_or_the_document_is_refused(text: str, category: str) -> None:
    texts = dict.fromkeys(DIRECTORY.layouts[category].required, f"typed {text}")
    resource, body = compose(category, DIRECTORY, CLIENT, "sote-keskus", AT, texts, {})
    try:
        parse_document(resource, body, DIRECTORY)
    except BodyInvalid:
        return
    view = reading_view(body, DIRECTORY.layouts[category])
    for section in view.sections:
        assert " ".join(" ".join(typed_in(section)).split()) == " ".join(f"typed {text}".split())


def test_two_documents_composed_at_the_same_instant_have_names_of_their_own() -> None:
    texts = dict.fromkeys(DIRECTORY.layouts["health-check-feedback"].required, "text")
    first, second = (
        orjson.loads(compose("health-check-feedback", DIRECTORY, CLIENT, "terveystarkastus", AT, texts, {})[1])
        for _ in range(2)
    )
    assert first["identifier"]["value"] != second["identifier"]["value"]
