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
    "mandate.ended audit.read subject.read mandate.read probe desk.lookup desk.report erasure key policy directory "
    "config log.start log.end".split()
)
"""Every kind of entry that the gateway writes (audit design, override 8)."""

_Texts = Mapping[str, str]

NOT_OPEN = "not-open"
ABOUT_REQUESTER = frozenset(
    "request-invalid requester-mismatch service-closed role-not-allowed assurance-too-low".split()
)
"""Reasons that are judged before any client is looked at: they tell a worker of the worker alone."""
TOLD_TO_ALL = frozenset({"engine-unavailable", "custodian-unavailable"})
"""Reasons that the answer itself tells (503)."""

REMEDIES: Mapping[str, str] = {
    **dict.fromkeys(ABOUT_REQUESTER, "report"),
    "suspended": "ask", "prohibited": "lift", "basis-not-applicable": "nothing", "unconfirmed": "confirm",
    **dict.fromkeys(
        ("succeeded", "recipient-not-named", "no-consent", "category-not-covered", "custodian-not-covered",
         "purpose-not-covered", "document-not-covered", "withdrawn", "spent", "expired", "sensitivity-not-covered"),
        "choose",
    ),
    **dict.fromkeys(("not-yet-in-force", "not-found", "facts-changed"), "nothing"),
    **dict.fromkeys(("permit-unfounded", "clock-untrusted", *TOLD_TO_ALL), "mended"),
    "consent": "withdraw", "consent-once": "withdraw", "own-data": "nothing",
    **dict.fromkeys(("disclosure-permit", "joint-service", "statutory", "processor"), "contest"),
}  # fmt: skip
"""What each reason, and each basis, calls for: a code of `remedies`."""


class Eye(StrEnum):
    """Who is told."""

    CLIENT = "client"
    PROFESSIONAL = "professional"
    OFFICER = "officer"


def told_to_worker(reason: str) -> str:
    """Return the code that a worker may be told of a refusal: all that tells of the client is one and the same."""
    return reason if reason in ABOUT_REQUESTER | TOLD_TO_ALL else NOT_OPEN


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
        """Return why a request was refused, in words for those eyes; a worker is told no more than may be told."""
        if eye is Eye.PROFESSIONAL:
            return self.text("professional.told", told_to_worker(reason), language)
        return self.text(f"reasons.{eye}", reason, language)

    def remedy(self, code: str, eye: Eye, language: str) -> str:
        """Return what those eyes can do next about a reason, or about a release on a basis."""
        if eye is Eye.PROFESSIONAL:
            return self.text("professional.remedy", told_to_worker(code), language)
        return self.text(f"remedies.{eye}", REMEDIES[code], language)

    def open_to(self, told: str, language: str) -> tuple[str, str]:
        """Return what a worker is told of a category (`desk_view`: `open`, `not-open` or a state of the service's own
        consents), and what to do."""
        return self.text("professional.told", told, language), self.text("professional.remedy", told, language)

    def basis(self, basis: str, language: str, section: str | None = None) -> str:
        """Return on which basis something was disclosed, with the section of law where one was cited."""
        by_section = self.groups["bases.section"]
        if section is not None and basis in by_section:
            return self.text("bases.section", basis, language).format(section=section)
        return self.text("bases.plain", basis, language)

    def explain_for_another(self, reason: str, language: str) -> str:
        """Return why a request was refused to who acts for the client: where the client's words say *you*, others."""
        group = f"reasons.{Eye.CLIENT}" if reason not in self.groups["for_another.told"] else "for_another.told"
        return self.text(group, reason, language)

    def basis_for_another(self, basis: str, language: str, section: str | None = None) -> str:
        """Return on which basis something is disclosed, in the same way to who acts for the client."""
        if basis not in self.groups["for_another.told"]:
            return self.basis(basis, language, section)
        if section is not None and basis in self.groups["for_another.section"]:
            return self.text("for_another.section", basis, language).format(section=section)
        return self.text("for_another.told", basis, language)

    def basis_told(self, basis: str, language: str, section: str | None = None) -> str:
        """Return the same to others than the client: the basis, and the section of law where one was cited."""
        told = self.text("bases.officer", basis, language)
        return told if section is None else f"{told}, {section}"

    def kind(self, kind: str, language: str) -> str:
        """Return what a kind of entry is called."""
        return self.text("kinds", kind, language)

    def kind_told(self, kind: str, language: str, asks: object = None) -> str:
        """Return the same to staff, whom no text calls *you*. *asks* is what the entry says that was asked, if it does:
        a look-up that asked the register of mandates is told as one."""
        told = self.groups["kinds-told"]
        text = told.get(f"{kind}.{asks}", told.get(kind, {})).get(language)
        return self.text("kinds", kind, language) if text is None else text

    def deed(self, kind: str, language: str, asks: object = None) -> str:
        """Return what the worker who made an entry did, told to them."""
        deeds = self.groups["deeds"]
        code = f"{kind}.{asks}" if f"{kind}.{asks}" in deeds else kind
        return self.text("deeds", code, language) if code in deeds else self.kind_told(kind, language, asks)


def explain(reason: str, eye: Eye, language: str) -> str:
    """Return why a request was refused, in words for those eyes, from the shipped catalogue."""
    return load_phrases().explain(reason, eye, language)


_FILES: Mapping[str, bool] = {
    "reasons": True, "bases": True, "professional": True, "remedies": True, "explanations": True, "cells": True,
    "for_another": True,
    "kinds": False, "words": False, "accounts": False, "concerns": False, "caveats": False, "labels": False,
    "kinds-told": False, "deeds": False,
}  # fmt: skip
"""The catalogues, and whether their rows have parts."""
_BESIDE = frozenset({"kinds-told"})
"""The catalogues that stand beside another one: in the languages that they leave out, the other one's text is told."""


@cache
def load_phrases(folder: Path = LOCALE) -> Phrases:
    """Return the catalogues of *folder*; raises BrokenCatalogue with every fault."""
    faults: list[str] = []
    groups: dict[str, dict[str, _Texts]] = {}
    for name, parts in _FILES.items():
        content, found = read_yaml(folder / f"{name}.yaml")
        faults += found.found
        for code, row in content.items():
            for part, texts in _parts(row, parts=parts):
                group = f"{name}.{part}" if parts else name
                required = {EASY} if name in _BESIDE else set(LANGUAGES) - ({EASY} if part == Eye.OFFICER else set())
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
