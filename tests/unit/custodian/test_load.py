"""The file that names custodians' servers: every fault is a sentence with its line, and no doubt starts the gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.custodian.fhir_server.load import BrokenCustodians, load_custodians
from adapters.custodian.fhir_server.mapping import ClientCredentials, NoCredentials
from gateway.demo.custodian import write_custodians
from gateway.demo.world import load_world
from gateway.directory.model import Directory

SERVER = """\
servers:
  area:
    base: https://fhir.area.example/r4
    credentials:
      {kind: client-credentials, token_endpoint: https://login.example/token, client_id: us, key: key.json, scope: s}
    labels:
      - {system: urn:oid:1.2.3, code: SENSITIVE, means: mental-health}
      - {system: urn:oid:1.2.3, code: PLAIN, means: none}
documents:
  - custodian: sote-keskus
    category: work-ability-plan
    server: area
    type: CarePlan
    search: {patient.identifier: "{client}", category: "{category}"}
"""


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load_world().directory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    key = tmp_path / "key.json"
    key.write_text("{}")
    key.chmod(0o600)
    return tmp_path / "custodians.yaml"


def test_a_whole_file_is_read(file: Path, directory: Directory) -> None:
    file.write_text(SERVER)
    found = load_custodians(file, directory)
    server, (shelf,) = found.servers["area"], found.shelves
    assert isinstance(server.credentials, ClientCredentials)
    assert dict(server.labels) == {("urn:oid:1.2.3", "SENSITIVE"): "mental-health", ("urn:oid:1.2.3", "PLAIN"): ""}
    assert (shelf.custodian, shelf.server, shelf.search["category"]) == ("sote-keskus", "area", "{category}")


def test_the_demos_file_is_whole(file: Path, directory: Directory) -> None:
    found = load_custodians(write_custodians(file, "http://127.0.0.1:9/fhir"), directory)
    assert isinstance(found.servers["wellbeing-area"].credentials, NoCredentials)


CHANGES = {
    "base: https://fhir.area.example/r4 -> base: http://fhir.area.example/r4": "servers.area.base: must be https",
    "base: https://fhir.area.example/r4 -> base: https://me:secret@fhir.area.example": "servers.area.base: an address",
    "base: https://fhir.area.example/r4 -> base: https://fhir.area.example?x=1": "servers.area.base: an address",
    "kind: client-credentials -> kind: password": "servers.area.credentials.kind: none, client-credentials or mtls",
    "key: key.json -> key: nowhere.json": "servers.area.credentials.key: there is no such file",
    "token_endpoint: https -> token_endpoint: http": "servers.area.credentials.token_endpoint: must be https",
    "means: mental-health -> means: odd": "servers.area.labels.0.means: one of health",
    "code: PLAIN -> code: SENSITIVE": "servers.area.labels.1.code: this label has a meaning already",
    "custodian: sote-keskus -> custodian: nobody": "documents.0.custodian: is not a service",
    "category: work-ability-plan -> category: nothing": "documents.0.category: is not a category",
    "type: CarePlan -> type: Task": "documents.0.type: documents of this category are of the type CarePlan",
    "server: area -> server: other": "documents.0.server: is not one of the servers",
    'patient.identifier: "{client}", -> ': "documents.0.search: {client} must stand in exactly one parameter",
    '"{client}" -> "{person}"': "{client} must stand in exactly one parameter",
    '"{category}" -> "{category}{kind}"': "{kind} is not filled in here",
    '"{client}" -> "urn:oid:1.2.246.21|140395-9022"': "holds what looks like a personal identity code",
    'category: "{category}"} -> category: "{category}", _count: "5"}': "documents.0.search._count: is not to be set",
    "servers: -> surprise: 1\nservers:": "surprise: is not a key we know here",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_fault_is_a_sentence_with_its_place(file: Path, directory: Directory, change: str) -> None:
    old, _, new = change.partition(" -> ")
    assert old in SERVER
    file.write_text(SERVER.replace(old, new))
    with pytest.raises(BrokenCustodians) as broken:
        load_custodians(file, directory)
    assert CHANGES[change] in str(broken.value)
    assert "140395" not in str(broken.value)


def test_a_key_that_others_may_read_stops_the_start(file: Path, directory: Directory) -> None:
    file.write_text(SERVER)
    (file.parent / "key.json").chmod(0o644)
    with pytest.raises(BrokenCustodians, match="chmod 600"):
        load_custodians(file, directory)


def test_no_credentials_are_taken_on_this_machine_or_in_a_demo_alone(file: Path, directory: Directory) -> None:
    bare = (
        SERVER[: SERVER.index("    credentials")] + "    credentials: {kind: none}\n" + SERVER[SERVER.index("docu") :]
    )
    file.write_text(bare)
    with pytest.raises(BrokenCustodians, match="needs client-credentials or mtls"):
        load_custodians(file, directory)
    load_custodians(file, directory, demo=True)


def test_two_custodians_are_not_told_apart_by_one_search(file: Path, directory: Directory) -> None:
    row = SERVER[SERVER.index("  - custodian") :]
    file.write_text(SERVER + row.replace("sote-keskus", "sosiaalityo"))
    with pytest.raises(BrokenCustodians, match="finds the same documents as another custodian's row"):
        load_custodians(file, directory)
    told_apart = row.replace("sote-keskus", "sosiaalityo").replace('"{category}"', '"{category}", _tag: social')
    file.write_text(SERVER + told_apart)
    load_custodians(file, directory)
