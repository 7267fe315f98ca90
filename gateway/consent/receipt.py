"""The receipt of one step in a consent's life: the fields of ISO/IEC TS 27560 as JSON, signed as a JWS.

A party's receipt covers its own rows; the client's covers all. No identity code stands in it: the client is a
pseudonym.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import orjson

from gateway.consent.lifecycle import has_ended
from gateway.consent.model import CaptureMethod, Consent, ConsentState, GiverKind, Grant
from gateway.consent.view import ReceiptView, own_grants
from gateway.directory.model import Directory

SCHEMA = "https://saattaen.example/schema/receipt/1"
"""`schema_version`: our profile of ISO/IEC TS 27560:2023."""
TYPE = "saattaen-receipt+jws"
_LANGUAGES = ("fi", "sv", "en")


class ReceiptSigner(Protocol):
    """Signs receipts; the key is published beside them."""

    def sign(self, payload: bytes) -> str:
        """Return the compact JWS (ES256) over *payload*."""
        ...


def receipt_content(
    consent: Consent,
    step: str,
    party: str | None,
    receipt_id: str,
    directory: Directory,
    at: datetime,
    issuer: str,
    subject_ref: str,
    withdrawn_by: GiverKind = GiverKind.CLIENT,
) -> dict[str, object]:
    """Return a receipt's content. *step* is the event's kind (`consent.given`, ...), *party* None for the client's own.

    *issuer* is the gateway's public address: who signs, and where to withdraw. *subject_ref* is the reader's own
    reference to the client, which tells another reader nothing. *withdrawn_by* is by whose word it was withdrawn, where
    it was.
    """
    grants = consent.grants if party is None else own_grants(consent, party)
    mine = party is None or party == consent.capture.service
    taken_back = consent.withdrawn_at is not None
    return {
        "schema_version": SCHEMA,
        "receipt_id": receipt_id,
        "issuer": issuer,
        "consent_id": consent.id,
        "version": consent.version if party is None else None,
        "subject_ref": subject_ref,
        "covers": "all rows" if party is None else "own rows",
        "party": party,
        "jurisdiction": "FI",
        "type": "explicitly-expressed",
        "decision": "permit",
        "status": _status(consent, grants, step, at),
        "event": {"type": step, "at": _text(at), "by": str(withdrawn_by if taken_back else consent.giver.kind)},
        "given_at": _text(consent.given_at),
        "withdrawn": {"at": _text(consent.withdrawn_at), "by": str(withdrawn_by)} if taken_back else None,
        "controllers": [_controller(code, directory) for code in _ordered(grant.row.custodian for grant in grants)],
        "grants": [_grant(grant, directory, at) for grant in grants],
        "refused": [{"recipient": row.recipient, "category": row.category} for row in consent.refused if party is None],
        "notice": {
            "template_id": consent.shown.wording, "template_version": consent.shown.version,
            "language": consent.shown.language, "register": consent.shown.register,
            "rendered_sha256": consent.shown.sha256,
        },
        "capture": {"method": str(consent.capture.method), "service": consent.capture.service} if mine else None,
        "capacity": _capacity(consent),
        "voluntary": {"consequence_if_refused": "none", "text_id": "voluntary"},
        "withdrawal": {
            "how": ["own page", "any service named here", "phone"], "url": f"{issuer}/portal/consents/{consent.id}",
        },
        "rights": ["access", "rectification", "restriction", "objection", "complaint"],
        "authority": {"name": "Tietosuojavaltuutetun toimisto", "url": "https://tietosuoja.fi"},
        "automated_decision": False,
    }  # fmt: skip


def receipt_bytes(content: dict[str, object]) -> bytes:
    """Return the bytes that are signed: JSON with sorted keys and no whitespace."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def content_of(receipt: ReceiptView) -> Mapping[str, object]:
    """Return what a receipt of our own store says. Its signature is for those who have it from elsewhere to check.

    Raises ValueError for what is no receipt.
    """
    try:
        payload = receipt.jws.split(".")[1]
        content = orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError) as fault:
        raise ValueError("this is no receipt") from fault
    if not isinstance(content, dict):
        raise ValueError("this is no receipt")
    return content


