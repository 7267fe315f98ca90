"""The sentences in which decisions and entries are told: by code, in four registers, never from free text.

The catalogues are the YAML files of `locale/`; a test holds each of them to the closed lists of codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from gateway.directory.model import LANGUAGES
from gateway.directory.source import Plain, read_yaml
from gateway.errors import DirectoryError

LOCALE = Path(__file__).with_name("locale")
EASY = "fi-x-selko"

KINDS = frozenset(
    "decision disclosure search deposit custodian.read consent.requested consent.given consent.confirmed "
    "consent.refused consent.deferred consent.changed consent.withdrawn consent.expired consent.spent "
    "prohibition.given prohibition.lifted relation.recorded relation.ended relation.contested client.suspended "
    "client.marked client.notices concern.raised concern.answered partner.added partner.changed partner.suspended "
    "mandate.ended audit.read subject.read erasure key policy directory config log.start log.end".split()
)
"""Every kind of entry that the gateway writes (audit design, override 8)."""

_Texts = Mapping[str, str]


class Eye(StrEnum):
    """Who is told."""

    CLIENT = "client"
    OFFICER = "officer"


class BrokenCatalogue(DirectoryError):
    """A catalogue of sentences is not whole; the start stops here."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The catalogues: group -> code -> language -> text. An unknown code is a KeyError."""

    groups: Mapping[str, Mapping[str, _Texts]]

    def text(self, group: str, code: str, language: str) -> str:
        """Return a text in one of the four registers; where there is no easy Finnish of its own, in plain Finnish."""
        texts = self.groups[group][code]
        return texts["fi"] if language == EASY and EASY not in texts else texts[language]

    def explain(self, reason: str, eye: Eye, language: str) -> str:
        """Return why a request was refused, in words for those eyes."""
        return self.text(f"reasons.{eye}", reason, language)

    def basis(self, basis: str, language: str, section: str | None = None) -> str:
        """Return on which basis something was disclosed, with the section of law where one was cited."""
        by_section = self.groups["bases.section"]
        if section is not None and basis in by_section:
            return self.text("bases.section", basis, language).format(section=section)
        return self.text("bases.plain", basis, language)

    def kind(self, kind: str, language: str) -> str:
        """Return what a kind of entry is called."""
        return self.text("kinds", kind, language)


def explain(reason: str, eye: Eye, language: str) -> str:
    """Return why a request was refused, in words for those eyes, from the shipped catalogue."""
    return load_phrases().explain(reason, eye, language)


@cache
def load_phrases(folder: Path = LOCALE) -> Phrases:
    """Return the catalogues of *folder*; raises BrokenCatalogue with every fault."""
    faults: list[str] = []
    groups: dict[str, dict[str, _Texts]] = {}
    for name, parts in (("reasons", True), ("bases", True), ("kinds", False), ("words", False), ("accounts", False)):
        content, found = read_yaml(folder / f"{name}.yaml")
        faults += found.found
        for code, row in content.items():
            for part, texts in _parts(row, parts=parts):
                group = f"{name}.{part}" if parts else name
                required = set(LANGUAGES) - ({EASY} if part == Eye.OFFICER else set())
                if not isinstance(texts, dict) or not required <= set(texts) <= set(LANGUAGES):
                    faults.append(f"{name}.yaml: {code}: a text is missing in one of the languages")
                    continue
                if not all(isinstance(one, str) and one.strip() for one in texts.values()):
                    faults.append(f"{name}.yaml: {code}: a text is empty")
                    continue
                groups.setdefault(group, {})[code] = {language: str(one) for language, one in texts.items()}
    if faults:
        raise BrokenCatalogue("the catalogues of sentences have faults:\n" + "\n".join(faults))
    return Phrases(MappingProxyType(groups))


def _parts(row: Plain, *, parts: bool) -> list[tuple[str, Plain]]:
    if not parts:
        return [("", row)]
    return list(row.items()) if isinstance(row, dict) else [("", None)]
