"""Documents on their way in: bytes that a custodian deposits become an accepted document, or a list of its faults.

What is accepted is validated once, stored as it came and never validated again. Every fault names its place as a
FHIRPath and says what is expected there; none holds anything of the content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.fhir.attachments import MAX_ATTACHMENT_BYTES, attachment_faults
from adapters.fhir.codes import REQUIRED_CODES, code_faults
from adapters.fhir.document_bundle import COMPOSITION_AT, composition_in
from adapters.fhir.labels import added_by_deposit, whole_labels
from adapters.fhir.r4 import model_faults
from adapters.fhir.reading import read_json
from adapters.fhir.structure import Fault, contained_faults, walk_of
from adapters.fhir.terms import CATEGORY_SYSTEM
from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier, IdentityCodeError, PersonalIdentityCode
from gateway.directory.instants import YEARS, parse_instant
from gateway.directory.layout import ContainedItems, ItemsWithin, Layout
from gateway.directory.model import Category, Directory
from gateway.disclosure.sections import Document, contained_of, parts
from gateway.errors import BodyInvalid

MAX_DOCUMENT_BYTES = 256 * 1024
MAX_FAULTS = 30

_CATEGORY_AT: Mapping[str, str] = {
    "CarePlan": "category",
    "Composition": "type",
    "ServiceRequest": "category",
    "Communication": "category",
    "Observation": "category",
    "DocumentReference": "type",
    "Task": "code",
}


@dataclass(frozen=True, slots=True, repr=False)
class AcceptedDocument:
    """A document that passed every check, and what the gateway needs to know of it without its content.

    `labels` are the sensitivities of the whole, `sections` those of each section present: by nature of the category and
    added by the deposit. `resource` is the type of the document itself, so `Composition` of one that came in a Bundle;
    `body` are the very bytes that came.
    """

    category: str
    resource: str
    identifier: Identifier
    dated: datetime
    labels: frozenset[str]
    sections: Mapping[str, frozenset[str]]
    referrer: str | None
    body: bytes


def parse_document(resource_type: str, body: bytes, directory: Directory) -> AcceptedDocument:
    """Return the document that *body* is, sent as a resource of *resource_type* (a Composition comes as `Bundle`).

    1. The JSON is unambiguous and small enough. 2. The resource is R4, with the codes that its bindings require.
    3. Its category is known. 4. Nothing in it that the gateway does not understand, no person but the client.
    5. Client, date, sections and labels are as the category's layout says. Raises BodyInvalid with every fault found.
    """
    # 1.
    return accept_document(resource_type, read_json(body, most_bytes(resource_type)), body, directory)


def most_bytes(resource_type: str) -> int:
    """Return how large a document sent as a resource of that type may be."""
    return MAX_DOCUMENT_BYTES + (MAX_ATTACHMENT_BYTES * 4 // 3 if resource_type == "DocumentReference" else 0)


def accept_document(resource_type: str, content: Document, body: bytes, directory: Directory) -> AcceptedDocument:
    """Return the document that *content* is: unambiguous JSON of which *body* are the bytes, small enough.

    Steps 2 to 5 of `parse_document`, and its errors.
    """
    resource, root = _unwrap(resource_type, content)
    kind = str(resource["resourceType"])

    # 2.
    _refuse([*model_faults(resource, root), *_required_codes(resource, root)])

    # 3.
    category, layout = _category(resource, root, directory)

    # 4. and 5.
    subject, faults = _subject(resource, root, layout)
    code = subject.value.reveal() if subject is not None and isinstance(subject.value, PersonalIdentityCode) else None
    faults += walk_of(resource, layout, root, code).faults()
    faults += contained_faults(resource, root, _contained_types(layout))
    dated = _dated(resource, root, layout, faults)
    present = _sections(resource, root, layout, faults)
    labels = whole_labels(resource, root, directory, faults)
    added, referrer = added_by_deposit(resource, root, directory, present, faults)
    if kind == "DocumentReference":
        faults += attachment_faults(resource, root)
    _refuse(faults)
    if subject is None or dated is None:
        raise BodyInvalid("the document names no client or date")
    sections = {
        section: directory.nature(category.code, section) | added.get(section, frozenset())
        for section in category.sections
        if section in present
    }
    return AcceptedDocument(category.code, kind, subject, dated, labels, sections, referrer, body)


def _refuse(faults: list[Fault]) -> None:
    if faults:
        more = "" if len(faults) <= MAX_FAULTS else f", the first {MAX_FAULTS} are listed"
        raise BodyInvalid(f"the document has {len(faults)} fault(s){more}", tuple(faults[:MAX_FAULTS]))


def _unwrap(resource_type: str, content: Document) -> tuple[Document, str]:
    """Return the document itself and where it stands."""
    if content.get("resourceType") != resource_type:
        _refuse([("resourceType", f"{resource_type} is expected here")])
    if resource_type == "Bundle":
        composition, faults = composition_in(content)
        _refuse(faults)
        if composition is not None:
            return composition, COMPOSITION_AT
    if resource_type not in _CATEGORY_AT or resource_type == "Composition":
        _refuse([("resourceType", "is not taken here; a Composition comes in a document Bundle")])
    return content, resource_type


def _required_codes(resource: Document, root: str) -> Iterator[Fault]:
    yield from code_faults(resource, root)
    contained = resource.get("contained")
    for index, inner in enumerate(contained if isinstance(contained, list) else ()):
        if isinstance(inner, dict) and inner.get("resourceType") in REQUIRED_CODES:
            yield from code_faults(inner, f"{root}.contained[{index}]")


def _category(resource: Document, root: str, directory: Directory) -> tuple[Category, Layout]:
    kind = str(resource["resourceType"])
    element = _CATEGORY_AT[kind]
    at = f"{root}.{element}"
    value = resource.get(element)
    codes = [
        coding.get("code")
        for concept in (value if isinstance(value, list) else [value])
        if isinstance(concept, dict) and isinstance(codings := concept.get("coding"), list)
        for coding in codings
        if isinstance(coding, dict) and coding.get("system") == CATEGORY_SYSTEM
    ]
    category = directory.category(str(codes[0])) if len(codes) == 1 else None
    layout = None if category is None else directory.layout(category.code)
    if category is None or layout is None or category.resource != kind:
        known = sorted(code for code, row in directory.categories.items() if row.resource == kind)
        raise BodyInvalid(
            "the document does not say its category",
            ((at, f"one coding of {CATEGORY_SYSTEM} is expected: {' or '.join(known)}"),),
        )
    return category, layout


def _subject(resource: Document, root: str, layout: Layout) -> tuple[Identifier | None, list[Fault]]:
    at = f"{root}.{layout.subject}"
    subject = resource.get(layout.subject)
    identifier = subject.get("identifier") if isinstance(subject, dict) else None
    if (
        not isinstance(subject, dict)
        or not isinstance(identifier, dict)
        or identifier.get("system") != NATIONAL_AUTHORITY
    ):
        return None, [(f"{at}.identifier", f"the client's identifier, of system {NATIONAL_AUTHORITY}, is expected")]
    if "reference" in subject:
        return None, [(f"{at}.reference", "name the client by identifier alone")]
    assigner = identifier.get("assigner")
    issuer = assigner.get("identifier") if isinstance(assigner, dict) else None
    issued_by = issuer.get("value") if isinstance(issuer, dict) else None
    try:
        code = PersonalIdentityCode.parse(str(identifier.get("value")))
    except IdentityCodeError as error:
        return None, [(f"{at}.identifier.value", error.detail)]
    return Identifier.personal(code, issued_by if isinstance(issued_by, str) else None), []


def _contained_types(layout: Layout) -> frozenset[str]:
    selectors = [selector for row in layout.sections.values() for selector in row]
    return frozenset(
        selector.contained if isinstance(selector, ContainedItems) else selector.within
        for selector in selectors
        if isinstance(selector, ContainedItems | ItemsWithin)
    )


def _dated(resource: Document, root: str, layout: Layout, faults: list[Fault]) -> datetime | None:
    value = resource.get(layout.dated)
    try:
        # A year or month alone would leave open which consents the document falls under.
        if isinstance(value, str) and len(value) >= len("2026-11-22") and (at := parse_instant(value)).year in YEARS:
            return at
    except ValueError:
        pass
    expected = "the document's own date is expected, from 1900 to 2200, whole or with time and offset"
    faults.append((f"{root}.{layout.dated}", expected))
    return None


def _sections(resource: Document, root: str, layout: Layout, faults: list[Fault]) -> set[str]:
    present: set[str] = set()
    contained = contained_of(resource)
    for part in parts(resource, layout):
        named = part.named & part.allowed
        if len(part.named) == 1 and named:
            present |= named
        else:
            told = _told_at(part.told_at, part.path, resource, contained)
            found = "none is named" if not part.named else "more than one or another is named"
            faults.append((f"{root}.{told}", f"one section is expected ({', '.join(sorted(part.allowed))}); {found}"))
    faults.extend((root, f"the section {section} is required") for section in layout.required if section not in present)
    return present


def _told_at(told_at: str, path: str, resource: Document, contained: Mapping[str, Document]) -> str:
    """Return where the item should say its section: for a reference, in the contained resource that it points to."""
    if told_at != path:
        return told_at
    element, _, index = path.rstrip("]").partition("[")
    items = resource.get(element)
    item = items[int(index)] if isinstance(items, list) and index.isdigit() else items
    target = item.get("reference") if isinstance(item, dict) else None
    if isinstance(target, str) and (inner := contained.get(target.removeprefix("#"))) is not None:
        resources = resource.get("contained")
        return f"contained[{resources.index(inner) if isinstance(resources, list) else 0}]"
    return path
