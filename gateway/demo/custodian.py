"""A custodian's FHIR server for demos, tests and benches: started, given documents, and told to the gateway.

The health centre keeps its plans there, and the health check its feedback; the other documents of the demo world lie
with the gateway.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import httpx

from adapters.custodian.fhir_server.simulator import simulated_server
from adapters.fhir.labels import label_coding
from adapters.fhir.samples import make_sample
from gateway.demo.documents import SAMPLES, Sample
from gateway.demo.local_fhir import local_fhir_server
from gateway.demo.world import DemoClient, World
from gateway.directory.identity_code import Identifier
from gateway.disclosure.minimise import document_in
from gateway.disclosure.sections import Document
from gateway.errors import GatewayError

Kind = Literal["hapi", "simulator"]
KINDS: tuple[Kind, ...] = ("hapi", "simulator")

SHELVES = {
    ("sote-keskus", "work-ability-plan"): ("CarePlan", "category"),
    ("terveystarkastus", "health-check-feedback"): ("Composition", "type"),
}
"""(custodian, category) of what lies on the server -> its FHIR type, and the search parameter of its category."""


@contextmanager
def custodian_server(kind: Kind, *, apart: bool = False) -> Iterator[str]:
    """Run an empty FHIR server on this machine and yield its base address. Raises SettingsError where it cannot.

    The simulator runs in a thread of this process, or *apart* in a process of its own, as HAPI's server always does.
    """
    if kind == "hapi":
        with local_fhir_server() as base:
            yield base
    elif apart:
        with subprocess.Popen(
            [sys.executable, "-m", "adapters.custodian.fhir_server.simulator"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                yield (process.stdout.readline() if process.stdout else "").removeprefix("READY ").strip()
            finally:
                process.terminate()
    else:
        with simulated_server() as server:
            yield server.base


def write_custodians(file: Path, base: str, more: str = "") -> Path:
    """Write the file that SAATTAEN_CUSTODIANS names for the server at *base*, and return its path.

    *more* are further lines of the server's own row, such as `    milliseconds: {read: 200}`.
    """
    lines = ["servers:", "  wellbeing-area:", f"    base: {base}", "    credentials: {kind: none}"]
    lines += [more] if more else []
    lines.append("documents:")
    for (custodian, category), (resource, parameter) in SHELVES.items():
        lines.append(
            f"  - {{custodian: {custodian}, category: {category}, server: wellbeing-area, type: {resource}, search: "
            f'{{patient.identifier: "{{client}}", {parameter}: "{{category}}", _include: "{resource}:patient"}}}}'
        )
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def lies_outside(sample: Sample) -> bool:
    """Return whether a sample lies on the custodian's server when there is one."""
    return (sample.custodian, sample.category) in SHELVES


def put_samples(base: str, world: World, at: datetime) -> None:
    """Put every sample that lies outside on the server, with its client. Raises GatewayError."""
    with httpx.Client(timeout=60, trust_env=False) as web:
        for sample in SAMPLES:
            if lies_outside(sample):
                put_client(web, base, sample.client, world.clients[sample.client])
                put_document(web, base, sample.name, held_sample(world, sample, at))


def held_sample(world: World, sample: Sample, at: datetime, labels: Collection[str] = ()) -> Document:
    """Return a sample as a custodian's server keeps it: it refers to its Patient there, and its label is told."""
    identifier = Identifier.personal(world.clients[sample.client].code)
    made = make_sample(
        sample.category, world.directory, identifier, at, labels, custodian=sample.custodian, referrer=sample.referrer
    )
    document: Document = dict(document_in(made))
    meta = document.get("meta")
    told: Document = dict(meta) if isinstance(meta, dict) else {}
    if not labels:
        told["security"] = [label_coding("N")]
    document["meta"] = told
    document[world.directory.layouts[sample.category].subject] = {"reference": f"Patient/{sample.client}"}
    return document


def put_client(web: httpx.Client, base: str, name: str, client: DemoClient) -> None:
    """Put a person there as a Patient, named by the world's own name for them. Raises GatewayError."""
    identifier = Identifier.personal(client.code)
    row: Document = {"system": identifier.authority, "value": client.code.reveal()}
    _put(web, f"{base}/Patient/{name}", {"resourceType": "Patient", "id": name, "identifier": [row]})


def put_document(web: httpx.Client, base: str, id_: str, document: Mapping[str, object]) -> None:
    """Put a document there, or its next version. Raises GatewayError."""
    _put(web, f"{base}/{document['resourceType']}/{id_}", {**document, "id": id_})


def _put(web: httpx.Client, address: str, content: Mapping[str, object]) -> None:
    if web.put(address, json=content).status_code not in (200, 201):
        raise GatewayError("The custodian's FHIR server did not take a document.")
