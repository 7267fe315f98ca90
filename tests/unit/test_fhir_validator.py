"""The tests' own FHIR validator finds what is wrong, and passes what IHE published as right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parts import fhir_validator

EXAMPLE = "vectors/ihe-balp/AuditEvent-ex-auditAuthZconsent.json"


@pytest.mark.needs_java
def test_ihes_example_passes_and_the_same_without_its_agents_is_found_out(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    profiles, example = fhir_validator.ihe_profiles(), shared(EXAMPLE)
    broken = tmp_path / "broken.json"
    event = json.loads(example.read_text(encoding="utf-8"))
    del event["agent"]
    broken.write_text(json.dumps(event), encoding="utf-8")

    findings = fhir_validator.validate([example, broken], [profiles])

    assert {finding.file for finding in findings} == {broken.resolve()}
    assert any("agent" in finding.message for finding in findings)
