"""The examples of the OpenAPI document. Everyone in them is invented; the identity code is of the 900 series."""

from __future__ import annotations

from typing import Any, Final

from fastapi.openapi.models import Example

ID: Final = "5f0c6c1b8a1e4f7d9b3a2c4d5e6f7081"
CLIENT: Final = {"system": "urn:oid:1.2.246.21", "value": "140395-9022", "issuer": "urn:oid:1.2.246.10.99000018"}
GRANT: Final = {
    "custodian": "sote-keskus",
    "recipient": "kuntakokeilu",
    "category": "work-ability-plan",
    "purpose": "employment-support",
    "until": "2027-05-31T00:00:00+03:00",
    "sensitivities": ["health"],
}
SHOWN: Final = {"wording": "consent", "version": 2, "language": "fi", "register": "plain", "sha256": "9c" * 32}
GRANT_ANSWER: Final = GRANT | {
    "id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "valid_from": "2026-11-22T07:00:00Z",
    "until": "2027-05-30T21:00:00Z",
    "single_use": False,
    "document": None,
    "dated_from": None,
    "dated_until": None,
    "confirmed": False,
    "spent": False,
    "ended": False,
}
CONSENT_ANSWER: Final[dict[str, Any]] = {
    "id": ID,
    "version": 1,
    "state": "given",
    "given_at": "2026-11-22T07:00:00Z",
    "withdrawn_at": None,
    "given_by": "client",
    "method": "with-professional",
    "wording": "consent",
    "wording_version": 1,
    "language": "fi",
    "register": "plain",
    "sha256": "9c" * 32,
    "grants": [GRANT_ANSWER],
}
GIVEN_ANSWER: Final = {"consent": CONSENT_ANSWER, "confirmation": {"handle": ID, "path": f"/api/v1/confirmations/{ID}"}}
RELATION_ANSWER: Final = {
    "id": ID,
    "kind": "joint-service",
    "custodian": "sosiaalityo",
    "recipients": ["kuntakokeilu"],
    "valid_from": "2026-11-22T07:00:00Z",
    "until": None,
    "section": "381/2023 3 §",
    "evidence": "TYP-2026-17",
    "ended_at": None,
    "contested_at": None,
}
PROHIBITION_ANSWER: Final = {
    "id": ID,
    "recipient": "kela",
    "category": None,
    "given_at": "2026-11-22T07:00:00Z",
    "lifted_at": None,
}
MESSAGE_ANSWER: Final = {
    "id": ID,
    "kind": "consent.withdrawn",
    "consent": ID,
    "created": "2026-11-22T07:00:00Z",
}
WORDING_ANSWER: Final = {
    "id": "consent",
    "version": 1,
    "status": "in-use",
    "supersedes": None,
    "languages": ["en", "fi", "fi-x-selko", "sv"],
}
TEMPLATE_ANSWER: Final = {
    "id": "consent",
    "version": 1,
    "status": "in-use",
    "language": "en",
    "title": "Consent to disclosure",
    "heading": "Recipient: {vastaanottaja}",
    "body": ["You allow {luovuttaja} to give: {tieto}."],
    "ticks": {"health": "I consent that the information may include health data."},
    "general": ["Consent is voluntary."],
    "buttons": {"give": "I consent", "refuse": "I do not consent", "help": "I want help"},
    "sha256": "9c" * 32,
}
RENDERED_ANSWER: Final = {
    "wording": "consent",
    "version": 1,
    "language": "en",
    "register": "plain",
    "title": "Consent to disclosure",
    "rows": [
        {
            "heading": "Recipient: Esimerkkilä employment services",
            "paragraphs": ["You allow Koivula health and social services centre to give: work-ability plan."],
            "ticks": {"health": "I consent that the information may include health data."},
        }
    ],
    "general": ["Consent is voluntary."],
    "buttons": {"give": "I consent", "refuse": "I do not consent", "help": "I want help"},
    "text": "Consent to disclosure\n…",
    "sha256": "9c" * 32,
}


def _one(summary: str, value: dict[str, Any]) -> dict[str, Example]:
    return {"example": Example(summary=summary, value=value)}


GIVE: Final = _one(
    "A worker of the recipient records a consent with the client",
    {
        "client": CLIENT,
        "grants": [GRANT],
        "refused": [{"recipient": "kela", "category": "work-ability-plan"}],
        "capture": {"method": "with-professional", "evidence": {"identity_check": "passport"}},
        "giver": {"kind": "client"},
        "shown": SHOWN,
    },
)
ABOUT_CLIENT: Final = _one("By the client's identifier", {"client": CLIENT})
REFUSE: Final = _one(
    "The client says no to one recipient",
    {"client": CLIENT, "refused": [{"recipient": "kela", "category": "work-ability-plan"}]},
)
DEFER: Final = _one("The client wants to think about it", {"client": CLIENT, "request": ID})
PROHIBIT: Final = _one("Never to this recipient", {"client": CLIENT, "recipient": "kela"})
ASK: Final = _one(
    "Ask the client to consider one row",
    {
        "client": CLIENT,
        "custodian": "sote-keskus",
        "category": "work-ability-plan",
        "purpose": "employment-support",
    },
)
RELATE: Final = _one(
    "The custodian records a joint service",
    {
        "client": CLIENT,
        "kind": "joint-service",
        "custodian": "sosiaalityo",
        "recipients": ["kuntakokeilu"],
        "section": "381/2023 3 §",
        "evidence": "TYP-2026-17",
    },
)
CODE: Final = _one("The code that came to the client's own phone", {"code": "7K4M2PQX"})
OFFERED: Final[dict[str, Any]] = {
    "client": CLIENT,
    "grants": [GRANT | {"valid_from": "2026-11-22T09:00:00+02:00"}],
    "shown": SHOWN,
}
OFFER: Final = _one("One row, to confirm on the client's own phone", OFFERED)
PAPER_CHECK: Final = _one("One row, compared with the scan of the paper", OFFERED | {"scan_sha256": "4e" * 32})
RENDER: Final = _one("What to show for one row", {"wording": "consent", "language": "en", "grants": [GRANT]})
