"""What a deposited resource may not hold anywhere: found by one walk through all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from adapters.fhir.terms import LABEL_EXTENSION, REFERRER_EXTENSION
from gateway.directory.identity_trace import holds_identity_code
from gateway.directory.layout import SECTION_EXTENSION, SECTION_SYSTEM, CodedItems, ContainedItems, ItemsWithin, Layout
from gateway.disclosure.sections import Document, Json

Fault = tuple[str, str]

_HTML = frozenset(
    "div p br hr ul ol li dl dt dd b i strong em small sub sup span h1 h2 h3 h4 h5 h6 blockquote "
    "table thead tbody tr td th".split()
)
_XHTML = "{http://www.w3.org/1999/xhtml}"
_PERSONAL = "holds what looks like a personal identity code: only the client's identifier may"
_PERSON_ELEMENTS = ("subject", "for", "patient")


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk through a resource. *code_paths* are of codings that tell a section, *persons* of its client's code."""

    resource: Document
    root: str
    code_paths: frozenset[str]
    persons: frozenset[str]
    payloads: bool

    def faults(self) -> list[Fault]:
        """Return what must not be there."""
        found: list[Fault] = []
        self._of(self.resource, self.root, "", found)
        return found

    def _of(self, value: Json, at: str, plain: str, found: list[Fault]) -> None:
        if isinstance(value, str):
            if not value.strip():
                found.append((at, "an empty text is not FHIR: leave the element out"))
            elif holds_identity_code(value) and at not in self.persons and not plain.endswith("attachment.data"):
                found.append((at, _PERSONAL))
        elif isinstance(value, dict):
            self._of_object(value, at, plain, found)
        elif isinstance(value, list):
            if not value:
                found.append((at, "an empty list is not FHIR: leave the element out"))
            for index, item in enumerate(value):
                self._of(item, f"{at}[{index}]", plain, found)
        elif value is None:
            found.append((at, "null is not FHIR: leave the element out"))

    def _of_object(self, value: Document, at: str, plain: str, found: list[Fault]) -> None:
        if not value:
            found.append((at, "an empty object is not FHIR: leave the element out"))
        if value.get("system") == SECTION_SYSTEM and plain not in self.code_paths:
            found.append((at, "a section's code does not stand here in this category"))
        for key, inner in value.items():
            here = f"{at}.{key}"
            if key in ("modifierExtension", "implicitRules"):
                found.append((here, "changes the meaning in a way that is not known here"))
            elif key == "fhir_comments":
                found.append((here, "is not an element of FHIR R4"))
            elif key == "extension":
                self._of_extensions(inner, here, plain, found)
            elif key == "contained" and plain:
                found.append((here, "a contained resource contains none"))
            elif key == "contained" and isinstance(inner, list):
                for index, resource in enumerate(inner):
                    kind = str(resource.get("resourceType")) if isinstance(resource, dict) else ""
                    self._of(resource, f"{here}[{index}]", f"contained({kind})", found)
            elif key == "div":
                found.extend(_of_narrative(inner, here))
            else:
                self._of(inner, here, f"{plain}.{key}" if plain else key, found)

    def _of_extensions(self, extensions: Json, at: str, plain: str, found: list[Fault]) -> None:
        allowed: tuple[str, ...] = ()
        if not plain:
            allowed = (LABEL_EXTENSION, REFERRER_EXTENSION)
        elif plain == "payload" and self.payloads:
            allowed = (SECTION_EXTENSION,)
        for index, extension in enumerate(extensions if isinstance(extensions, list) else ()):
            url = extension.get("url") if isinstance(extension, dict) else None
            if url not in allowed:
                found.append((f"{at}[{index}]", "is not an extension that is known here"))
            elif _holds_identity_code(extension):
                found.append((f"{at}[{index}]", _PERSONAL))


