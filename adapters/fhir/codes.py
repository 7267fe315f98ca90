"""The required codes of FHIR R4 that `fhir.resources` does not hold a document to, for the resources that we take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.disclosure.sections import Json

_REQUEST_STATUS = frozenset("draft active on-hold revoked completed entered-in-error unknown".split())
_REQUEST_INTENT = frozenset(
    "proposal plan directive order original-order reflex-order filler-order instance-order option".split()
)
_PRIORITY = frozenset("routine urgent asap stat".split())
_NARRATIVE = frozenset("generated extensions additional empty".split())
_CONFIDENTIALITY = frozenset("U L M N R V".split())
_COMPOSITION_STATUS = frozenset("preliminary final amended entered-in-error".split())

REQUIRED_CODES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "CarePlan": {
        "status": _REQUEST_STATUS,
        "intent": frozenset("proposal plan order option".split()),
        "text.status": _NARRATIVE,
        "activity.detail.kind": frozenset(
            "Appointment CommunicationRequest DeviceRequest MedicationRequest NutritionOrder Task ServiceRequest "
            "VisionPrescription".split()
        ),
        "activity.detail.status": frozenset(
            "not-started scheduled in-progress on-hold completed cancelled stopped unknown entered-in-error".split()
        ),
    },
    "Goal": {
        "lifecycleStatus": frozenset(
            "proposed planned accepted active on-hold completed cancelled entered-in-error rejected".split()
        ),
    },
    "CareTeam": {"status": frozenset("proposed active suspended inactive entered-in-error".split())},
    "Composition": {
        "status": _COMPOSITION_STATUS,
        "confidentiality": _CONFIDENTIALITY,
        "text.status": _NARRATIVE,
        "attester.mode": frozenset("personal professional legal official".split()),
        "section.mode": frozenset("working snapshot changes".split()),
        "section.text.status": _NARRATIVE,
        "relatesTo.code": frozenset("replaces transforms signs appends".split()),
    },
    "ServiceRequest": {
        "status": _REQUEST_STATUS,
        "intent": _REQUEST_INTENT,
        "priority": _PRIORITY,
        "text.status": _NARRATIVE,
    },
    "Task": {
        "status": frozenset(
            "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed "
            "entered-in-error".split()
        ),
        "intent": _REQUEST_INTENT - {"directive"} | {"unknown"},
        "priority": _PRIORITY,
        "text.status": _NARRATIVE,
    },
    "Communication": {
        "status": frozenset(
            "preparation in-progress not-done on-hold stopped completed entered-in-error unknown".split()
        ),
        "priority": _PRIORITY,
        "text.status": _NARRATIVE,
    },
    "Observation": {
        "status": frozenset(
            "registered preliminary final amended corrected cancelled entered-in-error unknown".split()
        ),
        "text.status": _NARRATIVE,
    },
    "DocumentReference": {
        "status": frozenset("current superseded entered-in-error".split()),
        "docStatus": _COMPOSITION_STATUS,
        "text.status": _NARRATIVE,
        "relatesTo.code": frozenset("replaces transforms signs appends".split()),
    },
}
"""Resource type -> element -> the codes that its required binding allows. Other types are not taken."""


def code_faults(resource: Mapping[str, Json], at: str) -> Iterator[tuple[str, str]]:
    """Yield a fault for each required code of the resource that its binding does not have."""
    for dotted, allowed in REQUIRED_CODES.get(str(resource.get("resourceType")), {}).items():
        for path, value in _values(dict(resource), dotted.split("."), at):
            if not isinstance(value, str) or value not in allowed:
                yield path, f"one of {', '.join(sorted(allowed))} is expected"


def _values(value: Json, steps: list[str], at: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values(item, steps, f"{at}[{index}]")
    elif not steps:
        yield at, value
    elif isinstance(value, dict) and steps[0] in value:
        yield from _values(value[steps[0]], steps[1:], f"{at}.{steps[0]}")
