"""A FHIR Consent read back: what `consent.to_fhir` can say, and nothing that it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.fhir.consent import MICROSECOND, PARTICIPATION
from adapters.fhir.labels import sensitivity_of
from adapters.fhir.r4 import model_faults
from adapters.fhir.structure import Fault
from adapters.fhir.terms import (
    ACT_REASON,
    CATEGORY_SYSTEM,
    DOCUMENT_SYSTEM,
    GRANT_CATEGORY_EXTENSION,
    GRANT_ONCE_EXTENSION,
    GRANT_STATE_EXTENSION,
    PURPOSE_SYSTEM,
    WORDING_EXTENSION,
)
from gateway.consent.model import Grant, GrantId, GrantRow, RefusedRow, Shown
from gateway.directory.instants import HELSINKI, parse_instant
from gateway.directory.model import Directory
from gateway.disclosure.cut import SERVICE_SYSTEM
from gateway.disclosure.sections import Document, Json
from gateway.errors import BodyInvalid
from tests.unit.fhir.consent_shape import shape_faults

_STATUSES = frozenset({"active", "inactive", "rejected"})
_MARKS = {GRANT_CATEGORY_EXTENSION, GRANT_ONCE_EXTENSION, GRANT_STATE_EXTENSION}
_STATES = frozenset({"unconfirmed", "spent", "ended"})
_ONCE = frozenset({"chosen", "by-rule"})


@dataclass(frozen=True, slots=True)
class ImportedConsent:
    """What a FHIR Consent says, before anybody has checked that it may be recorded."""

    client: tuple[str, str]
    """System and value of the client's identifier."""
    status: str
    given_at: datetime
    shown: Shown
    grants: tuple[Grant, ...]
    refused: tuple[RefusedRow, ...]


def from_fhir(resource: Document, directory: Directory) -> ImportedConsent:
    """Return what the FHIR Consent says. `from_fhir(to_fhir(c))` has the grants and refused rows of *c*.

    Everything that our record cannot hold is a fault, since leaving it out could widen what the client chose. Raises
    BodyInvalid with every fault's FHIRPath.
    """
    faults = list(model_faults(resource, "Consent")) or [*_root_faults(resource), *shape_faults(resource)]
    if faults:
        raise BodyInvalid("the Consent cannot be taken in", tuple(faults))
    root = _member(resource, "provision")
    rows = root.get("provision")
    grants: list[Grant] = []
    refused: list[RefusedRow] = []
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        reader = _Row(row if isinstance(row, dict) else {}, f"Consent.provision.provision[{index}]", directory, faults)
        match reader.read():
            case Grant() as grant:
                grants.append(grant)
            case RefusedRow() as refusal:
                refused.append(refusal)
            case None:
                pass
    identifier = _member(_member(resource, "patient"), "identifier")
    shown = _shown(_member(resource, "sourceAttachment"), faults)
    if not identifier.get("system") or not identifier.get("value"):
        faults.append(("Consent.patient.identifier", "an identifier with system and value is expected"))
    given_at = _instant(resource.get("dateTime"), "Consent.dateTime", faults)
    if faults or given_at is None or shown is None:
        raise BodyInvalid("the Consent cannot be taken in", tuple(faults))
    client = (str(identifier["system"]), str(identifier["value"]))
    return ImportedConsent(client, str(resource["status"]), given_at, shown, tuple(grants), tuple(refused))


def _root_faults(resource: Document) -> Iterator[Fault]:
    if resource.get("resourceType") != "Consent":
        yield "resourceType", "Consent is expected"
        return
    if resource.get("status") not in _STATUSES:
        yield "Consent.status", f"one of {', '.join(sorted(_STATUSES))} is expected"
    scopes = [coding.get("code") for coding in _items(_member(resource, "scope"), "coding")]
    if scopes != ["patient-privacy"]:
        yield "Consent.scope", "patient-privacy is expected"
    if any(one.get("type") != "Patient" for one in _items(resource, "performer")):
        # Whoever gives for another needs a mandate, which this cannot say.
        yield "Consent.performer", "the client alone is expected"
    root = resource.get("provision")
    if not isinstance(root, dict) or root.get("type") != "deny":
        yield "Consent.provision.type", "deny is expected: what is not permitted by a row stays closed"


