"""Consents as FHIR: what comes back is what went out, and nothing that our record cannot hold is taken in."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fhir.consent import ADVANCED, INTERMEDIATE, PARTICIPATION, to_fhir
from adapters.fhir.terms import ACT_REASON, DOCUMENT_SYSTEM, GRANT_ONCE_EXTENSION
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
from gateway.directory.load import load_directory
from gateway.errors import BodyInvalid
from tests.unit.fhir.consent_read_back import from_fhir

DIRECTORY = load_directory(Path(__file__).parents[3] / "gateway" / "demo" / "world.yaml")
AT = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

instants = st.timedeltas(timedelta(0), timedelta(days=3650)).map(lambda span: datetime(2020, 1, 1, tzinfo=UTC) + span)
rows = st.builds(
    lambda once, span, **values: GrantRow(**values, once=once, until=values["valid_from"] + span),
    once=st.booleans(),
    span=st.timedeltas(timedelta(microseconds=1), timedelta(days=365)),
    custodian=st.sampled_from(sorted(DIRECTORY.services)),
    recipient=st.sampled_from(sorted(DIRECTORY.services)),
    category=st.sampled_from(sorted(DIRECTORY.categories)),
    purpose=st.sampled_from(sorted(DIRECTORY.purposes)),
    valid_from=instants,
    sensitivities=st.frozensets(st.sampled_from(sorted(DIRECTORY.sensitivities))),
    document=st.none() | st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    dated_from=st.none() | instants,
    dated_until=st.none() | instants,
)
grants = st.builds(
    lambda number, row, by_rule, confirmed, spent, ended: Grant(
        GrantId(f"{number:032x}"), row, row.once or by_rule, confirmed, spent, ended
    ),
    st.integers(0, 2**64),
    rows,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
refusals = st.builds(
    RefusedRow,
    st.sampled_from(sorted(DIRECTORY.services)),
    st.sampled_from(sorted(DIRECTORY.categories)),
    st.none() | instants,
)
shown = st.builds(
    Shown,
    st.just("consent"),
    st.integers(1, 99),
    st.sampled_from(["fi", "sv", "en"]),
    st.just("plain"),
    st.just("ab" * 32),
)


def consent(**changes) -> Consent:
    values = {
        "id": ConsentId("c" * 32),
        "version": 1,
        "client": ClientId("0" * 32),
        "giver": Giver(),
        "capture": Capture(CaptureMethod.SELF_SERVICE),
        "shown": Shown("consent", 1, "fi", "plain", "ab" * 32),
        "grants": (grant(),),
        "refused": (),
        "state": ConsentState.GIVEN,
        "given_at": AT,
    }
    return Consent(**(values | changes))


def grant(**changes) -> Grant:
    row = {
        "custodian": "sote-keskus",
        "recipient": "kela",
        "category": "work-ability-plan",
        "purpose": "rehabilitation-decision",
        "valid_from": AT,
        "until": AT + timedelta(days=180),
    }
    return Grant(GrantId("1" * 32), GrantRow(**(row | changes)), False, True)


@given(st.lists(grants, min_size=1, max_size=4), st.lists(refusals, max_size=2), shown, instants)
def test_what_comes_back_is_what_went_out(given_grants, given_refusals, words, given_at) -> None:
    one = consent(grants=tuple(given_grants), refused=tuple(given_refusals), shown=words, given_at=given_at)
    back = from_fhir(to_fhir(one, "pairwise-1", DIRECTORY), DIRECTORY)
    assert back.grants == one.grants
    assert back.refused == one.refused
    assert back.shown == one.shown
    assert back.given_at == one.given_at
    assert back.client == ("https://saattaen.example/fhir/sid/client", "pairwise-1")


@given(grants)
def test_a_row_permits_only_where_the_grant_may_open_something(one: Grant) -> None:
    row = to_fhir(consent(grants=(one,)), "p", DIRECTORY)["provision"]["provision"][0]
    assert (row["type"] == "permit") is (one.confirmed and not one.spent and not one.ended)


def test_pcf_s_rules_are_kept() -> None:
    resource = to_fhir(consent(grants=(grant(), grant(sensitivities=frozenset({"health"})))), "p", DIRECTORY, demo=True)
    assert resource["meta"]["profile"] == [ADVANCED]
    assert to_fhir(consent(), "p", DIRECTORY)["meta"]["profile"] == [INTERMEDIATE]
    assert resource["provision"]["type"] == "deny"
    assert "verification" not in resource
    for row in resource["provision"]["provision"]:
        assert not row.keys() & {"action", "class", "code", "provision"}
    assert [label["code"] for label in resource["provision"]["provision"][1]["securityLabel"]] == ["N", "R"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "active"),
        ({"state": ConsentState.WITHDRAWN}, "inactive"),
        ({"state": ConsentState.ENDED}, "inactive"),
        ({"grants": (), "refused": (RefusedRow("kela", "handover"),)}, "rejected"),
    ],
)
def test_the_status_follows_the_consent(changes, status) -> None:
    assert to_fhir(consent(**changes), "p", DIRECTORY)["status"] == status


def test_a_representative_gives_as_a_related_person() -> None:
    resource = to_fhir(consent(giver=Giver(GiverKind.GUARDIAN, "register-1")), "p", DIRECTORY)
    assert resource["performer"] == [{"type": "RelatedPerson", "display": "guardian"}]


def _faulty(change) -> list[str]:
    resource = copy.deepcopy(to_fhir(consent(), "p", DIRECTORY))
    change(resource)
    with pytest.raises(BodyInvalid) as refused:
        from_fhir(resource, DIRECTORY)
    return [place for place, _ in refused.value.faults]


ROW = "Consent.provision.provision[0]"
LIMITS = {"extension": [{"url": "http://x.example/only", "valueString": "on Mondays"}]}
ONCE = {"url": GRANT_ONCE_EXTENSION, "valueCode": "twice"}


def _actor(role: str) -> dict[str, object]:
    return {"role": {"coding": [{"system": PARTICIPATION, "code": role}]}, "reference": {"display": "Dr X only"}}


def _instance(identifier: dict[str, str]) -> dict[str, object]:
    return {"meaning": "instance", "reference": {"identifier": identifier}}


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (lambda c: c["provision"].update(type="permit"), ["Consent.provision.type"]),
        (lambda c: c["provision"].update(purpose=[{"code": "TREAT"}]), ["Consent.provision.purpose"]),
        (lambda c: c.update(status="draft"), ["Consent.status"]),
        (lambda c: c.update(verification=[{"verified": True}]), ["Consent.verification"]),
        (lambda c: c.update(nope=1), ["Consent.nope"]),
        (lambda c: _row(c).update(action=[{"text": "x"}]), [f"{ROW}.action"]),
        (lambda c: _row(c).update(provision=[{"type": "deny"}]), [f"{ROW}.provision"]),
        (lambda c: _row(c).pop("modifierExtension"), [f"{ROW}.modifierExtension"]),
        (lambda c: _row(c)["modifierExtension"].append({"url": "http://x.example"}), [f"{ROW}.modifierExtension"]),
        (lambda c: _row(c).update(purpose=[{"code": "care"}]), [f"{ROW}.purpose"]),
        (lambda c: _row(c).update(securityLabel=[{"code": "HIV"}]), [f"{ROW}.securityLabel"]),
        (lambda c: _row(c)["actor"].pop(0), [f"{ROW}.actor"]),
        (lambda c: _row(c)["actor"][1]["reference"]["identifier"].update(value="nowhere"), [f"{ROW}.actor"]),
        (lambda c: _row(c).update(data=[{"meaning": "related", "reference": {"display": "x"}}]), [f"{ROW}.data"]),
        (lambda c: _row(c).pop("period"), [f"{ROW}.period.start", f"{ROW}.period.end"]),
        (lambda c: c["sourceAttachment"].pop("extension"), ["Consent.sourceAttachment.extension"]),
        (lambda c: c["patient"].pop("identifier"), ["Consent.patient.identifier"]),
        (lambda c: _row(c)["actor"].append(_actor("PRCP")), [f"{ROW}.actor"]),
        (lambda c: _row(c)["actor"][0].update(LIMITS), [f"{ROW}.actor[0].extension"]),
        (
            lambda c: _row(c)["actor"][0]["reference"].update(reference="Practitioner/1"),
            [f"{ROW}.actor[0].reference.reference"],
        ),
        (lambda c: _row(c)["period"].update(LIMITS), [f"{ROW}.period.extension"]),
        (lambda c: _row(c).update(dataPeriod=dict(LIMITS)), [f"{ROW}.dataPeriod.extension"]),
        (lambda c: _row(c).update(dataPeriod={}), [f"{ROW}.dataPeriod"]),
        (lambda c: _row(c).update(data=[_instance({"system": DOCUMENT_SYSTEM})]), [f"{ROW}.data"]),
        (lambda c: _row(c)["purpose"].append({"system": ACT_REASON, "code": "HRESCH"}), [f"{ROW}.purpose"]),
        (lambda c: _row(c)["modifierExtension"].append(ONCE), [f"{ROW}.modifierExtension"]),
        (lambda c: c["extension"].extend(LIMITS["extension"]), ["Consent.extension[1]"]),
        (lambda c: c["meta"].update(security=[{"code": "R"}]), ["Consent.meta.security"]),
        (lambda c: c["scope"]["coding"][0].update(code="research"), ["Consent.scope"]),
        (lambda c: c.update(performer=[{"type": "RelatedPerson", "display": "guardian"}]), ["Consent.performer"]),
    ],
)
def test_what_our_record_cannot_hold_is_a_fault_with_its_place(change, places) -> None:
    assert _faulty(change) == places


def _row(resource):
    return resource["provision"]["provision"][0]


@pytest.mark.parametrize(
    ("end", "until"),
    [
        ("2027-05-30", "2027-05-30T21:00:00+00:00"),
        ("2027-05-30T12:00:00+03:00", "2027-05-30T09:00:00+00:00"),
        ("2027-05-30T23:59:59.999999+03:00", "2027-05-30T21:00:00+00:00"),
    ],
)
def test_an_inclusive_end_becomes_the_exclusive_one_that_is_not_later_than_meant(end, until) -> None:
    resource = to_fhir(consent(), "p", DIRECTORY)
    _row(resource)["period"]["end"] = end
    assert from_fhir(resource, DIRECTORY).grants[0].row.until == datetime.fromisoformat(until)


def test_ihe_s_examples_are_read_or_refused_without_a_crash(shared) -> None:
    examples = sorted(shared("vectors/ihe-pcf").glob("Consent-*.json"))
    assert examples
    for path in examples:
        with pytest.raises(BodyInvalid):
            from_fhir(orjson.loads(path.read_bytes()), DIRECTORY)
