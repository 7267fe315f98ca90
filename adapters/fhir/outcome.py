"""OperationOutcome: how every refusal and fault is said under /fhir."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from adapters.fhir.terms import REASON_SYSTEM
from gateway.disclosure.sections import Document, Json


def outcome(
    code: str, issue_type: str, diagnostics: str, faults: Iterable[tuple[str, str]] = (), *, severity: str = "error"
) -> bytes:
    """Return an OperationOutcome: one issue for each fault with its place, or a single one.

    *issue_type* is FHIR's (`forbidden`, `not-found`, `invalid`, `throttled` ...), *code* ours; the caller's table pairs
    them. *diagnostics* and faults must hold nothing of a document or person.
    """
    listed = list(faults)
    issues: list[Json] = [_issue(code, issue_type, severity, says, place) for place, says in listed]
    if not listed:
        issues.append(_issue(code, issue_type, severity, diagnostics, None))
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})


def _issue(code: str, issue_type: str, severity: str, diagnostics: str, place: str | None) -> Document:
    issue: Document = {
        "severity": severity,
        "code": issue_type,
        "details": {"coding": [{"system": REASON_SYSTEM, "code": code}]},
    }
    if diagnostics:
        issue["diagnostics"] = diagnostics
    if place is not None:
        issue["expression"] = [place]
    return issue
