"""Laws of R4's compiled forms: they take nothing that the models of `fhir.resources` refuse, and they take what we
have samples of."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.fhir.r4_forms import is_plainly_r4
from adapters.fhir.samples import make_sample
from gateway.demo.world import load_world
from gateway.directory.identity_code import Identifier
from gateway.disclosure.minimise import document_in

WORLD = load_world()
PERSON = Identifier.personal(WORLD.clients["suvi"].code)
AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def _sample(category: str, labels: tuple[str, ...] = ()) -> dict[str, Any]:
    made = make_sample(category, WORLD.directory, PERSON, AT, labels, custodian="sote-keskus", referrer=None)
    return deepcopy(dict(document_in(made)))


SAMPLES = {category: _sample(category) for category in WORLD.directory.categories}
# Elements that no sample has, so that choices, dates, numbers and nested circles are met too.
MORE: dict[str, dict[str, Any]] = {
    "CarePlan": {
        "note": [{"authorString": "a", "time": "2026-01-01T10:00:00Z", "text": "b"}], "period": {"start": "2026"},
    },
    "Observation": {
        "issued": "2026-01-01T10:00:00.000+02:00",
        "component": [{"code": {"text": "a"}, "valueInteger": 3}, {"code": {"text": "a"}, "valueTime": "10:00:00"}],
        "referenceRange": [{"low": {"value": 1}, "text": "x"}],
    },
    "ServiceRequest": {"asNeededBoolean": True, "quantityQuantity": {"value": 1.5, "comparator": "<"}},
    "Task": {
        "input": [{"type": {"text": "a"}, "valueBase64Binary": "YWJj"}],
        "restriction": {"repetitions": 1, "period": {"end": "2026-03-01"}},
        "output": [{"type": {"text": "a"}, "valueUrl": "https://a.example", "id": "o-1"}],
    },
}  # fmt: skip
ODD: tuple[Any, ...] = (
    None, "", " ", "x", "2026-13-01", "2026-02-30", "2026-01-01T10:00:00", "2026-01-01T23:59:60Z", 0, -1, 1.5, 2**40,
    True, "true", "1", [], {}, [None], [{}], [[]], "not a code ", "a\u0000b", {"text": "a"}, [{"text": "a"}],
    {"resourceType": "Patient"}, {"extension": [{"url": "a"}]}, {"reference": "a", "display": ""},
    {"resourceType": "Goal", "lifecycleStatus": "active", "description": {"text": "a"}, "subject": {"display": "b"}},
)  # fmt: skip
NAMES = (
    "resourceType", "id", "status", "_status", "extension", "fhir_comments", "contained", "text", "value", "code",
    "valueString", "valueInteger", "authorReference", "startDate", "startCodeableConcept", "period", "unknown",
    "resource_type", "class_fhir", "language", "meta", "identifier", "assigner",
)  # fmt: skip


def _richest(category: str) -> dict[str, Any]:
    sample = deepcopy(SAMPLES[category])
    return sample | deepcopy(MORE.get(sample["resourceType"], {}))


def _takes(resource: dict[str, Any]) -> bool:
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except Exception:
        # However the library says no, it is one.
        return False
    return True


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (object or list, key or index) in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def _spoil(resource: dict[str, Any], draw: Random) -> None:
    holder, key = draw.choice(_places(resource))
    match draw.choice(("take away", "put", "put beside", "wrap", "double", "swap")):
        case "take away":
            del holder[key]
        case "put":
            holder[key] = deepcopy(draw.choice(ODD))
        case "put beside" if isinstance(holder, dict):
            holder[draw.choice(NAMES)] = deepcopy(draw.choice(ODD))
        case "wrap":
            holder[key] = [holder[key]]
        case "double" if isinstance(holder, list):
            holder.append(holder[key])
        case _:
            other, there = draw.choice(_places(resource))
            holder[key] = deepcopy(other[there])


@pytest.mark.parametrize("category", SAMPLES)
def test_what_we_have_samples_of_needs_no_second_look(category: str) -> None:
    for sample in (_sample(category), _sample(category, ("health",)), _richest(category)):
        assert _takes(sample)
        assert is_plainly_r4(sample)


@settings(max_examples=1500)
@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 2**32), st.integers(1, 3))
def test_nothing_is_taken_that_the_models_refuse(category: str, seed: int, times: int) -> None:
    resource, draw = _richest(category), Random(seed)
    for _ in range(times):
        _spoil(resource, draw)
    if is_plainly_r4(resource):
        assert _takes(resource)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"_status": {"extension": [{"url": "a", "valueCode": "b"}]}}, {"fhir_comments": "a"}, {"title": None},
        {"contained": [{"resourceType": "Patient"}]}, {"unknown": 1}, {"status": 1}, {"subject": [{}]},
        {"note": [{"authorString": "a", "authorReference": {"display": "b"}, "text": "c"}]}, {"note": [{}]},
        {"created": "2026-02-30"}, {"resourceType": "Patient"}, {"activity": [None]},
    ],
)  # fmt: skip
def test_what_only_the_models_may_judge_is_left_to_them(spoilt: dict[str, Any]) -> None:
    assert not is_plainly_r4(SAMPLES["work-ability-plan"] | spoilt)
