"""The CapabilityStatement: what the gateway speaks, read off the directory's categories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from adapters.fhir.terms import BASE, CATEGORY_SYSTEM
from gateway.directory.identity_code import NATIONAL_AUTHORITY
from gateway.directory.model import Directory
from gateway.disclosure.sections import Document, Json

_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"

_SECURITY_TEXT = (
    "OAuth 2.0 client credentials with a signed assertion (private_key_jwt), tokens bound by DPoP or certificate. The "
    "token is bound to organisation, service, role and purpose of use. `Saattaen-Purpose` repeats the purpose; "
    "`Saattaen-Basis` limits a request to one legal basis. Every refusal is one and the same answer."
)


def capability(
    directory: Directory,
    base_url: str,
    token_url: str,
    software_version: str,
    published: datetime,
    *,
    demo: bool = False,
) -> Document:
    """Return the statement for a gateway at *base_url* (without `/fhir`), as it stands at *published*.

    It tells what kinds of documents there are, never whether anybody has one.
    """
    resources: dict[str, list[str]] = {}
    for category in directory.categories.values():
        layout = directory.layout(category.code)
        if layout is not None and category.period.contains(published):
            resources.setdefault(category.resource, []).append(layout.profile)
    security: Document = {
        "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}], "text": "OAuth 2.0"}],
        "description": f"{_SECURITY_TEXT} Token endpoint: {token_url}; see /fhir/.well-known/smart-configuration.",
    }
    rest: Document = {
        "mode": "server",
        "security": security,
        "resource": [_resource(kind, profiles) for kind, profiles in sorted(resources.items())],
    }
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{BASE}/CapabilityStatement/saattaen",
        "version": software_version,
        "name": "Saattaen",
        "title": "Saattaen, a consent-aware data gateway",
        "status": "active",
        "experimental": demo,
        "date": published.isoformat(),
        "kind": "instance",
        "software": {"name": "Saattaen", "version": software_version},
        "implementation": {"description": "Saattaen gateway", "url": f"{base_url}/fhir"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [rest],
    }


def _resource(kind: str, profiles: Sequence[str]) -> Document:
    # A Composition travels as a document Bundle, and is found as one.
    served = "Bundle" if kind == "Composition" else kind
    resource: Document = {"type": served}
    supported: list[Json] = [*profiles]
    if served == kind:
        resource["supportedProfile"] = supported
    else:
        resource["documentation"] = f"Document Bundles; the {kind} conforms to one of: {', '.join(profiles)}"
    interactions: list[Json] = [
        {"code": "read"},
        {"code": "search-type", "documentation": "By POST to _search alone: an identifier never stands in a URL"},
        {"code": "create", "documentation": "A custodian deposits a document"},
        {"code": "update", "documentation": "A custodian replaces its own, with If-Match"},
    ]
    parameters: list[Json] = [
        {
            "name": "patient.identifier",
            "type": "token",
            "documentation": f"The client, as {NATIONAL_AUTHORITY}|value; required, in the body",
        },
        {"name": "category", "type": "token", "documentation": f"A code of {CATEGORY_SYSTEM}"},
        {"name": "_count", "type": "number", "documentation": "At most 50"},
    ]
    return resource | {
        "interaction": interactions,
        "versioning": "versioned-update",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchParam": parameters,
    }
