"""Consents as others see them: FHIR Consent by the rules of IHE Privacy Consent on FHIR (Intermediate and Advanced).

Our record is the source, this is a view. The root provision denies; each grant is one nested permit. What narrows a
grant and has no element in FHIR and PCF (document category, single use, a state in which it opens nothing) stands in
modifier extensions: a reader who does not know them must not act on the row. A grant that opens nothing is a nested
deny.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from adapters.fhir.labels import label_coding, label_codings
from adapters.fhir.terms import (
    ACT_CODE,
    ACT_REASON,
    BASE,
    CAPTURE_EXTENSION,
    CAPTURE_SYSTEM,
    CATEGORY_SYSTEM,
    CLIENT_SYSTEM,
    CONSENT_SYSTEM,
    DEMO_TAG,
    DOCUMENT_SYSTEM,
    GRANT_CATEGORY_EXTENSION,
    GRANT_ONCE_EXTENSION,
    GRANT_STATE_EXTENSION,
    PURPOSE_SYSTEM,
    WORDING_EXTENSION,
)
from gateway.consent.model import Consent, Grant, RefusedRow
from gateway.consent.view import ConsentView
from gateway.directory.business_id import organisation_oid
from gateway.directory.instants import HELSINKI
from gateway.directory.model import Directory
from gateway.disclosure.cut import SERVICE_SYSTEM
from gateway.disclosure.sections import Document, Json

INTERMEDIATE = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
ADVANCED = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentAdvanced"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
MICROSECOND = timedelta(microseconds=1)


def to_fhir(consent: ConsentView | Consent, client: str, directory: Directory, *, demo: bool = False) -> Document:
    """Return the consent as a FHIR Consent. *client* is the reader's pairwise reference to the client.

    A party is shown its ConsentView, the client the whole Consent, with the rows that they refused.
    """
    refused = consent.refused if isinstance(consent, Consent) else ()
    sensitive = any(grant.row.sensitivities for grant in consent.grants)
    who: Document = {"type": "Patient", "identifier": {"system": CLIENT_SYSTEM, "value": client}}
    meta: Document = {"versionId": str(consent.version), "profile": [ADVANCED if sensitive else INTERMEDIATE]}
    if demo:
        meta["tag"] = [{"system": ACT_REASON, "code": DEMO_TAG}]
    rows: list[Json] = [_grant(grant, directory) for grant in consent.grants]
    rows += [_refusal(row, directory) for row in refused]
    provision: Document = {"type": "deny"}
    if rows:
        provision["provision"] = rows
    resource: Document = {"resourceType": "Consent", "id": consent.id, "meta": meta}
    if consent.capture is not None:
        captured: Document = {"system": CAPTURE_SYSTEM, "code": str(consent.capture.method)}
        resource["extension"] = [{"url": CAPTURE_EXTENSION, "valueCoding": captured}]
    return resource | {
        "identifier": [{"system": CONSENT_SYSTEM, "value": consent.id}],
        "status": _status(consent),
        "scope": _concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_concept("http://loinc.org", "59284-0"), _concept(ACT_CODE, "IDSCL")],
        "patient": who,
        "dateTime": consent.given_at.astimezone(HELSINKI).isoformat(),
        "performer": [
            who if consent.giver.is_client else {"type": "RelatedPerson", "display": str(consent.giver.kind)}
        ],
        "organization": _controllers(consent.grants, refused, directory),
        "sourceAttachment": _source(consent),
        "policy": [{"uri": f"{BASE}/policy/consent"}],
        "policyRule": _concept(ACT_CODE, "OPTIN"),
        "provision": provision,
    }


def _status(consent: ConsentView | Consent) -> str:
    if str(consent.state) != "given":
        return "inactive"
    return "active" if consent.grants else "rejected"


def _concept(system: str, code: str) -> Document:
    return {"coding": [{"system": system, "code": code}]}


def _controllers(grants: Iterable[Grant], refused: Iterable[RefusedRow], directory: Directory) -> list[Json]:
    """Return the organisations that answer for the custodians; where there are only refusals, for the recipients."""
    services = [grant.row.custodian for grant in grants] or [row.recipient for row in refused]
    found: dict[str, Json] = {}
    for service in services:
        organisation = directory.organisation_of(service)
        if organisation is not None:
            oid = f"urn:oid:{organisation_oid(organisation.business_id)}"
            found.setdefault(
                organisation.code,
                {
                    "type": "Organization",
                    "identifier": {"system": "urn:ietf:rfc:3986", "value": oid},
                    "display": organisation.name.fi,
                },
            )
    return [*found.values()]


def _source(consent: ConsentView | Consent) -> Document:
    shown = consent.shown
    told: list[Json] = [
        {"url": "wording", "valueString": shown.wording},
        {"url": "version", "valuePositiveInt": shown.version},
        {"url": "register", "valueString": shown.register},
        {"url": "sha256", "valueString": shown.sha256},
    ]
    return {
        "extension": [{"url": WORDING_EXTENSION, "extension": told}],
        "contentType": "text/plain",
        "language": shown.language,
        "title": f"{shown.wording} {shown.version}",
    }


def _actor(role: str, service: str, directory: Directory) -> Document:
    reference: Document = {"type": "Organization", "identifier": {"system": SERVICE_SYSTEM, "value": service}}
    if (row := directory.service(service)) is not None:
        reference["display"] = row.name.fi
    return {"role": _concept(PARTICIPATION, role), "reference": reference}


def _category_mark(category: str) -> Document:
    return {"url": GRANT_CATEGORY_EXTENSION, "valueCoding": {"system": CATEGORY_SYSTEM, "code": category}}


def _grant(grant: Grant, directory: Directory) -> Document:
    row = grant.row
    marks: list[Json] = [_category_mark(row.category)]
    if grant.single_use:
        marks.append({"url": GRANT_ONCE_EXTENSION, "valueCode": "chosen" if row.once else "by-rule"})
    states = [
        name
        for name, true in (("unconfirmed", not grant.confirmed), ("spent", grant.spent), ("ended", grant.ended))
        if true
    ]
    marks += [{"url": GRANT_STATE_EXTENSION, "valueCode": state} for state in states]
    provision: Document = {
        "id": grant.id,
        "modifierExtension": marks,
        "type": "deny" if states else "permit",
        # FHIR's end is inclusive, ours is not: the last instant inside is one microsecond earlier.
        "period": {
            "start": row.valid_from.astimezone(HELSINKI).isoformat(timespec="microseconds"),
            "end": (row.until - MICROSECOND).astimezone(HELSINKI).isoformat(timespec="microseconds"),
        },
        "actor": [_actor("IRCP", row.recipient, directory), _actor("CST", row.custodian, directory)],
    }
    if row.sensitivities:
        provision["securityLabel"] = [label_coding("N"), *label_codings(row.sensitivities, directory)]
    purpose = directory.purposes.get(row.purpose)
    codings: list[Json] = [{"system": PURPOSE_SYSTEM, "code": row.purpose}]
    if purpose is not None:
        codings.append({"system": ACT_REASON, "code": purpose.act_reason})
    provision["purpose"] = codings
    dated: Document = {}
    if row.dated_from is not None:
        dated["start"] = row.dated_from.astimezone(HELSINKI).isoformat(timespec="microseconds")
    if row.dated_until is not None:
        dated["end"] = (row.dated_until - MICROSECOND).astimezone(HELSINKI).isoformat(timespec="microseconds")
    if dated:
        provision["dataPeriod"] = dated
    if row.document is not None:
        document: Document = {"identifier": {"system": DOCUMENT_SYSTEM, "value": row.document}}
        provision["data"] = [{"meaning": "instance", "reference": document}]
    return provision


def _refusal(row: RefusedRow, directory: Directory) -> Document:
    provision: Document = {"modifierExtension": [_category_mark(row.category)], "type": "deny"}
    if row.not_before is not None:
        provision["period"] = {
            "end": (row.not_before - MICROSECOND).astimezone(HELSINKI).isoformat(timespec="microseconds")
        }
    return provision | {"actor": [_actor("IRCP", row.recipient, directory)]}
