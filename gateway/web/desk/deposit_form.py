"""Which documents a service may write by form, and what a form of one says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.fhir.composing import COMPOSABLE
from gateway.directory.model import Directory
from gateway.web.forms import Form

MAX_SECTION: Final = 4000


@dataclass(frozen=True, slots=True)
class Written:
    """What was typed: a text for each section, and the sensitivities added to it."""

    texts: Mapping[str, str]
    labels: Mapping[str, tuple[str, ...]]

    def missing(self, required: tuple[str, ...]) -> tuple[str, ...]:
        """Return the sections that the category needs and that were left empty."""
        return tuple(section for section in required if not self.texts.get(section))


def depositable(directory: Directory, service: str, at: datetime) -> tuple[str, ...]:
    """Return the categories that a service may write here: those that some flow lets it hand on."""
    row = directory.services[service]
    held = {flow.category for flow in directory.flows if row.kind in flow.custodians}
    return tuple(code for code in COMPOSABLE if code in held and directory.category(code, at) is not None)


def read_written(form: Form, sections: tuple[str, ...], directory: Directory) -> Written:
    """Return what a form says of these sections."""
    texts = {section: form.text(f"text-{section}", most=MAX_SECTION) for section in sections}
    labels = {
        section: tuple(code for code in directory.sensitivities if code in form.texts(f"labels-{section}"))
        for section in sections
    }
    return Written(texts, labels)
