"""Security labels: a client's sensitivities as HL7 codings, and back."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.fhir.structure import Fault
from adapters.fhir.terms import ACT_CODE, CONFIDENTIALITY, LABEL_EXTENSION, REFERRER_EXTENSION
from gateway.directory.model import Directory
from gateway.disclosure.cut import SERVICE_SYSTEM
from gateway.disclosure.sections import Document, Json

_CONFIDENTIALITY_CODES = frozenset({"U", "L", "M", "N", "R", "V"})


def label_coding(code: str) -> Document:
    """Return the coding of a label's code: `R` and `N` are degrees, the others kinds of information."""
    return {"system": CONFIDENTIALITY if code in _CONFIDENTIALITY_CODES else ACT_CODE, "code": code}


def label_codings(sensitivities: Iterable[str], directory: Directory) -> list[Json]:
    """Return the codings of sensitivities, in the directory's order. Raises KeyError for one that it does not have."""
    asked = set(sensitivities)
    if unknown := asked - directory.sensitivities.keys():
        raise KeyError(f"no such sensitivity: {', '.join(sorted(unknown))}")
    return [label_coding(row.label) for code, row in directory.sensitivities.items() if code in asked]


def sensitivity_of(coding: Json, directory: Directory) -> str | None:
    """Return the sensitivity that a coding says, the empty string for `N` (none), None for a label unknown here."""
    if not isinstance(coding, dict):
        return None
    system, code = coding.get("system"), coding.get("code")
    if (system, code) == (CONFIDENTIALITY, "N"):
        return ""
    for sensitivity, row in directory.sensitivities.items():
        expected = label_coding(row.label)
        if (system, code) == (expected["system"], expected["code"]):
            return sensitivity
    return None


def whole_labels(resource: Document, root: str, directory: Directory, faults: list[Fault]) -> frozenset[str]:
    """Return the sensitivities of the whole document; a label that is unknown here is added to *faults*."""
    meta = resource.get("meta")
    codings = meta.get("security") if isinstance(meta, dict) else None
    found: set[str] = set()
    for index, coding in enumerate(codings if isinstance(codings, list) else ()):
        sensitivity = sensitivity_of(coding, directory)
        if sensitivity is None:
            faults.append((f"{root}.meta.security[{index}]", "is not a security label that is known here"))
        elif sensitivity:
            found.add(sensitivity)
    return frozenset(found)


def added_by_deposit(
    resource: Document, root: str, directory: Directory, present: set[str], faults: list[Fault]
) -> tuple[dict[str, frozenset[str]], str | None]:
    """Return the labels added to sections and the service that referred the client."""
    added: dict[str, frozenset[str]] = {}
    referrers: list[str] = []
    extensions = resource.get("extension")
    for index, extension in enumerate(extensions if isinstance(extensions, list) else ()):
        at = f"{root}.extension[{index}]"
        if not isinstance(extension, dict):
            continue
        if extension.get("url") == LABEL_EXTENSION:
            section, coding = _member(extension, "section", "valueCode"), _member(extension, "label", "valueCoding")
            sensitivity = sensitivity_of(coding, directory)
            if not isinstance(section, str) or section not in present:
                faults.append((f"{at}.extension", "a section of this document is expected in `section`"))
            elif sensitivity is None:
                faults.append((f"{at}.extension", "a security label that is known here is expected in `label`"))
            elif sensitivity:
                added[section] = added.get(section, frozenset()) | {sensitivity}
        elif extension.get("url") == REFERRER_EXTENSION:
            identifier = extension.get("valueIdentifier")
            value = identifier.get("value") if isinstance(identifier, dict) else None
            known = isinstance(identifier, dict) and identifier.get("system") == SERVICE_SYSTEM
            if not known or not isinstance(value, str) or directory.service(value) is None or referrers:
                faults.append((f"{at}.valueIdentifier", "one service of this directory is expected"))
            else:
                referrers.append(value)
    return added, referrers[0] if referrers else None


def _member(extension: Document, url: str, value: str) -> Json:
    inner = extension.get("extension")
    found = (
        [item.get(value) for item in inner if isinstance(item, dict) and item.get("url") == url]
        if isinstance(inner, list)
        else []
    )
    return found[0] if len(found) == 1 else None
