"""Whom the demo's providers identify: the world's clients, and the staff of its organisations (`staff.yaml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from gateway.demo.world import DemoClient, World
from gateway.directory.identity_code import PersonalIdentityCode
from gateway.directory.load import BrokenDirectory
from gateway.directory.model import Directory
from gateway.directory.names import LANGUAGES
from gateway.directory.rows import Row
from gateway.directory.source import read_yaml

STAFF = Path(__file__).parents[1] / "staff.yaml"
MANDATES = STAFF.with_name("mandates.yaml")
SUBSTANTIAL = "http://ftn.ficora.fi/2017/loa2"
"""The `acr` of bank identification, as Suomi.fi e-Identification says it."""
WORK_ACCOUNT = "urn:example:work-account:two-factors"
CLIENT_CLAIMS: Mapping[str, str] = {
    "identity_code": "urn:oid:1.2.246.21", "name": "urn:oid:2.16.840.1.113730.3.1.241",
    "non_disclosure": "urn:oid:1.2.246.517.2002.2.27",
}  # fmt: skip
"""Suomi.fi e-Identification's names of what it tells."""
STAFF_CLAIMS: Mapping[str, str] = {
    "name": "name", "organisation": "saattaen_organisation", "services": "saattaen_services", "roles": "saattaen_roles",
    "officer": "saattaen_officer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can be identified. `told` says by language what they do; *claims* is what a token tells of them."""

    id: str
    name: str
    told: Mapping[str, str]
    acr: str
    claims: Mapping[str, object] = field(repr=False)


def clients_of(world: World) -> tuple[DemoPerson, ...]:
    """Return the world's clients."""
    return tuple(
        client_person(key, one.name, one.code, non_disclosure=one.non_disclosure) for key, one in world.clients.items()
    )


def client_person(id: str, name: str, code: PersonalIdentityCode, *, non_disclosure: bool) -> DemoPerson:
    """Return a client as Suomi.fi e-Identification would tell of them."""
    claims = {
        CLIENT_CLAIMS["identity_code"]: code.reveal(), CLIENT_CLAIMS["name"]: name,
        CLIENT_CLAIMS["non_disclosure"]: "1" if non_disclosure else "0",
    }  # fmt: skip
    return DemoPerson(id, name, dict.fromkeys(LANGUAGES, code.masked), SUBSTANTIAL, claims)


def load_staff(directory: Directory, path: Path = STAFF) -> Mapping[str, tuple[DemoPerson, ...]]:
    """Return the staff by organisation. Raises BrokenDirectory with every fault of the file."""
    content, faults = read_yaml(path)
    staff: dict[str, tuple[DemoPerson, ...]] = {}
    for organisation, rows in Row(content, (), faults).each():
        if directory.organisation(organisation) is None:
            rows.fault(None, "is not an organisation of the directory")
        staff[organisation] = tuple(_worker(key, organisation, row, directory) for key, row in rows.each())
    if faults.found:
        raise BrokenDirectory(faults.file, tuple(faults.found))
    return MappingProxyType(staff)


def load_mandates(world: World, path: Path = MANDATES) -> tuple[tuple[DemoClient, DemoClient], ...]:
    """Return who may act for whom. Raises BrokenDirectory with every fault of the file."""
    content, faults = read_yaml(path)
    rows = Row(content, (), faults)
    found: list[tuple[DemoClient, DemoClient]] = []
    for key in content:
        for other in rows.texts(key):
            if key in world.clients and other in world.clients:
                found.append((world.clients[key], world.clients[other]))
            else:
                rows.fault(key, "names somebody who is not in the world")
    if faults.found:
        raise BrokenDirectory(faults.file, tuple(faults.found))
    return tuple(found)


def _worker(key: str, organisation: str, row: Row, directory: Directory) -> DemoPerson:
    services, roles = row.texts("services", required=False), row.texts("roles", required=False)
    for service in services:
        known = directory.service(service)
        if known is None or known.organisation != organisation:
            row.fault("services", f"{service} is no service of {organisation}")
    for role in roles:
        if role not in directory.roles:
            row.fault("roles", f"{role} is no role of the directory")
    name, officer = row.text("name"), row.flag("officer")
    row.done()
    told = {language: _told(services, roles, officer, directory, language) for language in LANGUAGES}
    claims = {
        STAFF_CLAIMS["name"]: name, STAFF_CLAIMS["organisation"]: organisation,
        STAFF_CLAIMS["services"]: list(services), STAFF_CLAIMS["roles"]: list(roles), STAFF_CLAIMS["officer"]: officer,
    }  # fmt: skip
    return DemoPerson(f"{organisation}-{key}", name, told, WORK_ACCOUNT, claims)


_OFFICER = {
    "fi": "tietosuojavastaava", "fi-x-selko": "tietosuojavastaava", "sv": "dataskyddsombud",
    "en": "data protection officer",
}  # fmt: skip


def _told(
    services: tuple[str, ...], roles: tuple[str, ...], officer: bool, directory: Directory, language: str
) -> str:  # fmt: skip
    said = [found.text(language) for role in roles if (found := directory.name("role", role)) is not None]
    said += [_OFFICER[language]] if officer else []
    said += [known.name.text(language) for one in services if (known := directory.service(one)) is not None]
    return ", ".join(said)
