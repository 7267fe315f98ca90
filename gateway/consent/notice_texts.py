"""The words of notices, in four registers: that there is something new, or a one-time code, and nothing of either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from gateway.consent.person import Person
from gateway.consent.placeholders import fill, placeholders
from gateway.directory.model import LANGUAGES
from gateway.directory.source import read_yaml
from gateway.errors import DirectoryError

EASY = "fi-x-selko"
"""Easy Finnish: the language `fi` in the register `easy`."""
TEXTS = Path(__file__).with_name("locale") / "notices.yaml"
_MAY_NAME: Mapping[str, frozenset[str]] = {
    "news.subject": frozenset(), "news.text": frozenset({"address"}),
    "code.subject": frozenset(), "code.text": frozenset({"code"}),
}  # fmt: skip
"""What each text must name, and may name nothing beside: a catalogue cannot make a notice tell more."""


class BrokenNotices(DirectoryError):
    """The catalogue of notices is not whole, or tells what it may not; the start stops here."""


@dataclass(frozen=True, slots=True)
class NoticeTexts:
    """The catalogue, and the one address that notices name."""

    texts: Mapping[str, Mapping[str, str]]
    address: str

    def news(self, language: str) -> tuple[str, str]:
        """Return subject and text that say there is something new."""
        return self.texts["news.subject"][language], fill(self.texts["news.text"][language], {"address": self.address})

    def code(self, language: str, code: str) -> tuple[str, str]:
        """Return subject and text of a one-time code."""
        return self.texts["code.subject"][language], fill(self.texts["code.text"][language], {"code": code})


def language_of(person: Person) -> str:
    """Return in which of the four registers a person is written to."""
    if (person.language, person.register) == ("fi", "easy"):
        return EASY
    return person.language if person.language in LANGUAGES else "fi"


@cache
def load_notice_texts(address: str, file: Path = TEXTS) -> NoticeTexts:
    """Return the catalogue for a gateway at *address*; raises BrokenNotices with every fault."""
    content, found = read_yaml(file)
    faults = list(found.found)
    texts: dict[str, Mapping[str, str]] = {}
    for code, named in _MAY_NAME.items():
        row = content.pop(code, None)
        if not isinstance(row, dict) or set(row) != set(LANGUAGES):
            faults.append(f"{file.name}: {code}: a text is missing in one of the languages")
            continue
        told = {language: str(text) for language, text in row.items()}
        faults += [
            f"{file.name}: {code}: {language}: names {sorted(placeholders(text))} and must name {sorted(named)}"
            for language, text in told.items()
            if placeholders(text) != named
        ]
        texts[code] = MappingProxyType(told)
    faults += [f"{file.name}: {code}: is none of the notices" for code in content]
    if faults:
        raise BrokenNotices("the catalogue of notices has faults:\n" + "\n".join(faults))
    return NoticeTexts(MappingProxyType(texts), address)
