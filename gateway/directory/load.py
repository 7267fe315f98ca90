"""From a YAML file to a Directory: every fault told at once, and a broken list stops the start."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from gateway.directory.business_id import parse_business_id
from gateway.directory.crosscheck import crosscheck
from gateway.directory.layout import (
    CodedItems,
    ContainedItems,
    ExtendedItems,
    ItemsWithin,
    Layout,
    Projection,
    Selector,
    WholeElement,
)
from gateway.directory.model import (
    Category,
    Directory,
    Flow,
    Law,
    LocalizedName,
    Organisation,
    Purpose,
    Register,
    Role,
    Sensitivity,
    Service,
)
from gateway.directory.rows import Row
from gateway.directory.source import Plain, read_yaml
from gateway.errors import DirectoryError

BESIDE = frozenset({"now", "clients", "channels"})
"""Keys that a demo world has beside the directory; they are not read here and not part of its digest."""

_T = TypeVar("_T")


class BrokenDirectory(DirectoryError):
    """The code lists have faults; `faults` lists each with file, line and key path."""

    def __init__(self, file: str, faults: tuple[str, ...]) -> None:
        super().__init__(f"{file} has {len(faults)} fault(s):\n" + "\n".join(faults))
        self.faults = faults


def load_directory(path: Path) -> Directory:
    """Return the directory that a YAML file describes. Raises BrokenDirectory with all of its faults."""
    content, faults = read_yaml(path)
    if not faults.found:
        directory = _directory(Row(content, (), faults), _digest(content))
        if not faults.found:
            crosscheck(directory, faults)
        if not faults.found:
            return directory
    raise BrokenDirectory(faults.file, tuple(faults.found))


def _digest(content: Mapping[str, Plain]) -> str:
    # Sorted keys, no spaces, UTF-8: the same lists have the same digest however the file is laid out.
    kept = {key: value for key, value in content.items() if key not in BESIDE}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def _directory(world: Row, digest: str) -> Directory:
    world.asked |= BESIDE
    labels = world.row("sensitivities")
    purposes = world.row("purposes")
    captures = world.row("captures")
    categories = _table(world.row("categories"), _category)
    directory = Directory(
        digest=digest,
        organisations=_organisations(world),
        services=_table(world.row("services"), _service),
        roles=_versions(world.row("roles"), _role),
        purposes=MappingProxyType({code: Purpose(code, purposes.text(code)) for code in purposes.content}),
        sensitivities=MappingProxyType({code: Sensitivity(code, labels.text(code)) for code in labels.content}),
        categories=categories,
        capture_rules=MappingProxyType({kind: frozenset(captures.texts(kind)) for kind in captures.content}),
        laws=_versions(world.row("law"), _law),
        flows=tuple(_flow(row) for row in world.rows("flows")),
        registers=_table(world.row("registers"), _register),
        layouts=_layouts(world.row("layouts"), categories),
        projections=tuple(_projection(row) for row in world.rows("projections")),
        names=_names(world.row("names")),
    )
    world.done()
    return directory


def _table(rows: Row, build: Callable[[str, Row], _T]) -> Mapping[str, _T]:
    table: dict[str, _T] = {}
    for code, row in rows.each():
        table[code] = build(code, row)
        row.done()
    return MappingProxyType(table)


def _versions(rows: Row, build: Callable[[str, Row], _T]) -> Mapping[str, tuple[_T, ...]]:
    table: dict[str, tuple[_T, ...]] = {}
    for code in rows.content:
        built = []
        for row in rows.versions(code):
            built.append(build(code, row))
            row.done()
        table[code] = tuple(built)
    return MappingProxyType(table)


def _organisations(world: Row) -> Mapping[str, Organisation]:
    contacts = world.row("contacts")

    def build(code: str, row: Row) -> Organisation:
        whom = contacts.row(code)
        business_id = row.text("business_id")
        try:
            parse_business_id(business_id)
        except ValueError as error:
            row.fault("business_id", str(error))
        organisation = Organisation(
            code,
            row.name(),
            business_id,
            row.text("kind"),
            row.period(),
            whom.contact("contact"),
            whom.contact("officer"),
        )
        whom.done()
        return organisation

    table = _table(world.row("organisations"), build)
    contacts.done()
    return table


def _service(code: str, row: Row) -> Service:
    return Service(
        code, row.text("organisation"), row.text("kind"), row.name(), row.period(), row.optional_text("succeeded_by")
    )


def _role(code: str, row: Row) -> Role:
    return Role(code, frozenset(row.texts("in")), frozenset(row.texts("purposes")), row.period())


def _sensitive(row: Row) -> Mapping[str, frozenset[str]]:
    return MappingProxyType({section: frozenset(row.texts(section)) for section in row.content})


def _category(code: str, row: Row) -> Category:
    return Category(
        code,
        row.text("resource"),
        row.texts("sections"),
        row.name(),
        _sensitive(row.row("sensitive", required=False)),
        row.flag("single_use"),
        row.period(),
    )


def _law(basis: str, row: Row) -> Law:
    return Law(
        basis,
        row.text("secrecy_basis"),
        row.text("gdpr_basis"),
        row.text("gdpr9_basis"),
        row.text("told_as"),
        row.period(),
    )


def _flow(row: Row) -> Flow:
    in_force = row.row("in_force", required=False)  # `from` names the custodians here
    flow = Flow(
        row.text("category"),
        frozenset(row.texts("from")),
        frozenset(row.texts("to")),
        row.texts("bases"),
        _sensitive(row.row("carries", required=False)),
        row.optional_text("section"),
        in_force.period(),
    )
    in_force.done()
    row.done()
    return flow


def _register(code: str, row: Row) -> Register:
    return Register(code, row.name(), frozenset(row.texts("records")), row.period())


def _layouts(rows: Row, categories: Mapping[str, Category]) -> Mapping[str, Layout]:
    def build(category: str, row: Row) -> Layout:
        sections = row.row("sections")
        return Layout(
            category,
            categories[category].resource if category in categories else "?",
            row.text("profile"),
            row.text("dated"),
            row.text("subject"),
            row.texts("frame"),
            row.texts("required", required=False),
            MappingProxyType({section: _selectors(sections, section) for section in sections.content}),
        )

    return _table(rows, build)


def _selectors(sections: Row, section: str) -> tuple[Selector, ...]:
    return tuple(_selector(row) for row in sections.rows(section))


def _selector(row: Row) -> Selector:
    element, code = row.text("element"), row.optional_text("code")
    contained, within, extension = row.optional_text("contained"), row.optional_text("within"), row.flag("extension")
    row.done()
    match contained, within, code, extension:
        case None, None, None, False:
            return WholeElement(element)
        case None, None, str() as path, False:
            return CodedItems(element, path)
        case str() as kind, None, path, False:
            return ContainedItems(element, kind, path)
        case None, str() as kind, str() as path, False:
            return ItemsWithin(kind, element, path)
        case None, None, None, True:
            return ExtendedItems(element)
        case _:
            row.fault(None, "says where a section lies in two ways, or `within` without `code`")
            return WholeElement(element)


def _projection(row: Row) -> Projection:
    projection = Projection(
        row.text("id"),
        row.number("version"),
        row.text("category"),
        frozenset(row.texts("to")),
        row.texts("fields"),
        row.period(),
    )
    row.done()
    return projection


def _names(groups: Row) -> Mapping[str, Mapping[str, LocalizedName]]:
    return MappingProxyType(
        {group: MappingProxyType({code: row.name(code) for code in row.content}) for group, row in groups.each()}
    )
