"""Names in the languages in which a client is spoken to, and whom a client may ask."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("fi", "fi-x-selko", "sv", "en")
"""The four registers in which a client is spoken to; `fi-x-selko` is easy Finnish."""


@dataclass(frozen=True, slots=True)
class LocalizedName:
    """A name in the three languages and, where it differs, in easy Finnish."""

    fi: str
    sv: str
    en: str
    easy: str | None = None

    def text(self, language: str, register: str = "plain") -> str:
        """Return the name in one of LANGUAGES; `fi` in register `easy` is `fi-x-selko`, else plain Finnish.

        An unknown language is a KeyError.
        """
        easy = language == "fi" and register == "easy"
        return {"fi": self.fi, "fi-x-selko": self.easy or self.fi, "sv": self.sv, "en": self.en}[
            "fi-x-selko" if easy else language
        ]


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a client may ask or withdraw by word."""

    name: str
    phone: str
    email: str
