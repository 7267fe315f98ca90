"""What every sample needs beside its sections: category, client, author and dates."""

from __future__ import annotations

from datetime import datetime, timedelta

from adapters.fhir.sample_texts import TITLES
from adapters.fhir.terms import CATEGORY_SYSTEM
from gateway.directory.identity_code import Identifier, PersonalIdentityCode
from gateway.directory.instants import HELSINKI
from gateway.directory.layout import SECTION_SYSTEM, Layout
from gateway.directory.model import Category, Directory
from gateway.disclosure.cut import SERVICE_SYSTEM
from gateway.disclosure.sections import Document


class SampleFrame:
    """The parts that all documents of one deposit share."""

    def __init__(
        self,
        category: Category,
        layout: Layout,
        directory: Directory,
        identifier: Identifier,
        dated: datetime,
        custodian: str | None,
    ) -> None:
        self.category = category
        self.layout = layout
        self.title = TITLES[category.code]
        self._section_names = directory.names["section"]
        self.kind: Document = {
            "coding": [{"system": CATEGORY_SYSTEM, "code": category.code, "display": category.name.fi}],
            "text": self.title,
        }
        value = identifier.value
        code = value.reveal() if isinstance(value, PersonalIdentityCode) else value
        self.client: Document = {"identifier": {"use": "official", "system": identifier.authority, "value": code}}
        if identifier.issuer is not None:
            self.client["identifier"] = {
                "use": "official",
                "system": identifier.authority,
                "value": code,
                "assigner": {"identifier": {"system": "urn:ietf:rfc:3986", "value": identifier.issuer}},
            }
        self.at = dated.astimezone(HELSINKI)
        service = None if custodian is None else directory.service(custodian)
        self.author: Document = {"type": "Organization", "display": "Asiakkaan palvelu"}
        if service is not None:
            self.author = {
                "type": "Organization",
                "identifier": {"system": SERVICE_SYSTEM, "value": service.code},
                "display": service.name.fi,
            }

    @property
    def dated(self) -> str:
        """The document's own date, with its offset."""
        return self.at.isoformat()

    def day(self, days: int) -> str:
        """Return the date that many days after the document's own."""
        return (self.at + timedelta(days=days)).date().isoformat()

    def section_title(self, code: str) -> str:
        """Return the heading of a section, in the document's own language."""
        name = self._section_names[code].fi
        return name[:1].upper() + name[1:]

    @staticmethod
    def section(code: str) -> Document:
        """Return the CodeableConcept that says a section."""
        return {"coding": [{"system": SECTION_SYSTEM, "code": code}]}