def walk_of(resource: Document, layout: Layout, root: str, identity_code: str | None) -> Walk:
    """Return the walk through a resource of that layout; *identity_code* is the client's, as in their identifier."""
    code_paths: set[str] = set()
    payloads = False
    for selectors in layout.sections.values():
        for selector in selectors:
            match selector:
                case CodedItems(element, code):
                    code_paths.add(f"{element}.{code}.coding")
                case ItemsWithin(within, element, code):
                    code_paths.add(f"contained({within}).{element}.{code}.coding")
                case ContainedItems(_, kind, str() as code):
                    code_paths.add(f"contained({kind}).{code}.coding")
                case ContainedItems():
                    pass
                case _:
                    payloads = payloads or selector.element == "payload"
    persons = {f"{root}.{layout.subject}.identifier.value"}
    contained = resource.get("contained")
    for index, inner in enumerate(contained if isinstance(contained, list) else ()):
        for person in _PERSON_ELEMENTS:
            # Where the client's own identifier is at fault already, theirs inside are not told as another person's.
            if identity_code is None or _identifier_value(inner, person) == identity_code:
                persons.add(f"{root}.contained[{index}].{person}.identifier.value")
    return Walk(resource, root, frozenset(code_paths), frozenset(persons), payloads)


def contained_faults(resource: Document, root: str, known: frozenset[str]) -> Iterator[Fault]:
    """Yield a fault for each contained resource of an unknown type, without an id of its own, or that nothing needs."""
    contained = resource.get("contained")
    if contained is None:
        return
    seen: set[str] = set()
    targets = _targets(resource)
    for index, inner in enumerate(contained if isinstance(contained, list) else ()):
        at = f"{root}.contained[{index}]"
        if not isinstance(inner, dict):
            continue
        name = inner.get("id")
        if inner.get("resourceType") not in known:
            yield (
                f"{at}.resourceType",
                f"one of {', '.join(sorted(known))} is expected" if known else "nothing is contained in this category",
            )
        if not isinstance(name, str) or name in seen:
            yield f"{at}.id", "an id of its own is expected"
            continue
        seen.add(name)
        if f"#{name}" not in targets and "#" not in _targets(inner):
            yield at, "nothing in the document refers to it"


def _identifier_value(resource: Json, element: str) -> Json:
    person = resource.get(element) if isinstance(resource, dict) else None
    identifier = person.get("identifier") if isinstance(person, dict) else None
    return identifier.get("value") if isinstance(identifier, dict) else None


def _targets(resource: Document) -> set[str]:
    """Return every text that stands as a `reference` anywhere in the resource."""
    found: set[str] = set()
    left: list[Json] = [resource]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if isinstance(target := value.get("reference"), str):
                found.add(target)
            left += value.values()
        elif isinstance(value, list):
            left += value
    return found


def _holds_identity_code(value: Json) -> bool:
    if isinstance(value, str):
        return holds_identity_code(value)
    if isinstance(value, dict):
        return any(_holds_identity_code(inner) for inner in value.values())
    return isinstance(value, list) and any(_holds_identity_code(inner) for inner in value)


def _of_narrative(div: Json, at: str) -> Iterator[Fault]:
    """Yield faults of a narrative: only plain XHTML words go out, no links, images, styles or scripts."""
    if not isinstance(div, str):
        return
    if "<!" in div or "<?" in div or "&" in _ENTITIES.sub("", div):
        yield at, "no comments, declarations or named entities are taken in a narrative"
        return
    try:
        root = ElementTree.fromstring(div)  # noqa: S314 - declarations, so entities too, were refused above
    except ElementTree.ParseError:
        yield at, "well-formed XHTML in one div is expected"
        return
    for element in root.iter():
        if not element.tag.startswith(_XHTML) or element.tag.removeprefix(_XHTML) not in _HTML or element.attrib:
            yield at, "only XHTML elements for text, lists and tables, without attributes, are taken in a narrative"
            return
    if root.tag != f"{_XHTML}div" or not "".join(root.itertext()).strip():
        yield at, "a div of the XHTML namespace with some text is expected"
    if holds_identity_code("".join(root.itertext())):
        yield at, _PERSONAL


_ENTITIES = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
