"""Who acts, in which role, for which purpose: the part of an assertion that is bound into the access token.

The shape is UDAP's B2B object (`extensions.hl7-b2b`) and an object of our own beside it (`extensions.saattaen`) for
what that has no place for. Shape alone is checked here; whether the claims are true is the policy's to judge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.directory.identity_trace import holds_identity_code

PURPOSE_SYSTEM = "https://saattaen.example/fhir/CodeSystem/purpose"
ROLE_SYSTEM = "https://saattaen.example/fhir/CodeSystem/role"
ASSURANCES = ("low", "substantial", "high")
_ORGANISATION = re.compile(r"urn:oid:1\.2\.246\.10\.[1-9]\d{0,9}", re.ASCII)
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


class ActingInvalid(ValueError):
    """A claim is missing or of the wrong shape; the text says which, never its value."""


@dataclass(frozen=True, slots=True)
class Acting:
    """The claims: organisation (URN of its OID), service, role, purpose, assurance and the person."""

    organisation: str
    service: str
    role: str
    purpose: str
    assurance: str
    person: str
    person_name: str

    @classmethod
    def parse(cls, extensions: object) -> Acting:
        """Return the claims of an `extensions` claim; raises ActingInvalid. Members not bound have no effect."""
        b2b, own = _object(extensions, "hl7-b2b"), _object(extensions, "saattaen")
        for name, part in (("hl7-b2b", b2b), ("saattaen", own)):
            if part.get("version") != "1":
                raise ActingInvalid(f"extensions.{name}.version is the string 1")
        organisation = _text(b2b, "organization_id")
        if not _ORGANISATION.fullmatch(organisation):
            raise ActingInvalid("extensions.hl7-b2b.organization_id is urn:oid:1.2.246.10. and the business id")
        purposes = b2b.get("purpose_of_use")
        if not isinstance(purposes, list) or len(purposes) != 1:
            raise ActingInvalid("extensions.hl7-b2b.purpose_of_use is a list of exactly one purpose")
        assurance = own.get("assurance")
        if assurance not in ASSURANCES:
            raise ActingInvalid("extensions.saattaen.assurance is low, substantial or high")
        return cls(
            organisation=organisation,
            service=_code(own.get("service"), "extensions.saattaen.service is a service's code"),
            role=_coded(b2b.get("subject_role"), ROLE_SYSTEM, "subject_role"),
            purpose=_coded(purposes[0], PURPOSE_SYSTEM, "purpose_of_use"),
            assurance=str(assurance),
            person=_text(b2b, "subject_id"),
            person_name=_text(b2b, "subject_name"),
        )

    def to_extensions(self) -> dict[str, object]:
        """Return the `extensions` claim that `parse` reads."""
        return {
            "hl7-b2b": {
                "version": "1",
                "organization_id": self.organisation,
                "purpose_of_use": [f"{PURPOSE_SYSTEM}#{self.purpose}"],
                "subject_id": self.person,
                "subject_name": self.person_name,
                "subject_role": f"{ROLE_SYSTEM}#{self.role}",
            },
            "saattaen": {"version": "1", "service": self.service, "assurance": self.assurance},
        }


def _object(extensions: object, name: str) -> Mapping[str, object]:
    part = extensions.get(name) if isinstance(extensions, Mapping) else None
    if not isinstance(part, Mapping):
        raise ActingInvalid(f"the assertion needs extensions.{name}")
    return part


def _text(part: Mapping[str, object], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not value.isprintable() or value != value.strip():
        raise ActingInvalid(f"extensions.hl7-b2b.{name} is needed: one to 200 printable characters")
    if holds_identity_code(value):
        raise ActingInvalid(f"extensions.hl7-b2b.{name} holds a personal identity code; use another identifier")
    return value


def _coded(value: object, system: str, name: str) -> str:
    say = f"extensions.hl7-b2b.{name} is {system} with one of its codes after the number sign"
    if not isinstance(value, str) or not value.startswith(system + "#"):
        raise ActingInvalid(say)
    return _code(value.removeprefix(system + "#"), say)


def _code(value: object, say: str) -> str:
    if not isinstance(value, str) or len(value) > 64 or not _CODE.fullmatch(value) or holds_identity_code(value):
        raise ActingInvalid(say)
    return value
