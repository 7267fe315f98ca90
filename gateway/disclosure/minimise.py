"""Projections and obligations applied to documents: a new resource built from what the permit names. Pure.

Nothing is deleted from the document. A new one is built from the allow-lists: an element must belong to the layout's
frame or to a released section, and a field of the projection must name it. So what was dropped cannot be told from what
was never there: contained resources are numbered anew, and references to dropped ones go with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.directory.layout import Layout, Projection
from gateway.disclosure.cut import NEVER, Cut, Fields, says_something
from gateway.disclosure.places import CONTACT_SECTION
from gateway.disclosure.sections import Document, Json, Rule, Rules, contained_of, contained_target, rules_of


@dataclass(frozen=True, slots=True)
class _Plan:
    """A layout and a projection made ready for use; both are held so that their identity stays theirs."""

    layout: Layout
    projection: Projection
    rules: Rules
    fields: Fields
    contained: dict[str, Fields]


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
    plan = _plan(layout, projection)
    sections = released - {CONTACT_SECTION} if strip_location else released
    contained = contained_of(document) if "contained" in document else {}

    # 2. Choose top-level elements and items by section.
    chosen: Document = {}
    rules, fields = plan.rules.elements, plan.fields
    for element, value in document.items():
        if element not in fields:
            continue
        rule = rules.get(element)
        if rule is not None:
            value = _choose(value, rule, sections, contained)
            if value is None:
                continue
        elif element not in plan.rules.frame:
            continue
        chosen[element] = value

    # 3. Choose contained resources: those that chosen items rest on, and those that hold chosen items.
    kept = _choose_contained(chosen, plan, sections, contained)
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
        inner = cut.named(resource, plan.contained[kind])
        built.append({"resourceType": kind, "id": names[name], **inner} if isinstance(inner, dict) else {})
    if built:
        new["contained"] = built
    for element, value in chosen.items():
        rule = rules.get(element)
        kept_value = (
            cut.marked(value, fields[element])
            if rule is not None and rule.extended
            else cut.named(value, fields[element])
        )
        if says_something(kept_value):
            new[element] = kept_value
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


_plans: dict[tuple[int, int], _Plan] = {}


def _plan(layout: Layout, projection: Projection) -> _Plan:
    key = (id(layout), id(projection))
    plan = _plans.get(key)
    # A plan keeps its layout and projection alive, so an equal id is the same object as long as the plan is here.
    if plan is None:
        if len(_plans) >= 512:
            _plans.clear()
        plan = _plans[key] = _make_plan(layout, projection)
    return plan


def _make_plan(layout: Layout, projection: Projection) -> _Plan:
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
    return _Plan(layout, projection, rules_of(layout), top, contained)


def _name(fields: Fields, steps: list[str]) -> None:
    """Name a path in *fields*; a path above another one names all below it."""
    for step in steps[:-1]:
        inner = fields.setdefault(step, {})
        if inner is None:
            return
        fields = inner
    fields[steps[-1]] = None


def _choose(value: Json, rule: Rule, sections: frozenset[str], contained: dict[str, Document]) -> Json:
    if rule.whole is not None:
        return value if rule.whole in sections else None
    if isinstance(value, list):
        return [item for item in value if rule.is_released(item, sections, contained)] or None
    return value if rule.is_released(value, sections, contained) else None


def _choose_contained(
    chosen: Document, plan: _Plan, sections: frozenset[str], contained: dict[str, Document]
) -> dict[str, Document]:
    if not contained:
        return {}
    wanted: set[str] = set()
    for element, rule in plan.rules.elements.items():
        if rule.contained and element in chosen:
            value = chosen[element]
            for item in value if isinstance(value, list) else (value,):
                if (target := contained_target(item)) is not None:
                    wanted.add(target)
    kept: dict[str, Document] = {}
    for name, resource in contained.items():
        kind = str(resource.get("resourceType"))
        if kind not in plan.contained:
            continue
        inner = plan.rules.within.get(kind)
        if inner is None:
            if name in wanted:
                kept[name] = resource
            continue
        left: Document = {}
        held = False
        for element, value in resource.items():
            if (rule_within := inner.get(element)) is not None:
                value = _choose(value, rule_within, sections, contained)
                if value is None:
                    continue
                held = True
            left[element] = value
        if held:
            kept[name] = left
    return kept