def is_for(receipt: ReceiptView, party: str | None) -> bool:
    """Return whether a receipt of our own store says itself that it is this one, of that step and consent, and for
    *party*, the client where None."""
    try:
        content = content_of(receipt)
    except ValueError:
        return False
    event = content.get("event")
    step = event.get("type") if isinstance(event, dict) else None
    said = content.get("receipt_id"), content.get("consent_id"), step
    return "party" in content and (*said, content["party"]) == (receipt.id, receipt.consent, receipt.kind, party)


def withdrawn_by(receipts: Sequence[ReceiptView]) -> GiverKind | None:
    """Return by whose word a consent was withdrawn, of all of whose receipts these are; None where none says so: it was
    not withdrawn, or before receipts said it."""
    for receipt in receipts:
        withdrawn = content_of(receipt)["withdrawn"] if receipt.kind == "consent.withdrawn" else None
        if isinstance(withdrawn, dict) and "by" in withdrawn:
            return GiverKind(withdrawn["by"])
    return None


def _status(consent: Consent, grants: Sequence[Grant], step: str, at: datetime) -> str:
    if consent.state is ConsentState.WITHDRAWN:
        return "withdrawn"
    # Of the reader's own rows: whether others' stand is not a party's to know.
    if all(grant.spent or has_ended(grant, at) for grant in grants):
        return "expired" if step == "consent.expired" else "terminated"
    return "renewed" if step == "consent.changed" else "given"


def _grant(grant: Grant, directory: Directory, at: datetime) -> dict[str, object]:
    row = grant.row
    basis = "consent-once" if grant.single_use else "consent"
    law = directory.law(basis, at)
    organisation = directory.organisation_of(row.recipient)
    return {
        "grant_id": grant.id,
        "source_holder": _service(row.custodian, directory),
        "recipient": _service(row.recipient, directory),
        "recipient_organisation": None if organisation is None else organisation.code,
        "category": row.category,
        "purpose": row.purpose,
        "sensitivities": sorted(row.sensitivities),
        "special_category": True,
        "valid_from": _text(row.valid_from),
        "valid_to": _text(row.until),
        "single_use": grant.single_use,
        "confirmed": grant.confirmed,
        "document": row.document,
        "data_period": {"from": _text(row.dated_from), "to": _text(row.dated_until)},
        # What lifts secrecy and what the GDPR rests on are two things, and stand apart.
        "basis": None if law is None else {
            "code": basis, "secrecy_lift": law.secrecy_basis, "gdpr6": law.gdpr_basis, "gdpr9": law.gdpr9_basis,
            "told_as": law.told_as,
        },
    }  # fmt: skip


def _controller(service: str, directory: Directory) -> dict[str, object]:
    organisation = directory.organisation_of(service)
    if organisation is None:
        return {"service": service}
    contact, officer = organisation.contact, organisation.officer
    return {
        "id": organisation.code,
        "service": service,
        "name": {language: organisation.name.text(language) for language in _LANGUAGES},
        "business_id": organisation.business_id,
        "contact": None if contact is None else [contact.name, contact.phone, contact.email],
        "dpo_contact": None if officer is None else [officer.name, officer.phone, officer.email],
    }


def _service(code: str, directory: Directory) -> dict[str, object]:
    service = directory.service(code)
    names = {} if service is None else {language: service.name.text(language) for language in _LANGUAGES}
    return {"service": code, "name": names}


def _capacity(consent: Consent) -> dict[str, object]:
    giver = consent.giver
    # A supporter helps to read and never decides: the capacity stays the client's own.
    own = "self-supported" if consent.capture.evidence.get("supported") else "self"
    mode = own if giver.is_client else "representative"
    self_recorded = consent.capture.method in (CaptureMethod.SELF_SERVICE, CaptureMethod.OWN_PHONE)
    return {
        "mode": mode, "kind": str(giver.kind), "scope": giver.scope, "until": _text(giver.until),
        "own_device": self_recorded,
    }  # fmt: skip


def _ordered(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
