"""Which section each part of a document belongs to, read off its layout. Pure: documents are parsed JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.directory.layout import (
    SECTION_EXTENSION,
    SECTION_SYSTEM,
    CodedItems,
    ContainedItems,
    ExtendedItems,
    ItemsWithin,
    Layout,
    WholeElement,
)

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Document: TypeAlias = "dict[str, Json]"

_NOTHING: frozenset[str] = frozenset()


@dataclass(slots=True)
class Rule:
    """How one element is shared out among sections: as a whole, or item by item."""

    whole: str | None = None
    codes: list[tuple[str, ...]] = field(default_factory=list)
    extended: bool = False
    contained: list[tuple[str, tuple[str, ...] | None, str]] = field(default_factory=list)
    sections: set[str] = field(default_factory=set)
    """The sections that an item of this element may name."""

    def named_by(self, item: Json, contained: Mapping[str, Document]) -> frozenset[str] | set[str]:
        """Return every section code that the item names, known here or not; nothing where it names none."""
        if self.whole is not None:
            return {self.whole}
        found: set[str] = set()
        for path in self.codes:
            _codes_at(item, path, found)
        if not isinstance(item, dict):
            return found
        if self.extended and isinstance(extensions := item.get("extension"), list):
            for extension in extensions:
                if isinstance(extension, dict) and extension.get("url") == SECTION_EXTENSION:
                    found.add(str(extension.get("valueCode")))
        if self.contained:
            resource = contained.get(target) if (target := contained_target(item)) is not None else None
            for kind, at, section in self.contained:
                if resource is None or resource.get("resourceType") != kind:
                    continue
                if at is None:
                    found.add(section)
                else:
                    _codes_at(resource, at, found)
        return found

    def names_only(self, item: Json, allowed: frozenset[str], contained: Mapping[str, Document]) -> bool:
        """Return whether the item names at least one section, and none that is not among the *allowed*."""
        named = self.named_by(item, contained)
        return bool(named) and named <= allowed


@dataclass(frozen=True, slots=True)
class Rules:
    """A layout turned about: from the elements of a document to the sections that own them."""

    frame: frozenset[str]
    elements: Mapping[str, Rule]
    within: Mapping[str, Mapping[str, Rule]]
    """Type of a contained resource -> its element -> rule."""


@dataclass(frozen=True, slots=True)
class Part:
    """An item or whole element that a section may own: where it lies, where it says so, which sections it names."""

    path: str
    told_at: str
    named: frozenset[str]
    allowed: frozenset[str]


_rules: dict[int, tuple[Layout, Rules]] = {}


def rules_of(layout: Layout) -> Rules:
    """Return the rules of a layout; those of one and the same layout are made once."""
    known = _rules.get(id(layout))
    # The layout is kept with its rules, so an equal id is the same object as long as they are here.
    if known is None:
        if len(_rules) >= 512:
            _rules.clear()
        known = _rules[id(layout)] = (layout, _make_rules(layout))
    return known[1]


def _make_rules(layout: Layout) -> Rules:
    elements: dict[str, Rule] = {}
    within: dict[str, dict[str, Rule]] = {}
    for section, selectors in layout.sections.items():
        for selector in selectors:
            if isinstance(selector, ItemsWithin):
                rule = within.setdefault(selector.within, {}).setdefault(selector.element, Rule())
            else:
                rule = elements.setdefault(selector.element, Rule())
            rule.sections.add(section)
            match selector:
                case WholeElement():
                    rule.whole = section
                case CodedItems(_, code) | ItemsWithin(_, _, code):
                    if (path := tuple(code.split("."))) not in rule.codes:
                        rule.codes.append(path)
                case ContainedItems(_, kind, at):
                    told = None if at is None else tuple(at.split("."))
                    if told is None or not any(kind == other and told == path for other, path, _ in rule.contained):
                        rule.contained.append((kind, told, section))
                case ExtendedItems():
                    rule.extended = True
    return Rules(frozenset(layout.frame), elements, within)


def contained_of(document: Document) -> dict[str, Document]:
    """Return the contained resources by their id; of two with one id, the first."""
    found: dict[str, Document] = {}
    if isinstance(resources := document.get("contained"), list):
        for resource in resources:
            if isinstance(resource, dict) and isinstance(name := resource.get("id"), str):
                found.setdefault(name, resource)
    return found


def contained_target(reference: Json) -> str | None:
    """Return the id of the contained resource that a reference points to."""
    if isinstance(reference, dict) and isinstance(target := reference.get("reference"), str) and len(target) > 1:
        return target[1:] if target[0] == "#" else None
    return None


def parts(document: Document, layout: Layout) -> Iterator[Part]:
    """Go through everything in the document that a section may own."""
    rules, contained = rules_of(layout), contained_of(document)
    for element, rule in rules.elements.items():
        if element in document:
            yield from _parts_of(element, document[element], rule, contained)
    resources = document.get("contained")
    for index, resource in enumerate(resources if isinstance(resources, list) else ()):
        if isinstance(resource, dict) and (inner := rules.within.get(str(resource.get("resourceType")))) is not None:
            for element, rule in inner.items():
                if element in resource:
                    yield from _parts_of(f"contained[{index}].{element}", resource[element], rule, contained)


def sections_in(document: Document, layout: Layout) -> set[str]:
    """Return the sections that a document holds: those that one of its parts names, and may name there."""
    return {section for part in parts(document, layout) for section in part.named & part.allowed}


def holds_a_section(document: Document, layout: Layout) -> bool:
    """Return whether any part of the document belongs to a section."""
    return any(part.named & part.allowed for part in parts(document, layout))


def _parts_of(path: str, value: Json, rule: Rule, contained: Mapping[str, Document]) -> Iterator[Part]:
    if rule.whole is not None:
        yield Part(path, path, frozenset({rule.whole}), frozenset(rule.sections))
        return
    many = isinstance(value, list)
    for index, item in enumerate(value if isinstance(value, list) else (value,)):
        where = f"{path}[{index}]" if many else path
        told = where
        if rule.codes:
            told = f"{where}.{'.'.join(rule.codes[0])}"
        elif rule.extended:
            told = f"{where}.extension"
        yield Part(where, told, frozenset(rule.named_by(item, contained)), frozenset(rule.sections))


def _codes_at(value: Json, path: tuple[str, ...], found: set[str]) -> None:
    for depth, step in enumerate(path):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list):
            for item in value:
                _codes_at(item, path[depth:], found)
            return
        else:
            return
    for concept in value if isinstance(value, list) else (value,):
        if isinstance(concept, dict) and isinstance(codings := concept.get("coding"), list):
            for coding in codings:
                if isinstance(coding, dict) and coding.get("system") == SECTION_SYSTEM:
                    found.add(str(coding.get("code")))
