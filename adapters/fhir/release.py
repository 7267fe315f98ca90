"""Documents on their way out: what a projection has left becomes a resource again, as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

import orjson

from adapters.fhir.labels import label_coding
from adapters.fhir.terms import ACT_REASON, BASE, CLIENT_SYSTEM, DEMO_TAG, DOCUMENT_SYSTEM
from gateway.directory.instants import HELSINKI, parse_instant
from gateway.directory.layout import Layout
from gateway.disclosure.sections import Document, Json

_NEEDS_SUBJECT = {"Goal": "subject", "CareTeam": "subject", "Task": "for"}


def render(
    minimised: Document, document: str, layout: Layout, labels: Sequence[str], client: str, *, demo: bool = False
) -> bytes:
    """Return the released resource: what `minimise` left, with id, profile, labels and the recipient's own reference.

    *document* is our id of it, *labels* are the HL7 codes of the sensitivities of what is released (`R`, `PSY`, `ETH`),
    never of what was dropped, and *client* is the recipient's pairwise reference. A Composition comes in a document
    Bundle. The bytes depend on the arguments alone: no clock, no chance, so that one ETag means one answer.
    """
    who: Document = {"type": "Patient", "identifier": {"system": CLIENT_SYSTEM, "value": client}}
    meta: Document = {"profile": [layout.profile]}
    if labels:
        meta["security"] = [label_coding(code) for code in sorted(set(labels))]
    if demo:
        meta["tag"] = [{"system": ACT_REASON, "code": DEMO_TAG}]
    resource: Document = {"resourceType": minimised["resourceType"], "id": document, "meta": meta}
    if contained := minimised.get("contained"):
        resource["contained"] = (
            [_with_subject(inner, who) for inner in contained] if isinstance(contained, list) else []
        )
    resource[layout.subject] = who
    for element, value in minimised.items():
        if element not in ("resourceType", "contained", layout.subject):
            resource[element] = value
    if resource["resourceType"] == "Composition":
        return orjson.dumps(_document_bundle(resource, document, layout, demo))
    return orjson.dumps(resource)


def searchset(
    entries: Sequence[tuple[str, bytes]], self_link: str, next_link: str | None = None, incomplete: bool = False
) -> bytes:
    """Return the searchset Bundle of rendered documents, each with its full address, joined by their bytes.

    It tells no total: how many there are beside those shown is nobody's business. Links must not hold an identifier.
    *incomplete* says so with an outcome: a custodian that may be asked did not answer.
    """
    links: list[Json] = [{"relation": "self", "url": self_link}]
    if next_link is not None:
        links.append({"relation": "next", "url": next_link})
    head = b'{"resourceType":"Bundle","type":"searchset","link":' + orjson.dumps(links)
    if not entries:
        return head + b"}"
    joined = b",".join(
        b'{"fullUrl":' + orjson.dumps(address) + b',"resource":' + entry + b',"search":{"mode":"match"}}'
        for address, entry in entries
    )
    return head + b',"entry":[' + joined + (b"," + _INCOMPLETE if incomplete else b"") + b"]}"


_INCOMPLETE = orjson.dumps(
    {
        "resource": {
            "resourceType": "OperationOutcome",
            "issue": [
                {
                    "severity": "warning",
                    "code": "incomplete",
                    "diagnostics": "A custodian did not answer: there may be more than what is shown. Search again.",
                }
            ],
        },
        "search": {"mode": "outcome"},
    }
)


def _with_subject(inner: Json, who: Document) -> Json:
    if not isinstance(inner, dict):
        return inner
    element = _NEEDS_SUBJECT.get(str(inner.get("resourceType")))
    return inner if element is None else {**inner, element: who}


def _document_bundle(composition: Document, document: str, layout: Layout, demo: bool) -> Document:
    meta: Document = {"tag": [{"system": ACT_REASON, "code": DEMO_TAG}]} if demo else {}
    bundle: Document = {"resourceType": "Bundle", "id": document}
    if meta:
        bundle["meta"] = meta
    return bundle | {
        "identifier": {"system": DOCUMENT_SYSTEM, "value": document},
        "type": "document",
        # A document Bundle needs an instant; the document's own date is the one that stays the same at each release.
        "timestamp": parse_instant(str(composition[layout.dated])).astimezone(HELSINKI).isoformat(),
        "entry": [
            {"fullUrl": f"urn:uuid:{uuid5(NAMESPACE_URL, f'{BASE}/Composition/{document}')}", "resource": composition}
        ],
    }
