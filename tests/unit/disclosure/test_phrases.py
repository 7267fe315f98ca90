"""The catalogues beside the accounts: a worker's, the remedies, the caveats, the labels; each code in each register."""

from __future__ import annotations

import pytest

from adapters.fhir.reading_view import LABELS
from gateway.directory.model import BASES, LANGUAGES
from gateway.disclosure.decision import REASONS
from gateway.disclosure.desk_view import OPEN
from gateway.disclosure.phrases import (
    ABOUT_REQUESTER,
    NOT_OPEN,
    REMEDIES,
    TOLD_TO_ALL,
    Eye,
    load_phrases,
)
from gateway.disclosure.rebuilding import CAVEATS


def test_a_worker_is_told_one_and_the_same_of_every_refusal_that_is_about_the_client() -> None:
    phrases = load_phrases()
    about_client = REASONS - ABOUT_REQUESTER - TOLD_TO_ALL
    assert {"prohibited", "no-consent", "withdrawn", "recipient-not-named", "not-found", "suspended"} <= about_client
    for language in LANGUAGES:
        assert len({phrases.explain(code, Eye.PROFESSIONAL, language) for code in about_client}) == 1
        assert len({phrases.remedy(code, Eye.PROFESSIONAL, language) for code in about_client}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_reason_has_a_remedy_for_each_eye_in_each_register(language: str) -> None:
    for eye in Eye:
        for code in REASONS | (BASES if eye is not Eye.PROFESSIONAL else set()):
            assert load_phrases().remedy(code, eye, language).strip()


def test_there_is_no_remedy_for_what_does_not_exist() -> None:
    assert set(REMEDIES) == REASONS | BASES
    for eye in (Eye.CLIENT, Eye.OFFICER):
        assert set(load_phrases().groups[f"remedies.{eye}"]) == set(REMEDIES.values())


OWN_CONSENTS = {"withdrawn", "unconfirmed", "spent", "expired", "not-yet-in-force"}
"""States of a service's own consents, which it is told of."""


def test_what_a_desk_may_say_has_its_words() -> None:
    codes = ABOUT_REQUESTER | TOLD_TO_ALL | OWN_CONSENTS | {OPEN, NOT_OPEN}
    for part in ("told", "remedy"):
        assert set(load_phrases().groups[f"professional.{part}"]) == codes
    for language in LANGUAGES:
        for code in codes:
            assert all(text.strip() for text in load_phrases().open_to(code, language))


def test_every_caveat_and_every_label_has_its_words() -> None:
    assert set(load_phrases().groups["caveats"]) == CAVEATS
    assert set(load_phrases().groups["labels"]) == set(LABELS.values()) | {"attachment"}


def test_each_basis_is_told_to_others_without_speaking_to_the_client() -> None:
    phrases = load_phrases()
    assert set(phrases.groups["bases.officer"]) == BASES
    assert "you" not in phrases.basis_told("consent", "en").split()
    assert phrases.basis_told("statutory", "sv", "189/2001 22 §").endswith("189/2001 22 §")


def test_a_sentence_for_others_takes_the_same_fields_in_each_register() -> None:
    for eye in (Eye.OFFICER, Eye.PROFESSIONAL):
        for code, texts in load_phrases().groups[f"explanations.{eye}"].items():
            assert all("{who}" in one for one in texts.values()), code
