"""The catalogues beside the accounts: a worker's, the remedies, the caveats, the labels; each code in each register."""

from __future__ import annotations

import re

import pytest

from adapters.fhir.reading_view import LABELS, ORGANISATION
from gateway.directory.model import BASES, LANGUAGES
from gateway.disclosure.decision import REASONS
from gateway.disclosure.desk_view import OPEN
from gateway.disclosure.phrases import (
    ABOUT_REQUESTER,
    KINDS,
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
    assert set(load_phrases().groups["labels"]) == set(LABELS.values()) | {ORGANISATION, "attachment"}


def test_each_basis_is_told_to_others_without_speaking_to_the_client() -> None:
    phrases = load_phrases()
    assert set(phrases.groups["bases.officer"]) == BASES
    assert "you" not in phrases.basis_told("consent", "en").split()
    assert phrases.basis_told("statutory", "sv", "189/2001 22 §").endswith("189/2001 22 §")


@pytest.mark.parametrize(
    ("language", "you"),
    [
        ("en", r"\b(?:you|yours?)\b"), ("sv", r"\b(?:du|dig|din|ditt|dina)\b"),
        ("fi", r"\b(?:olet|et|annoit|\w*(?:mukse|lupa|tieto|tietoja|kielto)si)\b"),
        ("fi-x-selko", r"\b(?:olet|et|annoit|\w*(?:mukse|lupa|tieto|tietoja|kielto)si)\b"),
    ],
)  # fmt: skip
def test_nothing_that_is_told_to_who_acts_for_the_client_says_you_of_the_client(language: str, you: str) -> None:
    phrases, said = load_phrases(), re.compile(you, re.IGNORECASE)
    assert any(said.search(phrases.explain(code, Eye.CLIENT, language)) for code in REASONS)
    for reason in REASONS:
        told = phrases.explain_for_another(reason, language)
        assert not said.search(told), (reason, told)
    for basis in BASES:
        for section in (None, "189/2001 22 §"):
            told = phrases.basis_for_another(basis, language, section)
            assert not said.search(told), (basis, told)
            assert ("189/2001 22 §" in told) is ("189/2001 22 §" in phrases.basis(basis, language, section))


def test_only_what_says_you_to_the_client_is_told_otherwise_to_who_acts_for_them() -> None:
    groups = load_phrases().groups
    assert set(groups["for_another.told"]) <= REASONS | BASES
    assert set(groups["for_another.section"]) == set(groups["for_another.told"]) & set(groups["bases.section"])


def test_a_sentence_for_others_takes_the_same_fields_in_each_register() -> None:
    for eye in (Eye.OFFICER, Eye.PROFESSIONAL):
        for code, texts in load_phrases().groups[f"explanations.{eye}"].items():
            assert all("{who}" in one for one in texts.values()), code


def test_each_kind_of_entry_has_easy_words_for_staff_and_each_deed_of_a_desk_speaks_to_its_worker() -> None:
    phrases = load_phrases()
    asked = "desk.lookup.mandate"
    assert set(phrases.groups["kinds-told"]) == KINDS | {asked}
    assert set(phrases.groups["deeds"]) <= KINDS | {asked}
    for texts in phrases.groups["deeds"].values():
        assert texts["en"].startswith("You ") and texts["sv"].startswith("Du ")
    assert phrases.deed("desk.lookup", "en", "mandate").startswith("You asked the register of mandates")
    assert phrases.deed("erasure", "sv") == phrases.kind_told("erasure", "sv")
