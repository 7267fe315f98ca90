"""What a FHIR Consent that we take in may consist of: the members that our record holds, and no other. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from adapters.fhir.structure import Fault
from adapters.fhir.terms import CAPTURE_EXTENSION
from gateway.disclosure.sections import Json

Shape: TypeAlias = "dict[str, Shape | None]"
"""Members that are known, as a tree; None is for a value that is no object. Lists are looked through."""

_CODING: Shape = {"system": None, "version": None, "code": None, "display": None}
_CONCEPT: Shape = {"coding": _CODING}
_IDENTIFIER: Shape = {"system": None, "value": None}
_REFERENCE: Shape = {"type": None, "identifier": _IDENTIFIER, "display": None}
_PERIOD: Shape = {"start": None, "end": None}
_VALUES: Shape = {"url": None, "valueString": None, "valuePositiveInt": None, "valueCode": None, "valueCoding": _CODING}
_ROW: Shape = {
    "id": None, "modifierExtension": _VALUES, "type": None, "period": _PERIOD,
    "actor": {"role": _CONCEPT, "reference": _REFERENCE}, "securityLabel": _CODING, "purpose": _CODING,
    "dataPeriod": _PERIOD, "data": {"meaning": None, "reference": _REFERENCE},
}  # fmt: skip
_CONSENT: Shape = {
    "resourceType": None, "id": None, "language": None,
    "meta": {"versionId": None, "lastUpdated": None, "source": None, "profile": None, "tag": _CODING},
    "extension": _VALUES, "identifier": _IDENTIFIER, "status": None, "scope": _CONCEPT, "category": _CONCEPT,
    "patient": _REFERENCE, "dateTime": None, "performer": _REFERENCE, "organization": _REFERENCE,
    "sourceAttachment": {
        "extension": {"url": None, "extension": _VALUES}, "contentType": None, "language": None, "title": None,
    },
    "policy": {"uri": None}, "policyRule": _CONCEPT, "provision": {"type": None, "provision": _ROW},
}  # fmt: skip


def shape_faults(resource: Json) -> Iterator[Fault]:
    """Return each member that our record has no place for: leaving it out could widen what the client chose."""
    yield from _faults(resource, _CONSENT, "Consent")
    extensions = resource.get("extension") if isinstance(resource, dict) else None
    for index, one in enumerate(extensions if isinstance(extensions, list) else ()):
        if not isinstance(one, dict) or one.get("url") != CAPTURE_EXTENSION:
            yield f"Consent.extension[{index}]", "is not taken"


def _faults(value: Json, shape: Shape | None, at: str) -> Iterator[Fault]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, shape, f"{at}[{index}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            if shape is None or name not in shape:
                yield f"{at}.{name}", "is not taken"
            else:
                yield from _faults(inner, shape[name], f"{at}.{name}")
