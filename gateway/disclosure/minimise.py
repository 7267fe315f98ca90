"""Projections and obligations applied to documents: a new resource built from what the permit names. Pure.

Nothing is deleted from the document. A new one is built from the allow-lists: an element must belong to the layout's
frame or to a released section, and a field of the projection must name it. So what was dropped cannot be told from what
was never there: contained resources are numbered anew, and references to dropped ones go with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.directory.layout import Layout, Projection
from gateway.disclosure.cut import NEVER, Cut, Fields, nameable
from gateway.disclosure.places import CONTACT_SECTION
from gateway.disclosure.sections import Document, Json, Rule, contained_of, contained_target, rules_of


@dataclass(frozen=True, slots=True)
class _Choice:
    """What may go of one element: which items, by the sections that they name, and which fields of those."""

    rule: Rule | None
    """None where every item goes."""
    allowed: frozenset[str]
    fields: Fields | None
    marked: bool
    refers: bool
    """Whether the items rest on contained resources."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What may go under one projection and one set of sections. An element that has no choice here never goes.

    Layout and projection are held so that their identity stays theirs.
    """

    layout: Layout
    projection: Projection
    elements: Mapping[str, _Choice]
    contained: Mapping[str, Fields]
    """Type of a contained resource -> its fields."""
    within: Mapping[str, Mapping[str, _Choice | None]]
    """Type of a contained resource that holds items -> its element that is chosen from; None where nothing goes."""


def minimise(
    document: Document, layout: Layout, projection: Projection, released: frozenset[str], strip_location: bool = False
) -> Document:
    """Return a new resource that holds what the permit names and nothing else.

    *released* are the permit's sections. No id, meta, narrative of a resource, identifier of a person, extension or
    label is kept, save the section's own mark on an item that has no other; `adapters.fhir.release` adds what a
    resource needs. With *strip_location* the section `contact` is not released, elements that say places are dropped
    everywhere and marks of places in text are masked; an attachment that is not plain text cannot be cleaned and is
    dropped.

    The document must have been accepted (`adapters.fhir.intake`); of a document Bundle, its Composition is meant. It is
    not changed.
    """
    document = document_in(document)
    # 1. What may go: the sections, and the fields of layout and projection.
    plan = _plan(layout, projection, released - {CONTACT_SECTION} if strip_location else released, strip_location)
    contained = contained_of(document) if "contained" in document else {}

    # 2. Choose top-level elements and items by section.
    chosen: list[tuple[str, Json, _Choice]] = []
    wanted: set[str] = set()
    for element, value in document.items():
        choice = plan.elements.get(element)
        if choice is None:
            continue
        if choice.rule is not None:
            value = _choose(value, choice.rule, choice.allowed, contained)
            if value is None:
                continue
        if choice.refers:
            wanted.update(_targets(value))
        chosen.append((element, value, choice))

    # 3. Choose contained resources: those that chosen items rest on, and those that hold chosen items.
    kept = _choose_contained(wanted, plan, contained) if contained else {}
    numbers: dict[str, int] = {}
    names: dict[str, str] = {}
    for name, resource in kept.items():
        kind = str(resource["resourceType"]).lower()
        numbers[kind] = numbers.get(kind, 0) + 1
        names[name] = f"{kind}-{numbers[kind]}"

    # 4. Build the new resource.
    cut = Cut(names, strip_location)
    new: Document = {"resourceType": document["resourceType"]}
    built: list[Json] = []
    for name, resource in kept.items():
        kind = str(resource["resourceType"])
        inner = cut.object(resource, plan.contained[kind])
        built.append({} if inner is None else {"resourceType": kind, "id": names[name], **inner})
    if built:
        new["contained"] = built
    for element, value, choice in chosen:
        left = cut.marked(value, choice.fields) if choice.marked else cut.named(value, choice.fields)
        if left is not None:
            new[element] = left
    return new


def document_in(content: Document) -> Document:
    """Return the document that accepted content holds: of a document Bundle its Composition, else the resource."""
    if content["resourceType"] != "Bundle":
        return content
    entries = content["entry"]
    entry = entries[0] if isinstance(entries, list) else None
    resource = entry["resource"] if isinstance(entry, dict) else None
    if not isinstance(resource, dict):
        raise ValueError("a document Bundle was stored without its Composition")
    return resource


_plans: dict[tuple[int, int, frozenset[str], bool], _Plan] = {}


def _plan(layout: Layout, projection: Projection, sections: frozenset[str], strip: bool) -> _Plan:
    key = (id(layout), id(projection), sections, strip)
    plan = _plans.get(key)
    # A plan keeps its layout and projection alive, so an equal id is the same object as long as the plan is here.
    if plan is None:
        if len(_plans) >= 512:
            _plans.clear()
        plan = _plans[key] = _make_plan(layout, projection, sections, strip)
    return plan


def _make_plan(layout: Layout, projection: Projection, sections: frozenset[str], strip: bool) -> _Plan:
    top: Fields = {}
    contained: dict[str, Fields] = {}
    for dotted in projection.fields:
        steps = dotted.split(".")
        if steps[0] == "contained":
            if len(steps) > 2:
                _name(contained.setdefault(steps[1], {}), steps[2:])
        else:
            _name(top, steps)
    for fields in (top, *contained.values()):
        for never in (*NEVER - {"section"}, "resourceType", "identifier", "text"):
            fields.pop(never, None)
    rules = rules_of(layout)
    elements: dict[str, _Choice] = {}
    for element, below in top.items():
        fields_below = None if below is None else nameable(below, strip)
        if (rule := rules.elements.get(element)) is not None:
            if (choice := _choice(rule, sections, fields_below)) is not None:
                elements[element] = choice
        elif element in rules.frame:
            elements[element] = _Choice(None, sections, fields_below, marked=False, refers=False)
    return _Plan(
        layout,
        projection,
        elements,
        {kind: nameable(fields, strip) for kind, fields in contained.items()},
        {
            kind: {element: _choice(rule, sections, None) for element, rule in inner.items()}
            for kind, inner in rules.within.items()
        },
    )


def _choice(rule: Rule, sections: frozenset[str], fields: Fields | None) -> _Choice | None:
    """Return what may go by the rule when *sections* are released, None for nothing."""
    allowed = sections & rule.sections if rule.whole is None else sections & {rule.whole}
    if not allowed:
        return None
    return _Choice(rule if rule.whole is None else None, allowed, fields, rule.extended, bool(rule.contained))


def _name(fields: Fields, steps: list[str]) -> None:
    """Name a path in *fields*; a path above another one names all below it."""
    for step in steps[:-1]:
        inner = fields.setdefault(step, {})
        if inner is None:
            return
        fields = inner
    fields[steps[-1]] = None


def _choose(value: Json, rule: Rule, allowed: frozenset[str], contained: Mapping[str, Document]) -> Json:
    if isinstance(value, list):
        return [item for item in value if rule.names_only(item, allowed, contained)] or None
    return value if rule.names_only(value, allowed, contained) else None


def _targets(value: Json) -> Iterator[str]:
    for item in value if isinstance(value, list) else (value,):
        if (target := contained_target(item)) is not None:
            yield target


def _choose_contained(wanted: set[str], plan: _Plan, contained: Mapping[str, Document]) -> dict[str, Document]:
    kept: dict[str, Document] = {}
    for name, resource in contained.items():
        kind = str(resource.get("resourceType"))
        if kind not in plan.contained:
            continue
        inner = plan.within.get(kind)
        if inner is None:
            if name in wanted:
                kept[name] = resource
            continue
        left: Document = {}
        held = False
        for element, value in resource.items():
            if element in inner:
                choice = inner[element]
                if choice is None:
                    continue
                if choice.rule is not None:
                    value = _choose(value, choice.rule, choice.allowed, contained)
                if value is None:
                    continue
                held = True
            left[element] = value
        if held:
            kept[name] = left
    return kept
