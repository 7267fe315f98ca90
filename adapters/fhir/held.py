"""Documents of a foreign server: the answer to a search becomes accepted documents of one client and category.

A server adds what is its own (id, version, tags, a reference to its Patient) and says sensitivities in its own codes.
All of that is read and set aside here; what is left must be a document as `intake` accepts it. Mapping only: no I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

import orjson

from adapters.fhir.intake import AcceptedDocument, accept_document, most_bytes
from adapters.fhir.labels import label_codings, sensitivity_of
from adapters.fhir.reading import read_json
from adapters.fhir.terms import DOCUMENT_SYSTEM, LABEL_EXTENSION
from gateway.directory.identity_code import NATIONAL_AUTHORITY, Identifier, PersonalIdentityCode
from gateway.directory.instants import HELSINKI, parse_instant
from gateway.directory.layout import Layout
from gateway.directory.model import Directory
from gateway.disclosure.sections import Document, Json
from gateway.errors import BodyInvalid

Labels = Mapping[tuple[str, str], str]
"""How a server's security labels are to be understood: (system, code) -> sensitivity, empty for none."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What an answer must be about: documents of this type and category, of the client with these identifiers."""

    resource: str
    category: str
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True, repr=False)
class HeldDocument:
    """One document as a server told it: the server's id and version, and what was accepted. `digest` is its content's,
    without what a server adds."""

    server_id: str
    server_version: str
    digest: str
    accepted: AcceptedDocument


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """One page of a searchset: the documents found, the Patients that came with them by their reference, the next."""

    found: tuple[Document, ...]
    patients: Mapping[str, Document]
    next_link: str | None


def read_page(body: bytes, limit: int, resource: str) -> Page:
    """Return what a search was answered with. Raises BodyInvalid unless it is one searchset of *resource* alone,
    beside Patients that were asked to come with them and outcomes."""
    bundle = read_json(body, limit)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        raise BodyInvalid("the answer to a search is not a searchset")
    found: list[Document] = []
    patients: dict[str, Document] = {}
    for entry in _objects(bundle.get("entry")):
        content, search = entry.get("resource"), entry.get("search")
        mode = search.get("mode") if isinstance(search, dict) else None
        if not isinstance(content, dict):
            raise BodyInvalid("an entry of the searchset holds no resource")
        kind = content.get("resourceType")
        if kind == "Patient" and mode == "include":
            patients[f"Patient/{content.get('id')}"] = content
        elif kind == resource and mode in (None, "match"):
            found.append(content)
        elif (kind, mode) != ("OperationOutcome", "outcome"):
            raise BodyInvalid("the searchset holds what was not asked for")
    links = [link.get("url") for link in _objects(bundle.get("link")) if link.get("relation") == "next"]
    next_link = links[0] if links else None
    if len(links) > 1 or not (next_link is None or isinstance(next_link, str)):
        raise BodyInvalid("the searchset has more than one next page")
    return Page(tuple(found), patients, next_link)


def parse_held(
    content: Document, patients: Mapping[str, Document], sought: Sought, directory: Directory, labels: Labels
) -> HeldDocument:
    """Return one document of a searchset. Raises BodyInvalid unless it is whole and exactly what was sought.

    1. It has an id and a version of the server's. 2. Its client is the one sought: by the identifier it bears, by the
    Patient it refers to, and by both where both are there. 3. Its labels are understood; one that is absent or not
    known makes it sensitive as a whole. 4. What is left is a document of the category that `intake` accepts.
    """
    # 1.
    server_id, meta = content.get("id"), content.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    if not isinstance(server_id, str) or not 0 < len(server_id) <= 64:
        raise BodyInvalid("a document came without the server's id")
    layout = directory.layouts[sought.category]
    # 2.
    client = _client(content.get(layout.subject), patients, sought)
    # 3.
    whole, extensions = _labels(content, directory, labels)
    own_meta: Document = {"profile": [layout.profile]}
    if whole:
        own_meta["security"] = label_codings(whole, directory)
    document: Document = {"resourceType": sought.resource, "meta": own_meta}
    if isinstance(language := content.get("language"), str):
        document["language"] = language
    set_aside = {"resourceType", "id", "meta", "language", "extension", layout.subject}
    if extensions:
        document["extension"] = extensions
    document |= {key: value for key, value in content.items() if key not in set_aside}
    document[layout.subject] = {"identifier": _written(client)}
    # 4.
    kind = "Bundle" if sought.resource == "Composition" else sought.resource
    whole_document = _bundled(document, server_id, layout) if kind == "Bundle" else document
    body = orjson.dumps(whole_document)
    if len(body) > most_bytes(kind):
        raise BodyInvalid("a document came that is larger than is taken")
    # The page was unambiguous JSON, and so is what is left of it.
    accepted = accept_document(kind, whole_document, body, directory)
    if accepted.category != sought.category or accepted.identifier.canonical() != client.canonical():
        raise BodyInvalid("a document of another category came")
    return HeldDocument(server_id, version if isinstance(version, str) else "", sha256(body).hexdigest(), accepted)


