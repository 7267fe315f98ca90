"""What is written in the log about a request: facts of the decision, never content.

Section s tells of the client and of what was relied on, a of the person and system that asked, b of the rest. The three
are sealed under keys that die at different times (`audit.entry`). A party is shown a and b of its own releases, never
s: a consent's version or an epoch would tell it of what happened between the client and others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.entry import Draft, IndexRow
from gateway.disclosure.decision import Permit, RelianceGrant
from gateway.disclosure.held import Fetched
from gateway.disclosure.request import Action, DisclosureRequest
from gateway.disclosure.snapshot import UNMET, DocumentFacts, Epochs


@dataclass(frozen=True, slots=True)
class ReleasedDocument:
    """One document of a release: what was judged, under which permit, and the digest of the bytes that leave."""

    document: DocumentFacts
    permit: Permit
    digest: str
    size: int
    fetched: Fetched | None = None


def refusal(
    event_id: str, request: DisclosureRequest, client: str, category: str, document: DocumentFacts | None,
    reason: str, epochs: Epochs, policy: str, directory: str, *, outcome: str = "deny", note: str | None = None,
) -> Draft:  # fmt: skip
    """Return the entry of a refused request: kind `decision` on a read, `search` on a search."""
    body = _body(request, category, policy, directory) | {"reasons": [reason]}
    if document is None or document.id == UNMET:
        body["custodian"] = None if document is None else document.custodian
    else:
        body["documents"] = [{"id": document.id, "version": document.version, "custodian": document.custodian}]
    if note is not None:
        body["note"] = note
    kind = "decision" if request.action is Action.READ else "search"
    subject = {"client": client, "epochs": _epochs(epochs)}
    return _draft(event_id, kind, outcome, request, subject, body, document.custodian if document else None, None)


def disclosure(
    event_id: str, request: DisclosureRequest, client: str, category: str, released: Sequence[ReleasedDocument],
    epochs: Epochs, policy: str, directory: str, digest: str, size: int,
) -> Draft:  # fmt: skip
    """Return the entry of a release: kind `disclosure` on a read, `search` on a search, with every id it names."""
    body = _body(request, category, policy, directory)
    body |= {"documents": [_released(row) for row in released], "response": {"sha256": digest, "bytes": size}}
    custodians = " ".join(sorted({row.document.custodian for row in released})) or None
    bases = " ".join(sorted({row.permit.basis for row in released})) or None
    kind = "disclosure" if request.action is Action.READ else "search"
    reliance = {
        row.document.id: {
            "version": row.document.version,
            "grants": [[grant.id, grant.consent, grant.version, grant.spend] for grant in row.permit.grants],
            "relation": row.permit.relation,
        }
        | ({} if row.fetched is None else {"met": met_facts(row.fetched)})
        for row in released
    }
    subject = {"client": client, "epochs": _epochs(epochs), "reliance": reliance}
    return _draft(event_id, kind, "permit", request, subject, body, custodians, bases)


def custodian_read(event_id: str, request: DisclosureRequest, client: str, document: DocumentFacts) -> Draft:
    """Return the entry of a custodian reading its own deposit: no judgement was needed."""
    requester = request.requester
    body: dict[str, object] = {
        "category": document.category, "recipient": requester.service, "organisation": requester.organisation,
        "request_id": request.request_id,
        "documents": [{"id": document.id, "version": document.version, "custodian": document.custodian}],
    }  # fmt: skip
    return _draft(event_id, "custodian.read", "permit", request, {"client": client}, body, document.custodian, None)


def spent(
    event_id: str, request: DisclosureRequest, client: str, document: DocumentFacts, grant: RelianceGrant, by_event: str
) -> Draft:
    """Return the entry that says which release, of which document, spent a single-use grant."""
    recipient, custodian, category = request.requester.service, document.custodian, document.category
    body = {
        "grant": grant.id, "consent": grant.consent, "version": grant.version, "by_event": by_event,
        "recipients": [recipient], "custodians": [custodian], "categories": [category],
    }  # fmt: skip
    subject = {"client": client, "consent": grant.consent, "version": grant.version}
    index = IndexRow("consent.spent", "na", category=category, recipient=recipient, custodian=custodian)
    return Draft(event_id, index, body, subject=subject, subject_owner=client)


def met_facts(fetched: Fetched) -> dict[str, object]:
    """Return what a document outside was when it was fetched: what a deposit's entry says of one that lies with us."""
    document, origin = fetched.document, fetched.origin
    return {
        "source": origin.source,
        "labels": list(document.labels),
        "sections": {section: list(labels) for section, labels in document.sections.items()},
        "sha256": origin.digest,
    }


def _epochs(epochs: Epochs) -> list[int]:
    return [epochs.client, epochs.partner, epochs.world]


def _body(request: DisclosureRequest, category: str, policy: str, directory: str) -> dict[str, object]:
    requester = request.requester
    body: dict[str, object] = {
        "action": str(request.action),
        "category": category,
        "purpose": request.purpose,
        "role": request.role,
        "recipient": requester.service,
        "organisation": requester.organisation,
        "assurance": requester.assurance,
        "asked_basis": request.basis,
        "policy": policy,
        "directory": directory,
        "request_id": request.request_id,
    }
    if request.traceparent:
        body["traceparent"] = request.traceparent
    return body


def _released(row: ReleasedDocument) -> dict[str, object]:
    permit, document = row.permit, row.document
    return {
        "id": document.id,
        "custodian": document.custodian,
        "category": document.category,
        "dated": document.dated,
        "basis": permit.basis,
        "sections": sorted(permit.sections),
        "projection": list(permit.projection),
        "obligations": sorted(permit.obligations),
        "good_until": permit.good_until,
        "sha256": row.digest,
        "bytes": row.size,
    }


def _draft(
    event_id: str, kind: str, outcome: str, request: DisclosureRequest, subject: Mapping[str, object],
    body: dict[str, object], custodian: str | None, basis: str | None,
) -> Draft:  # fmt: skip
    requester = request.requester
    actor = {
        "system": requester.system, "person": requester.person, "name": requester.person_name, "role": requester.role,
        "service": requester.service, "token": requester.token_id,
    }  # fmt: skip
    index = IndexRow(
        kind=kind, outcome=outcome, basis=basis, category=str(body["category"]), recipient=requester.service,
        custodian=custodian, requester=requester.system,
    )  # fmt: skip
    return Draft(
        event_id=event_id,
        index=index,
        body=body,
        subject=subject,
        actor=actor,
        subject_owner=str(subject["client"]),
        actor_owner=f"{requester.system}/{requester.person or ''}",
    )
