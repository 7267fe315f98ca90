"""HL7's validator on everything that we emit, on what we take in, and on files that our profiles must refuse."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.fhir.capability import capability
from adapters.fhir.composing import COMPOSABLE, compose
from adapters.fhir.consent import to_fhir
from adapters.fhir.release import render, searchset
from adapters.fhir.samples import make_sample
from gateway.consent.model import (
    Capture,
    CaptureMethod,
    ClientId,
    Consent,
    ConsentId,
    ConsentState,
    Giver,
    GiverKind,
    Grant,
    GrantId,
    GrantRow,
    RefusedRow,
    Shown,
)
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.load import load_directory
from gateway.directory.model import CAPTURE_METHODS
from gateway.disclosure.minimise import document_in, minimise
from gateway.errors import BodyInvalid, NotAvailable
from gateway.http.problems import operation_outcome
from tests.parts import fhir_validator

REPOSITORY = Path(__file__).parents[2]
PROFILES = REPOSITORY / "adapters" / "fhir" / "profiles"
DIRECTORY = load_directory(REPOSITORY / "gateway" / "demo" / "world.yaml")
CLIENT = Identifier.personal(PersonalIdentityCode.parse("140395-9022"))
AT = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
BASE = "https://gw.example/fhir"


def samples() -> Iterator[tuple[str, bytes]]:
    for category, row in DIRECTORY.categories.items():
        labels = {row.sections[0]: ["substance-use"]}
        document = make_sample(
            category, DIRECTORY, CLIENT, AT, ["health"], labels, custodian="sote-keskus", referrer="kela"
        )
        yield f"taken-in-{category}", orjson.dumps(document)


def composed() -> Iterator[tuple[str, bytes]]:
    """What the desk makes of typed text: each section, and the required ones alone."""
    for category in COMPOSABLE:
        row, layout = DIRECTORY.categories[category], DIRECTORY.layouts[category]
        for choice, sections in {"all": row.sections, "required": layout.required}.items():
            texts = {section: f"{section}: a < b & c\nnext line" for section in sections}
            labels = {sections[0]: ("substance-use",)}
            _, body = compose(category, DIRECTORY, CLIENT, "sote-keskus", AT, texts, labels)
            yield f"composed-{category}-{choice}", body


def released() -> Iterator[tuple[str, bytes]]:
    for number, projection in enumerate(DIRECTORY.projections):
        category, layout = DIRECTORY.categories[projection.category], DIRECTORY.layouts[projection.category]
        document = make_sample(category.code, DIRECTORY, CLIENT, AT, custodian="sote-keskus")
        choices = {"all": category.sections, "none": (), "first": category.sections[:1], "last": category.sections[-1:]}
        if category.code == "medical-statement-b":
            # Its one section is its content, and a DocumentReference without content is none.
            choices = {"all": category.sections}
        for choice, sections in choices.items():
            for strip in (False, True):
                left = minimise(document, layout, projection, frozenset(sections), strip)
                body = render(left, f"{number:032x}", layout, ["R", "PSY", "ETH"], "pairwise-1", demo=strip)
                yield f"released-{projection.id}-{choice}-{'stripped' if strip else 'whole'}", body


def answers() -> Iterator[tuple[str, bytes]]:
    bodies = dict(released())
    entries = []
    for name in ("released-work-ability-plan-work-all-whole", "released-work-assessment-work-all-whole"):
        content = orjson.loads(bodies[name])
        entries.append((f"{BASE}/{content['resourceType']}/{content['id']}", bodies[name]))
    yield "searchset", searchset(entries, f"{BASE}/CarePlan/_search", f"{BASE}/CarePlan?_page=abc")
    yield "searchset-empty", searchset([], f"{BASE}/CarePlan/_search")
    yield "outcome", bytes(operation_outcome(NotAvailable(), "request-1").body)
    faults = BodyInvalid("the document has 1 fault", (("CarePlan.status", "is required"),))
    yield "outcome-faults", bytes(operation_outcome(faults, "request-1").body)
    statement = capability(DIRECTORY, "https://gw.example", "https://gw.example/oauth/token", "0.1.0", AT)
    yield "capability", orjson.dumps(statement)


def consents() -> Iterator[tuple[str, bytes]]:
    def grant(number: int, confirmed: bool = True, **more: Any) -> Grant:
        row = GrantRow(
            "sote-keskus", "kela", "work-ability-plan", "rehabilitation-decision", AT, AT + timedelta(days=99), **more
        )
        return Grant(GrantId(f"{number:032x}"), row, row.once, confirmed)

    plain, unconfirmed = grant(1), grant(2, confirmed=False)
    sensitive = grant(
        3, sensitivities=frozenset({"health", "mental-health", "substance-use"}), once=True, document="d" * 32,
        dated_from=AT, dated_until=AT + timedelta(days=1),
    )  # fmt: skip
    refused = (RefusedRow("tyopaja", "handover", AT),)
    kinds: dict[str, tuple[tuple[Grant, ...], tuple[RefusedRow, ...], ConsentState, GiverKind]] = {
        "plain": ((plain,), (), ConsentState.GIVEN, GiverKind.CLIENT),
        "many": ((plain, unconfirmed, sensitive), refused, ConsentState.GIVEN, GiverKind.GUARDIAN),
        "withdrawn": ((sensitive,), (), ConsentState.WITHDRAWN, GiverKind.CLIENT),
        "refused": ((), refused, ConsentState.GIVEN, GiverKind.CLIENT),
    }
    for name, (grants, rows, state, giver) in kinds.items():
        consent = Consent(
            ConsentId("c" * 32), 2, ClientId("0" * 32), Giver(giver), Capture(CaptureMethod.VERBAL, "sote-keskus"),
            Shown("consent", 1, "fi", "plain", "ab" * 32), grants, rows, state, AT,
        )  # fmt: skip
        yield f"consent-{name}", orjson.dumps(to_fhir(consent, "pairwise-1", DIRECTORY, demo=True))


def write(files: Iterator[tuple[str, bytes]], folder: Path) -> list[Path]:
    written = []
    for name, body in files:
        path = folder / f"{name}.json"
        path.write_bytes(body)
        written.append(path)
    return written


@pytest.mark.needs_java
def test_everything_taken_in_and_emitted_is_r4_and_of_its_profile(tmp_path: Path) -> None:
    files = [path for source in (samples(), composed(), released(), answers()) for path in write(source, tmp_path)]
    assert len(files) > 100
    assert fhir_validator.validate(files, [PROFILES]) == []


@pytest.mark.needs_java
def test_our_profiles_and_code_systems_are_r4_themselves() -> None:
    findings = fhir_validator.validate(sorted(PROFILES.glob("*.json")), [PROFILES])
    # The validator makes no snapshot of an extension's definition while it judges the definition itself (it asks for a
    # package without a version); that it makes one while it judges documents is shown by the files that must fail.
    known = "Unable to resolve package id hl7.fhir.r4.core#null"
    assert [one for one in findings if known not in one.message] == []


@pytest.mark.needs_java
def test_consents_keep_the_rules_of_ihe_privacy_consent_on_fhir(tmp_path: Path) -> None:
    files = write(consents(), tmp_path)
    assert fhir_validator.validate(files, [fhir_validator.ihe_profiles(), PROFILES]) == []


Break = Callable[[dict[str, Any]], object]

BREAKS: dict[str, tuple[Break, str]] = {
    "work-ability-plan": (lambda d: d.pop("created"), "created"),
    "health-check-feedback": (lambda d: d["section"][0].pop("code"), "code"),
    "referral-summary": (lambda d: d.pop("authoredOn"), "authoredOn"),
    "activation-plan": (lambda d: d["category"][0]["coding"][0].update(code="work-ability-plan"), "category"),
    "work-assessment": (lambda d: d["section"][0].update(section=[d["section"][1]]), "section"),
    "interruption-notice": (lambda d: d["payload"][0].pop("extension"), "payload"),
    "self-assessment": (lambda d: d.update(valueString=str(d.pop("valueInteger"))), "value"),
    "therapist-feedback": (lambda d: d["type"]["coding"][0].update(code="handover"), "type"),
    "medical-statement-b": (lambda d: d["content"][0]["attachment"].pop("hash"), "hash"),
    "handover": (lambda d: d["for"].update(reference="Patient/1"), "reference"),
}
"""For each category something that is right by R4 and wrong by our profile, and the word that the finding must hold."""


def broken() -> Iterator[tuple[str, bytes]]:
    for category, (change, _) in BREAKS.items():
        document = copy.deepcopy(make_sample(category, DIRECTORY, CLIENT, AT))
        change(document_in(document))
        yield category, orjson.dumps(document)


@pytest.mark.needs_java
def test_each_profile_refuses_the_file_that_breaks_it_and_nothing_but_the_profile_does(tmp_path: Path) -> None:
    files = write(broken(), tmp_path)
    assert {path.stem for path in files} == set(DIRECTORY.categories)
    findings = fhir_validator.validate(files, [PROFILES])
    for category, (_, word) in BREAKS.items():
        told = [str(finding) for finding in findings if finding.file.stem == category]
        assert any(word in one for one in told), (category, told)


EXTENSION_BREAKS: dict[str, Break] = {
    "section": lambda d: d["payload"][0]["extension"][0].update(
        valueString=d["payload"][0]["extension"][0].pop("valueCode")
    ),
    "section-label": lambda d: d["extension"][0]["extension"].pop(),
    "referrer": lambda d: d["extension"][1].update(valueString=str(d["extension"][1].pop("valueIdentifier"))),
    "grant-category": lambda d: _marks(d)[0].update(valueCode=_marks(d)[0].pop("valueCoding")["code"]),
    "grant-once": lambda d: _marks(d)[1].update(valueBoolean=bool(_marks(d)[1].pop("valueCode"))),
    "grant-state": lambda d: _marks(d, 1)[1].update(valueString=_marks(d, 1)[1].pop("valueCode")),
    "wording": lambda d: d["sourceAttachment"]["extension"][0]["extension"].pop(),
    "capture": lambda d: d["extension"][0].update(valueCode=d["extension"][0].pop("valueCoding")["code"]),
}


def _marks(consent: dict[str, Any], row: int = 2) -> list[dict[str, Any]]:
    marks: list[dict[str, Any]] = consent["provision"]["provision"][row]["modifierExtension"]
    return marks


@pytest.mark.needs_java
def test_each_extension_refuses_the_file_that_breaks_it(tmp_path: Path) -> None:
    sources = dict(samples()) | dict(consents())
    files = []
    for name, change in EXTENSION_BREAKS.items():
        of_consent = name in ("wording", "capture") or name.startswith("grant-")
        document = orjson.loads(sources["consent-many" if of_consent else "taken-in-interruption-notice"])
        change(document)
        if of_consent:
            # R4 judges it, not IHE's profile.
            del document["meta"]["profile"]
        files += write(iter([(name, orjson.dumps(document))]), tmp_path)
    findings = fhir_validator.validate(files, [PROFILES])
    assert {finding.file.stem for finding in findings} == set(EXTENSION_BREAKS)


def test_every_category_has_its_profile_and_every_code_its_concept() -> None:
    for category, layout in DIRECTORY.layouts.items():
        profile = orjson.loads((PROFILES / f"StructureDefinition-saattaen-{category}.json").read_bytes())
        assert (profile["url"], profile["type"]) == (layout.profile, layout.resource)
    codes = {
        "category": set(DIRECTORY.categories),
        "section": {section for row in DIRECTORY.categories.values() for section in row.sections},
        "purpose": set(DIRECTORY.purposes),
        "role": set(DIRECTORY.roles),
        "capture": set(CAPTURE_METHODS),
    }
    for name, expected in codes.items():
        system = orjson.loads((PROFILES / f"CodeSystem-{name}.json").read_bytes())
        assert {concept["code"] for concept in system["concept"]} == expected
        assert system["count"] == len(expected)
