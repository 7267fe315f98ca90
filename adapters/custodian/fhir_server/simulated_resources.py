"""Where the resources of the simulated server say their category and client."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.disclosure.sections import Document, Json

CATEGORY_OF = {"Composition": "type", "DocumentReference": "type", "Task": "code"}
"""The element with the category, and its search parameter; `category` of the other types."""
PERSON_OF = {"Task": "for"}
"""The element with the client; `subject` of the other types."""


def meta_of(content: Document) -> Document:
    """Return what a resource says about itself."""
    meta = content.get("meta")
    return meta if isinstance(meta, dict) else {}


def patient_of(kind: str, content: Document) -> str | None:
    """Return the id of the Patient that a resource refers to, None where it refers to none."""
    person = content.get(PERSON_OF.get(kind, "subject"))
    reference = person.get("reference") if isinstance(person, dict) else None
    return reference.removeprefix("Patient/") if isinstance(reference, str) else None


def codings_in(value: Json) -> Iterator[str]:
    """Yield each coding of one or several CodeableConcepts, as a search says it."""
    for concept in value if isinstance(value, list) else [value]:
        codings = concept.get("coding") if isinstance(concept, dict) else None
        for coding in codings if isinstance(codings, list) else ():
            if isinstance(coding, dict):
                yield f"{coding.get('system')}|{coding.get('code')}"


def identifiers_in(value: Json) -> Iterator[str]:
    """Yield each identifier, as a search says it."""
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            yield f"{one.get('system')}|{one.get('value')}"
