"""The easy Finnish texts keep the first rules of easy language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.demo.world import load_world
from gateway.directory.names import LANGUAGES
from gateway.disclosure.phrases import load_phrases
from tests.web.catalogues import FOLDER, catalogue
from tests.web.easy_finnish import MOST_WORDS, hard


def easy_texts() -> Iterator[tuple[str, str]]:
    """Yield every text of easy Finnish with its place."""
    for file in sorted((FOLDER / "fi_SIMPLE").glob("*.po")):
        for entry in catalogue("fi_SIMPLE", file.stem):
            if entry.id and entry.string:
                yield f"{file.stem}: {entry.id}", str(entry.string)
    for group, codes in load_phrases().groups.items():
        for code, texts in codes.items():
            if LANGUAGES[1] in texts:
                yield f"{group}: {code}", texts[LANGUAGES[1]]
    for group, names in load_world().directory.names.items():
        for code, name in names.items():
            if name.easy:
                yield f"name of {group}: {code}", name.easy


def test_easy_texts_have_short_sentences_and_no_words_of_the_office() -> None:
    faults = [f"{place}: {one}" for place, text in easy_texts() for one in hard(text)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("yksi " * (MOST_WORDS + 1), "13 words"),
        ("Suostumuksesi loppuu.", "lupa"),
        ("Esim. tämä.".lower(), "write it out"),
    ],
)
def test_hard_texts_are_found(text: str, says: str) -> None:
    assert any(says in one for one in hard(text))


def test_easy_text_passes_and_what_is_filled_in_is_one_word() -> None:
    assert not list(hard("Sinä annoit luvan. Lupa loppuu {day} ja sen jälkeen {who} ei näe tietojasi."))