def _client(subject: Json, patients: Mapping[str, Document], sought: Sought) -> Identifier:
    """Return whose document it is: the one sought, named by every identification that the document has."""
    if not isinstance(subject, dict):
        raise BodyInvalid("a document came that names no client")
    told: list[Identifier | None] = []
    if "identifier" in subject:
        told.append(_among(subject["identifier"], sought))
    if "reference" in subject:
        reference = subject["reference"]
        patient = patients.get("/".join(reference.split("/")[-2:])) if isinstance(reference, str) else None
        given = [] if patient is None else [_among(one, sought) for one in _objects(patient.get("identifier"))]
        told.append(next((one for one in given if one is not None), None))
    if not told or any(one is None or one != told[0] for one in told) or told[0] is None:
        raise BodyInvalid("a document of another client came")
    return told[0]


def _among(identifier: Json, sought: Sought) -> Identifier | None:
    """Return which of the client's identifiers this is, None for another's."""
    if not isinstance(identifier, dict):
        return None
    value, issuer = identifier.get("value"), _issuer(identifier)
    for one in sought.identifiers:
        if identifier.get("system") != one.authority or not isinstance(value, str) or value != _value(one):
            continue
        # The same temporary code means another person at another issuer.
        is_temporary = isinstance(one.value, PersonalIdentityCode) and one.value.is_temporary
        return None if is_temporary and issuer != one.issuer else one
    return None


def _issuer(identifier: Document) -> Json:
    assigner = identifier.get("assigner")
    issuer = assigner.get("identifier") if isinstance(assigner, dict) else None
    return issuer.get("value") if isinstance(issuer, dict) else None


def written_for_search(identifier: Identifier) -> str:
    """Return an identifier as a FHIR search says it, `system|value`; it goes into a body, never into an address."""
    value = _value(identifier)
    # FHIR R4 search 3.1.1.4: what separates values is escaped.
    for separator in "\\|,$":
        value = value.replace(separator, "\\" + separator)
    return f"{identifier.authority}|{value}"


def _value(identifier: Identifier) -> str:
    value = identifier.value
    return value.reveal() if isinstance(value, PersonalIdentityCode) else value


def _written(identifier: Identifier) -> Document:
    written: Document = {"system": identifier.authority, "value": _value(identifier)}
    if identifier.issuer is not None and identifier.authority == NATIONAL_AUTHORITY:
        written["assigner"] = {"identifier": {"system": "urn:ietf:rfc:3986", "value": identifier.issuer}}
    return written


def _labels(content: Document, directory: Directory, labels: Labels) -> tuple[set[str], list[Json]]:
    """Return the sensitivities of the whole, and the extensions with those of sections in our own codes."""
    meta = content.get("meta")
    codings = meta.get("security") if isinstance(meta, dict) else None
    told = [_sensitivity(coding, directory, labels) for coding in codings] if isinstance(codings, list) else []
    is_told = bool(told)
    extensions: list[Json] = []
    given = content.get("extension")
    for extension in given if isinstance(given, list) else ():
        if not isinstance(extension, dict) or extension.get("url") != LABEL_EXTENSION:
            extensions.append(extension)
            continue
        members = list(_objects(extension.get("extension")))
        of_section = [one.get("valueCoding") for one in members if one.get("url") == "label"]
        sensitivity = _sensitivity(of_section[0], directory, labels) if len(of_section) == 1 else None
        if sensitivity is None:
            told.append(None)
        elif sensitivity:
            (coding,) = label_codings([sensitivity], directory)
            named: list[Json] = [one for one in members if one.get("url") != "label"]
            extensions.append({"url": LABEL_EXTENSION, "extension": [*named, {"url": "label", "valueCoding": coding}]})
    # No label, or one that nobody here understands, may mean anything: all of it is kept back.
    if not is_told or None in told:
        return set(directory.sensitivities), extensions
    return {one for one in told if one}, extensions


def _sensitivity(coding: Json, directory: Directory, labels: Labels) -> str | None:
    """Return the sensitivity that a label says, empty for none, None for one that is not known."""
    if isinstance(coding, dict):
        mapped = labels.get((str(coding.get("system")), str(coding.get("code"))))
        if mapped is not None:
            return mapped
    return sensitivity_of(coding, directory)


def _bundled(composition: Document, server_id: str, layout: Layout) -> Document:
    """Return the document Bundle in which a Composition travels."""
    dated = composition.get(layout.dated)
    try:
        timestamp = parse_instant(str(dated)).astimezone(HELSINKI).isoformat()
    except ValueError:
        raise BodyInvalid("a document came without its own date") from None
    return {
        "resourceType": "Bundle",
        "identifier": {"system": DOCUMENT_SYSTEM, "value": sha256(server_id.encode()).hexdigest()[:32]},
        "type": "document",
        "timestamp": timestamp,
        "entry": [{"resource": composition}],
    }


def _objects(value: Json) -> Iterator[Document]:
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            yield item
