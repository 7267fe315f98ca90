"""The one place where the policy's input is made: facts and no rule, no content, no personal identity code.

The shape is `policies/schemas/input.json`. Instants are integer microseconds since the epoch.
"""

from __future__ import annotations

from datetime import datetime

from gateway.directory.instants import to_micros
from gateway.directory.model import Directory, Flow
from gateway.disclosure.candidates import told, told_prohibitions, told_relations
from gateway.disclosure.request import DisclosureRequest
from gateway.disclosure.snapshot import DocumentFacts, GrantFacts, RelationFacts, Snapshot

Facts = dict[str, object]


def make_facts(
    request: DisclosureRequest,
    category: str,
    document: DocumentFacts | None,
    snapshot: Snapshot,
    directory: Directory,
    at: datetime,
) -> Facts:
    """Return the facts of one request for one document at the instant *at*.

    *category* is the document's own on a read and the asked one on a search; *document* is None where there is none.
    """
    requester = request.requester
    recipient = requester.service
    named = {service for service, _ in snapshot.named}
    flow = _flow(category, document, recipient, directory, at)
    section = None if flow is None else flow.section
    return {
        "v": 1,
        "at": to_micros(at),
        "request": {
            "action": str(request.action),
            "category": category,
            "purpose": request.purpose,
            "role": request.role,
            "recipient": recipient,
            "basis": request.basis,
            "assurance": requester.assurance,
        },
        "requester": {
            "system": snapshot.partner.system,
            "organisation": snapshot.partner.organisation,
            "services": list(snapshot.partner.services),
            "suspended": snapshot.partner.suspended,
            "claims": {
                "organisation": requester.organisation,
                "service": requester.service,
                "role": requester.role,
                "purpose": requester.purpose,
            },
        },
        "recipient": _recipient(recipient, directory),
        "role": _role(request.role, directory, at),
        "known": {"category": category in directory.categories, "purpose": request.purpose in directory.purposes},
        "client": {
            "known": snapshot.client.known,
            "suspended": snapshot.client.suspended,
            "non_disclosure": snapshot.client.non_disclosure,
        },
        "document": _document(document, directory) if document else None,
        "flow": None if flow is None else _flow_facts(flow),
        "prohibitions": [
            {"id": row.id, "recipient": row.recipient, "category": row.category, "own": row.by_client}
            for row in told_prohibitions(snapshot.prohibitions, recipient, category)
        ],
        "relations": [
            _relation(row) for row in told_relations(snapshot.relations, recipient, document, section, to_micros(at))
        ],
        "grants": [
            grant_facts(row) for row in told(snapshot.grants, recipient, request.purpose, document, to_micros(at))
        ],
        "others": {
            "predecessor": not named.isdisjoint(service.code for service in directory.predecessors(recipient, at)),
            "recipient_elsewhere": any(service != recipient and of == category for service, of in snapshot.named),
        },
        "refused_in_person": any(
            row.by_client and row.recipient == recipient and row.category == category for row in snapshot.refusals
        ),
        "projection": _projection(category, recipient, directory, at),
    }


def _recipient(code: str, directory: Directory) -> Facts | None:
    service, organisation = directory.service(code), directory.organisation_of(code)
    if service is None or organisation is None:
        return None
    periods = (service.period, organisation.period)
    starts = [to_micros(period.start) for period in periods if period.start is not None]
    ends = [to_micros(period.until) for period in periods if period.until is not None]
    return {
        "service": code,
        "organisation": service.organisation,
        "kind": service.kind,
        "from": max(starts, default=0),
        "until": min(ends, default=None),
    }


def _role(code: str, directory: Directory, at: datetime) -> Facts | None:
    role = directory.role(code, at)
    return {"in": sorted(role.kinds), "purposes": sorted(role.purposes)} if role else None


def _document(document: DocumentFacts, directory: Directory) -> Facts:
    category = directory.categories[document.category]
    sections = {
        section: sorted(directory.nature(document.category, section) | set(added))
        for section, added in document.sections.items()
    }
    return {
        "id": document.id,
        "version": document.version,
        "custodian": document.custodian,
        "custodian_kind": directory.services[document.custodian].kind,
        "category": document.category,
        "dated": document.dated,
        "labels": list(document.labels),
        "sections": sections,
        "single_use": category.single_use,
    }


def _flow(
    category: str, document: DocumentFacts | None, recipient: str, directory: Directory, at: datetime
) -> Flow | None:
    if document is None or recipient not in directory.services:
        return None
    custodian_kind, recipient_kind = directory.services[document.custodian].kind, directory.services[recipient].kind
    return directory.flow(category, custodian_kind, recipient_kind, at)


def _flow_facts(flow: Flow) -> Facts:
    carries = {basis: sorted(labels) for basis, labels in flow.carries.items()}
    return {"bases": list(flow.bases), "carries": carries, "section": flow.section}


def _projection(category: str, recipient: str, directory: Directory, at: datetime) -> Facts | None:
    service = directory.service(recipient)
    projection = directory.projection(category, service.kind, at) if service else None
    return {"id": projection.id, "version": projection.version} if projection else None


def grant_facts(row: GrantFacts) -> Facts:
    """Return what the policy is told of one grant."""
    (
        grant, consent, version, custodian, recipient, category, purpose, valid_from, until, sensitivities, single_use,
        document, dated_from, dated_until, withdrawn, confirmed, spent, ended, seq, by_client,
    ) = row  # fmt: skip
    return {
        "id": grant,
        "consent": consent,
        "version": version,
        "custodian": custodian,
        "recipient": recipient,
        "category": category,
        "purpose": purpose,
        "from": valid_from,
        "until": until,
        "sensitivities": sensitivities,
        "single_use": single_use,
        "document": document,
        "dated_from": dated_from,
        "dated_until": dated_until,
        "withdrawn": withdrawn,
        "confirmed": confirmed,
        "spent": spent,
        "ended": ended,
        "seq": seq,
        "by_client": by_client,
    }


def _relation(row: RelationFacts) -> Facts:
    return {
        "id": row.id,
        "kind": row.kind,
        "custodian": row.custodian,
        "recipients": row.recipients,
        "from": row.valid_from,
        "until": row.until,
        "ended": row.ended,
        "section": row.section,
    }