def _member(value: Document, name: str) -> Document:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _items(value: Document, name: str) -> list[Document]:
    inner = value.get(name)
    return [item for item in inner if isinstance(item, dict)] if isinstance(inner, list) else []


def _instant(value: Json, at: str, faults: list[Fault]) -> datetime | None:
    try:
        return parse_instant(str(value))
    except ValueError:
        faults.append((at, "a date, or a time with its offset, is expected"))
        return None


def _end(value: Json, at: str, faults: list[Fault]) -> datetime | None:
    """Return the exclusive end that FHIR's inclusive one means; where its precision leaves doubt, the earlier."""
    instant = _instant(value, at, faults)
    if instant is None:
        return None
    text = str(value)
    if len(text) == len("2027-05-31"):
        day = instant.astimezone(HELSINKI)
        return (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=HELSINKI).astimezone(instant.tzinfo)
    fraction = text.partition(".")[2]
    return instant + MICROSECOND if fraction[:6].isdigit() and len(fraction[:6]) == 6 else instant


def _shown(source: Document, faults: list[Fault]) -> Shown | None:
    told = {
        str(part.get("url")): next((part[key] for key in part if key.startswith("value")), None)
        for extension in _items(source, "extension")
        if extension.get("url") == WORDING_EXTENSION
        for part in _items(extension, "extension")
    }
    version = told.get("version")
    if not isinstance(version, int) or not {"wording", "register", "sha256"} <= told.keys() or "language" not in source:
        faults.append(("Consent.sourceAttachment.extension", "the wording that was shown is expected, with its hash"))
        return None
    words = str(told["wording"]), version, str(source["language"]), str(told["register"]), str(told["sha256"])
    return Shown(*words)


