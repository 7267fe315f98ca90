"""Document Bundles: a Composition travels in one, alone."""

from __future__ import annotations

from adapters.fhir.structure import Fault
from gateway.directory.instants import parse_instant
from gateway.disclosure.sections import Document, Json

_KEYS = frozenset({"resourceType", "id", "meta", "language", "identifier", "type", "timestamp", "entry"})
COMPOSITION_AT = "Bundle.entry[0].resource"


def composition_in(bundle: Document) -> tuple[Document | None, list[Fault]]:
    """Return the Composition of a document Bundle and the faults of the Bundle around it; None where there is none."""
    faults = [(f"Bundle.{key}", "is not taken in a document Bundle") for key in sorted(bundle.keys() - _KEYS)]
    if bundle.get("type") != "document":
        faults.append(("Bundle.type", "document is expected"))
    identifier = bundle.get("identifier")
    if not isinstance(identifier, dict) or not identifier.get("system") or not identifier.get("value"):
        faults.append(("Bundle.identifier", "an identifier with system and value is expected"))
    if not _is_instant(bundle.get("timestamp")):
        faults.append(("Bundle.timestamp", "an instant with its offset is expected"))
    entries = bundle.get("entry")
    entry = entries[0] if isinstance(entries, list) and entries else None
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(resource, dict) or resource.get("resourceType") != "Composition":
        faults.append(("Bundle.entry[0].resource", "a Composition is expected"))
    elif isinstance(entries, list) and len(entries) > 1:
        faults.append(("Bundle.entry[1]", "the Composition is the one entry; name others by logical references"))
    return (resource if isinstance(resource, dict) else None), faults


def _is_instant(value: Json) -> bool:
    try:
        return isinstance(value, str) and "T" in value and parse_instant(value) is not None
    except ValueError:
        return False
