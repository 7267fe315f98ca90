"""What makes easy Finnish hard: long sentences, words of the office, shortened words.

A program finds the worst only; an expert must read what it passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

MOST_WORDS: Final = 12
"""Words in a sentence; a list after a colon and what is filled in do not count as more than one."""

OFFICE: Final[Mapping[str, str]] = {
    "suostumu": "lupa", "luovut": "antaa, kertoa", "peruut": "perua", "rekisterinpitäj": "kuka säilyttää tiedot",
    "henkilötie": "tietosi", "käsittel": "käyttää", "toimivalta": "saa päättää",
    "asianosai": "ihminen, jota asia koskee",
    "tarkoituksenmuk": "hyvä", "edellyt": "pitää, täytyy", "toimenpi": "mitä tehdään", "mikäli": "jos",
    "koskev": "josta",
    "liittyv": "josta", "suoritt": "tehdä", "kyseise": "tämä", "mahdollist": "voi", "huolimatta": "vaikka",
    "voimassaoloai": "kuinka kauan", "vastaanottaj": "kuka saa", "hyväksy": "antaa luvan", "ilmoitu": "viesti",
    "menettel": "tapa", "toteut": "tehdä", "asianmuk": "oikea", "informo": "kertoa", "autenti": "kirjautua",
    "autorisoi": "lupa", "digitaali": "verkossa",
}  # fmt: skip
"""The beginning of a word, and what to say instead."""
_SHORTENED: Final = re.compile(r"\b(?:esim|mm|jne|ts|ko|ym|yms|ks|n|tms|em|ns)\.")
_FILLED: Final = re.compile(r"\{[^}]*\}|%\(\w+\)[sd]|\([^)]*\)")
_SENTENCE: Final = re.compile(r"[.!?:](?:\s+|$)")
_WORD: Final = re.compile(r"[A-Za-zÅÄÖåäöéü][\w-]*")


def hard(text: str) -> Iterator[str]:
    """Yield what is hard in an easy text, as sentences for its writer."""
    plain = _FILLED.sub("X", re.sub(r"<[^>]+>", " ", text))
    for sentence in _SENTENCE.split(plain):
        words = _WORD.findall(sentence)
        if len(words) > MOST_WORDS:
            yield f"{len(words)} words: {sentence.strip()}"
        for word in words:
            for beginning, instead in OFFICE.items():
                if word.lower().startswith(beginning):
                    yield f"`{word}` is a word of the office; say: {instead}"
    if found := _SHORTENED.search(plain):
        yield f"`{found[0]}` is shortened: write it out"
