"""Every FHIR resource that the gateway answers with while all cases are played passes HL7's validator."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from gateway.demo.world import load_world
from gateway.rehearsal.fresh import fresh_gateways
from gateway.rehearsal.parsing import parse_cases
from gateway.rehearsal.runner import play
from tests.parts import fhir_validator

FOLDER = Path(__file__).parent
PROFILES = FOLDER.parents[1] / "adapters" / "fhir" / "profiles"


@pytest.mark.needs_java
async def test_whatever_the_gateway_emits_passes_the_validator(tmp_path: Path) -> None:
    world = load_world()
    make_gateway = fresh_gateways(world)
    kinds: set[str] = set()

    async def keep(answer: httpx.Response) -> None:
        await answer.aread()
        own = answer.headers.get("etag", "").startswith("W/")  # A custodian's own deposit goes back as it came.
        if answer.headers.get("content-type") == "application/fhir+json" and answer.content and not own:
            name = hashlib.sha256(answer.content).hexdigest()[:16]
            (tmp_path / f"{name}.json").write_bytes(answer.content)
            kinds.add(answer.json()["resourceType"])

    for case in parse_cases(FOLDER, world=world):
        outcome = await play(case, make_gateway, world, keep)
        assert outcome.passed, outcome.failure
    files = sorted(tmp_path.glob("*.json"))
    assert {"CarePlan", "Bundle", "ServiceRequest", "OperationOutcome"} <= kinds
    findings = fhir_validator.validate(files, [PROFILES])
    assert not findings, "\n".join(map(str, findings[:20]))