class _Row:
    """One nested provision, being read."""

    def __init__(self, row: Document, at: str, directory: Directory, faults: list[Fault]) -> None:
        self.row, self.at, self.directory, self.faults = row, at, directory, faults

    def read(self) -> Grant | RefusedRow | None:
        """Return the grant or refusal that the row says, None where it has faults; they are noted."""
        before = len(self.faults)
        marks = _items(self.row, "modifierExtension")
        if any(mark.get("url") not in _MARKS for mark in marks):
            self._fault("modifierExtension", "holds one that is not known here")
        category = self._category(marks)
        recipient = self._service("IRCP")
        if any(mark.get("url") == GRANT_ONCE_EXTENSION and mark.get("valueCode") not in _ONCE for mark in marks):
            self._fault("modifierExtension", f"a single use is {' or '.join(sorted(_ONCE))}")
        states = {str(mark.get("valueCode")) for mark in marks if mark.get("url") == GRANT_STATE_EXTENSION}
        if not states <= _STATES:
            self._fault("modifierExtension", f"a state is one of {', '.join(sorted(_STATES))}")
        kind = self.row.get("type")
        if kind not in ("permit", "deny") or (kind == "permit" and states):
            self._fault("type", "permit, or deny for what opens nothing, is expected")
        period = _member(self.row, "period")
        if len(_items(self.row, "actor")) > (1 if kind == "deny" and not states else 2):
            self._fault("actor", "the recipient and, of a grant, the custodian are expected, and nobody else")
        if kind == "deny" and not states:
            end = _end(period["end"], f"{self.at}.period.end", self.faults) if "end" in period else None
            return None if len(self.faults) > before else RefusedRow(recipient, category, end)
        row = self._grant_row(category, recipient, period, marks)
        if row is None or len(self.faults) > before:
            return None
        once = any(mark.get("url") == GRANT_ONCE_EXTENSION for mark in marks)
        name = GrantId(str(self.row.get("id", "")))
        return Grant(name, row, once, "unconfirmed" not in states, "spent" in states, "ended" in states)

    def _grant_row(self, category: str, recipient: str, period: Document, marks: list[Document]) -> GrantRow | None:
        custodian = self._service("CST")
        purposes = [c.get("code") for c in _items(self.row, "purpose") if c.get("system") == PURPOSE_SYSTEM]
        purpose = self.directory.purposes.get(str(purposes[0])) if len(purposes) == 1 else None
        others = [c for c in _items(self.row, "purpose") if c.get("system") != PURPOSE_SYSTEM]
        if purpose is None or any((c.get("system"), c.get("code")) != (ACT_REASON, purpose.act_reason) for c in others):
            self._fault("purpose", f"one code of {PURPOSE_SYSTEM} is expected, and beside it its reason alone")
        start = _instant(period.get("start"), f"{self.at}.period.start", self.faults)
        until = _end(period.get("end"), f"{self.at}.period.end", self.faults)
        ticks = [sensitivity_of(label, self.directory) for label in _items(self.row, "securityLabel")]
        if None in ticks:
            self._fault("securityLabel", "holds a label that is not known here")
        dated = _member(self.row, "dataPeriod")
        if "dataPeriod" in self.row and not dated.keys() & {"start", "end"}:
            self._fault("dataPeriod", "a start or an end is expected")
        dated_from = _instant(dated["start"], f"{self.at}.dataPeriod.start", self.faults) if "start" in dated else None
        dated_until = _end(dated["end"], f"{self.at}.dataPeriod.end", self.faults) if "end" in dated else None
        if start is None or until is None or len(purposes) != 1:
            return None
        chosen = any(m.get("url") == GRANT_ONCE_EXTENSION and m.get("valueCode") == "chosen" for m in marks)
        sensitivities = frozenset(tick for tick in ticks if tick)
        return GrantRow(
            custodian, recipient, category, str(purposes[0]), start, until, sensitivities, chosen, self._document(),
            dated_from, dated_until,
        )  # fmt: skip

    def _fault(self, element: str, says: str) -> None:
        self.faults.append((f"{self.at}.{element}", says))

    def _category(self, marks: list[Document]) -> str:
        codings = [_member(mark, "valueCoding") for mark in marks if mark.get("url") == GRANT_CATEGORY_EXTENSION]
        codes = [str(coding.get("code")) for coding in codings if coding.get("system") == CATEGORY_SYSTEM]
        if len(codings) != 1 or len(codes) != 1 or self.directory.category(codes[0]) is None:
            self._fault("modifierExtension", f"one category of {CATEGORY_SYSTEM} is expected")
            return ""
        return codes[0]

    def _service(self, role: str) -> str:
        found: list[str] = []
        for actor in _items(self.row, "actor"):
            codings = _items(_member(actor, "role"), "coding")
            if any(coding.get("system") == PARTICIPATION and coding.get("code") == role for coding in codings):
                identifier = _member(_member(actor, "reference"), "identifier")
                if identifier.get("system") == SERVICE_SYSTEM:
                    found.append(str(identifier.get("value")))
        if len(found) != 1 or self.directory.service(found[0]) is None:
            self._fault("actor", f"one {role} that is a service of this directory is expected")
            return ""
        return found[0]

    def _document(self) -> str | None:
        data = _items(self.row, "data")
        if not data:
            return None
        identifier = _member(_member(data[0], "reference"), "identifier")
        if (
            len(data) > 1
            or data[0].get("meaning") != "instance"
            or identifier.get("system") != DOCUMENT_SYSTEM
            or not identifier.get("value")
        ):
            self._fault("data", f"one instance, by its identifier of {DOCUMENT_SYSTEM}, is expected")
        return str(identifier.get("value"))
