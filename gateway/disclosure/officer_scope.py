"""Which entries an organisation's data protection officer may see: those in which the organisation had a part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from audit.entry import IndexRow
from gateway.directory.model import Directory
from gateway.disclosure.desk_requester import desk_system
from gateway.disclosure.log_query import Scope
from gateway.disclosure.opened import Opened, Section


def scope_of(organisation: str, directory: Directory, systems: Mapping[str, str]) -> Scope:
    """Return an organisation's scope: its services, ended ones too, and its systems.

    *systems* are the registered partner systems with their organisations.
    """
    services = {code for code, row in directory.services.items() if row.organisation == organisation}
    own = {system for system, owner in systems.items() if owner == organisation}
    return Scope(frozenset(services), frozenset(own | {desk_system(organisation)}))


def may_see(entry: Opened, row: IndexRow, scope: Scope) -> bool:
    """Return whether the organisation is custodian, recipient or capturer in an entry.

    What is signed decides. The index row is asked only where the sections name no party, as those of former withdrawals
    do, which named grants by id alone.
    """
    named = set(_parties(entry.b or {}))
    system = (entry.a or {}).get("system")
    if named or isinstance(system, str):
        if named & scope.services or system in scope.systems:
            return True
        if named:
            return False
    listed = {*(row.recipient or "").split(), *(row.custodian or "").split()}
    return bool(listed & scope.services) or row.requester in scope.systems


def _parties(body: Section) -> Iterator[str]:
    for section in _sections(body):
        for name in ("recipient", "custodian", "service", "recorded_by"):
            if isinstance(code := section.get(name), str):
                yield code
        for name in ("recipients", "custodians"):
            yield from (code for code in _list(section.get(name)) if isinstance(code, str))


def _sections(body: Section) -> Iterator[Section]:
    yield body
    for name in ("documents", "grants", "rows"):
        yield from (row for row in _list(body.get(name)) if isinstance(row, dict))
    if isinstance(capture := body.get("capture"), dict):
        yield capture


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()
