"""Where each section of a document category lies in its FHIR resource, and which fields each kind of recipient gets.

A category is data, not code: these values name elements, they know nothing of FHIR types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.directory.period import ALWAYS, Period

SECTION_SYSTEM = "https://saattaen.example/fhir/CodeSystem/section"
"""The coding system in which an item of a resource says which section it belongs to."""
SECTION_EXTENSION = "https://saattaen.example/fhir/StructureDefinition/section"
"""The extension (valueCode) that says the same where an element has no CodeableConcept."""
NEVER_NAMED = frozenset(
    {"extension", "modifierExtension", "identifier", "meta", "implicitRules", "addresses", "address", "telecom"}
)
"""Element names that no projection may hold, at any depth; neither may it name a resource's own narrative (`text`)."""


@dataclass(frozen=True, slots=True)
class WholeElement:
    """The whole top-level element belongs to the section: `{element: NAME}`."""

    element: str


@dataclass(frozen=True, slots=True)
class CodedItems:
    """Those items of a top-level element whose CodeableConcept at *code* carries the section's code.

    *code* is a dotted path within the item. `{element: NAME, code: PATH}`.
    """

    element: str
    code: str


@dataclass(frozen=True, slots=True)
class ContainedItems:
    """Those references `#id` in a top-level element that point to a contained resource of type *contained*.

    With *code*, only where the contained resource's CodeableConcept at that path carries the section's code; without,
    all of them. Both the reference and the contained resource belong to the section.
    `{element: NAME, contained: TYPE, code: PATH}`.
    """

    element: str
    contained: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class ItemsWithin:
    """Those items of *element* inside contained resources of type *within* whose CodeableConcept at *code* has it.

    `{within: Task, element: input, code: type}`; the contained Task's focus is the resource itself (`#`).
    """

    within: str
    element: str
    code: str


@dataclass(frozen=True, slots=True)
class ExtendedItems:
    """Those items of a top-level element that carry SECTION_EXTENSION with the section's code.

    `{element: NAME, extension: true}`.
    """

    element: str


Selector: TypeAlias = WholeElement | CodedItems | ContainedItems | ItemsWithin | ExtendedItems


@dataclass(frozen=True, slots=True)
class Layout:
    """One category's way to lie in its FHIR R4 resource.

    *frame* names the elements that belong to no section and go with every permit (cut by the projection); *dated* is
    the element with the document's own date and *subject* the one with its client; *required* are the sections that a
    deposit must have. *sections* has a row for every section of the category.
    """

    category: str
    resource: str
    profile: str
    dated: str
    subject: str
    frame: tuple[str, ...]
    required: tuple[str, ...]
    sections: Mapping[str, tuple[Selector, ...]]


@dataclass(frozen=True, slots=True)
class Projection:
    """The fields of a category that the kinds of recipient *to* may be given: an allow-list of dotted element paths.

    A path names an element and everything below it, save what no list may name (NEVER_NAMED); of the extensions only
    SECTION_EXTENSION stays, on an item that stays. `contained.TYPE.PATH` names a field of a contained resource. What
    any resource needs to be one (resourceType, id) is not listed. Id and version are logged with each release.
    """

    id: str
    version: int
    category: str
    to: frozenset[str]
    fields: tuple[str, ...]
    period: Period = ALWAYS
