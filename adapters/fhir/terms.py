"""Our own FHIR names, and those of HL7's code systems that we speak: addresses alone, no logic."""

from __future__ import annotations

BASE = "https://saattaen.example/fhir"
"""The canonical address of our profiles, code systems and naming systems: a name, nothing is fetched there."""

CATEGORY_SYSTEM = f"{BASE}/CodeSystem/category"
PURPOSE_SYSTEM = f"{BASE}/CodeSystem/purpose"
ROLE_SYSTEM = f"{BASE}/CodeSystem/role"
CAPTURE_SYSTEM = f"{BASE}/CodeSystem/capture"

CLIENT_SYSTEM = f"{BASE}/sid/client"
"""Pairwise references to clients: each recipient has its own for the same person."""
DOCUMENT_SYSTEM = f"{BASE}/sid/document"
CONSENT_SYSTEM = f"{BASE}/sid/consent"

LABEL_EXTENSION = f"{BASE}/StructureDefinition/section-label"
REFERRER_EXTENSION = f"{BASE}/StructureDefinition/referrer"
GRANT_CATEGORY_EXTENSION = f"{BASE}/StructureDefinition/grant-category"
GRANT_ONCE_EXTENSION = f"{BASE}/StructureDefinition/grant-once"
GRANT_STATE_EXTENSION = f"{BASE}/StructureDefinition/grant-state"
WORDING_EXTENSION = f"{BASE}/StructureDefinition/wording"
CAPTURE_EXTENSION = f"{BASE}/StructureDefinition/capture"

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
DEMO_TAG = "HTEST"
"""v3-ActReason: test health data. Everything that a demo emits bears it."""
