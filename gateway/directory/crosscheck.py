"""Whether the rows of a directory fit together: what one names, another has, and no gap is left for a judge."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from gateway.directory.layout import (
    NEVER_NAMED,
    CodedItems,
    ContainedItems,
    ExtendedItems,
    ItemsWithin,
    Layout,
    Projection,
    Selector,
    WholeElement,
)
from gateway.directory.model import BASES, CAPTURE_METHODS, PERSONS, RELATION_KINDS, SELF_SERVICE, Directory, Flow
from gateway.directory.period import Period
from gateway.directory.source import Faults, KeyPath

_BEGINNING = datetime.min.replace(tzinfo=UTC)


def crosscheck(directory: Directory, faults: Faults) -> None:
    """Note in *faults* everything in *directory* that does not fit together."""
    _services(directory, faults)
    _roles(directory, faults)
    _categories(directory, faults)
    _captures_laws_registers(directory, faults)
    _flows(directory, faults)
    _layouts(directory, faults)
    _projections(directory, faults)
    _names(directory, faults)


def _known(names: Iterable[str], among: Collection[str], path: KeyPath, what: str, faults: Faults) -> None:
    for name in sorted(set(names) - set(among)):
        faults.add(path, f"{name!r} is not {what} of this directory")


def _kinds(directory: Directory) -> frozenset[str]:
    return frozenset(service.kind for service in directory.services.values())


def _services(directory: Directory, faults: Faults) -> None:
    for code, service in directory.services.items():
        path: KeyPath = ("services", code)
        _known([service.organisation], directory.organisations, (*path, "organisation"), "an organisation", faults)
        if service.kind in PERSONS:
            faults.add((*path, "kind"), f"{service.kind!r} stands for the own page: no service is of this kind")
        if service.succeeded_by is None:
            continue
        _known([service.succeeded_by], directory.services, (*path, "succeeded_by"), "a service", faults)
        if service.period.until is None:
            faults.add((*path, "succeeded_by"), "a service that is succeeded needs `until`")
        seen, heir = [code], directory.successor(code)
        while heir is not None and heir.code not in seen:
            seen.append(heir.code)
            heir = directory.successor(heir.code)
        if heir is not None and heir.code == code:
            faults.add((*path, "succeeded_by"), f"the successions run in a ring: {' -> '.join([*seen, code])}")


def _roles(directory: Directory, faults: Faults) -> None:
    for code, versions in directory.roles.items():
        _apart([role.period for role in versions], ("roles", code), faults)
        for role in versions:
            _known(role.kinds, _kinds(directory), ("roles", code, "in"), "a kind of service", faults)
            _known(role.purposes, directory.purposes, ("roles", code, "purposes"), "a purpose", faults)


def _apart(periods: list[Period], path: KeyPath, faults: Faults) -> None:
    if any(one.overlaps(other) for index, one in enumerate(periods) for other in periods[index + 1 :]):
        faults.add(path, "two rows stand at the same time")


def _categories(directory: Directory, faults: Faults) -> None:
    for code, category in directory.categories.items():
        path: KeyPath = ("categories", code)
        if not category.sections:
            faults.add((*path, "sections"), "has none")
        for section, sensitivities in category.sensitive.items():
            _known([section], category.sections, (*path, "sensitive", section), "a section of the category", faults)
            _known(sensitivities, directory.sensitivities, (*path, "sensitive", section), "a sensitivity", faults)


def _captures_laws_registers(directory: Directory, faults: Faults) -> None:
    if "default" not in directory.capture_rules:
        faults.add(("captures",), "the row `default` is missing")
    for kind, methods in directory.capture_rules.items():
        _known([kind], _kinds(directory) | {"default"}, ("captures", kind), "a kind of service", faults)
        # The client's own page belongs to no service, so no row may list or withhold it.
        _known(methods, CAPTURE_METHODS - {SELF_SERVICE}, ("captures", kind), "a service's method of capture", faults)
    _known(directory.laws, BASES, ("law",), "a basis", faults)
    for basis, versions in directory.laws.items():
        _apart([law.period for law in versions], ("law", basis), faults)
    for basis in sorted(BASES - set(directory.laws)):
        faults.add(("law", basis), "is missing")
    for code, register in directory.registers.items():
        _known(register.records, RELATION_KINDS, ("registers", code, "records"), "a kind of relation", faults)


def _flows(directory: Directory, faults: Faults) -> None:
    kinds, standing = _kinds(directory), dict[tuple[str, str, str], list[Period]]()
    for index, flow in enumerate(directory.flows):
        path: KeyPath = ("flows", index)
        _known([flow.category], directory.categories, (*path, "category"), "a category", faults)
        _known(flow.custodians, kinds, (*path, "from"), "a kind of service", faults)
        _known(flow.recipients, kinds, (*path, "to"), "a kind of service", faults)
        _known(flow.bases, BASES, (*path, "bases"), "a basis", faults)
        if not (flow.bases and flow.custodians and flow.recipients):
            faults.add(path, "`from`, `to` and `bases` must each name something")
        if "statutory" in flow.bases and flow.section is None:
            faults.add((*path, "section"), "is missing: the basis `statutory` cites one")
        for basis, sensitivities in flow.carries.items():
            here = (*path, "carries", basis)
            _known([basis], set(flow.bases) - {"consent", "consent-once"}, here, "a carrying basis", faults)
            _known(sensitivities, directory.sensitivities, here, "a sensitivity", faults)
        _no_overlap(flow, path, standing, faults)


def _no_overlap(flow: Flow, path: KeyPath, standing: dict[tuple[str, str, str], list[Period]], faults: Faults) -> None:
    for custodian in sorted(flow.custodians):
        for recipient in sorted(flow.recipients):
            earlier = standing.setdefault((flow.category, custodian, recipient), [])
            if any(flow.period.overlaps(period) for period in earlier):
                faults.add(path, f"another row already tells of {flow.category} from {custodian} to {recipient}")
            earlier.append(flow.period)


def _layouts(directory: Directory, faults: Faults) -> None:
    _known(directory.layouts, directory.categories, ("layouts",), "a category", faults)
    for code, category in directory.categories.items():
        layout = directory.layouts.get(code)
        if layout is None:
            faults.add(("layouts", code), "is missing")
            continue
        path: KeyPath = ("layouts", code, "sections")
        _known(layout.sections, category.sections, path, "a section of the category", faults)
        _known(layout.required, category.sections, ("layouts", code, "required"), "a section of the category", faults)
        for section in category.sections:
            if not layout.sections.get(section):
                faults.add((*path, section), "is missing: nothing says where this section lies")
        for element in (layout.dated, layout.subject):
            if element not in layout.frame:
                faults.add(("layouts", code, "frame"), f"{element!r} belongs to it")
        _one_owner(layout, faults)


def _one_owner(layout: Layout, faults: Faults) -> None:
    """Note elements that two sections, or a section and the frame, lay hold of: dropping one would touch the other."""
    whole: dict[str, str] = dict.fromkeys(layout.frame, "the frame")
    owners: dict[Selector, str] = {}
    for section, selectors in layout.sections.items():
        for selector in selectors:
            path: KeyPath = ("layouts", layout.category, "sections", section)
            if not isinstance(selector, ItemsWithin) and selector.element in whole:
                faults.add(path, f"{selector.element!r} already belongs to {whole[selector.element]}")
            # Items told apart by their code may share an element; a whole element or all of a contained type may not.
            if isinstance(selector, WholeElement) or (isinstance(selector, ContainedItems) and selector.code is None):
                if any(not isinstance(other, ItemsWithin) and other.element == selector.element for other in owners):
                    faults.add(path, f"{selector.element!r} already belongs in part to another section")
                whole[selector.element] = f"section {section!r}"
            owners[selector] = section


def _projections(directory: Directory, faults: Faults) -> None:
    for index, projection in enumerate(directory.projections):
        path: KeyPath = ("projections", index)
        _known([projection.category], directory.categories, (*path, "category"), "a category", faults)
        _known(projection.to, _kinds(directory), (*path, "to"), "a kind of service", faults)
        for number, dotted in enumerate(projection.fields):
            parts = dotted.split(".")
            own_text = parts == ["text"] or (parts[0] == "contained" and parts[2:] == ["text"])
            if NEVER_NAMED & set(parts) or own_text or not all(parts) or (parts[0] == "contained" and len(parts) < 3):
                faults.add((*path, "fields", number), f"{dotted!r} is not something a projection may name")
        _keeps_sections(directory, projection, path, faults)
        for other in directory.projections[:index]:
            if (other.id, other.version) == (projection.id, projection.version):
                faults.add((*path, "id"), f"{other.id!r} version {other.version} is there already")
            shared = projection.to & other.to if other.category == projection.category else frozenset()
            if shared and other.period.overlaps(projection.period):
                faults.add((*path, "to"), f"{', '.join(sorted(shared))}: {other.id!r} already serves it")
    for index, flow in enumerate(directory.flows):
        for kind in sorted(flow.recipients):
            if not _always_served(directory, flow, kind):
                says = f"no projection of {flow.category!r} serves {kind!r} at all times of the flow"
                faults.add(("flows", index, "to"), says)


def _always_served(directory: Directory, flow: Flow, kind: str) -> bool:
    # A gap can only open where the flow begins or where a projection ends.
    ends = (p.period.until for p in directory.projections if p.category == flow.category and kind in p.to)
    begins = flow.period.start or _BEGINNING
    instants = [begins, *(end for end in ends if end is not None and end > begins and flow.period.contains(end))]
    return all(directory.projection(flow.category, kind, at) is not None for at in instants)


def _keeps_sections(directory: Directory, projection: Projection, path: KeyPath, faults: Faults) -> None:
    layout = directory.layouts.get(projection.category)
    for section, selectors in () if layout is None else layout.sections.items():
        for selector in selectors:
            missing = [needed for needed in _needs(selector) if not _names_some(projection, needed)]
            if missing:
                says = f"would drop the section {section!r} whole: {', '.join(missing)} is not named"
                faults.add((*path, "fields"), says)
    if layout is not None:
        for element in (layout.subject, layout.dated):
            if not _names_some(projection, element):
                faults.add((*path, "fields"), f"{element!r} is not named")


def _needs(selector: Selector) -> list[str]:
    match selector:
        case WholeElement(element) | ExtendedItems(element):
            return [element]
        case CodedItems(element, code):
            return [element, f"{element}.{code}"]
        case ContainedItems(element, contained, code):
            return [element, f"contained.{contained}" + ("" if code is None else f".{code}")]
        case ItemsWithin(within, element, code):
            return [f"contained.{within}.{element}", f"contained.{within}.{element}.{code}"]


def _names_some(projection: Projection, path: str) -> bool:
    """Return whether a field is at, above or below the path."""
    return any(f"{name}.".startswith(f"{path}.") or f"{path}.".startswith(f"{name}.") for name in projection.fields)


TASK = "task"
"""The group of names by which others than the client are told of purposes: those of `purpose` speak to the client."""


def _names(directory: Directory, faults: Faults) -> None:
    groups: dict[str, Collection[str]] = {
        "purpose": directory.purposes,
        "role": directory.roles,
        "sensitivity": directory.sensitivities,
        "section": {section for category in directory.categories.values() for section in category.sections},
        "kind": _kinds(directory),
        "capture": CAPTURE_METHODS,
        "basis": BASES,
        "told_as": {law.told_as for versions in directory.laws.values() for law in versions},
    }
    _known(directory.names, (*groups, TASK), ("names",), "a group of names", faults)
    # What staff are told of a purpose; where nothing is, they are told what the client is.
    _known(directory.names.get(TASK, {}), directory.purposes, ("names", TASK), "a purpose", faults)
    for group, codes in groups.items():
        for code in sorted(set(codes) - set(directory.names.get(group, {}))):
            faults.add(("names", group, code), "is missing")
        _known(directory.names.get(group, {}), codes, ("names", group), f"a {group}", faults)
