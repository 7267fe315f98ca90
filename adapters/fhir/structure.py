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

_DASHES = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE63, 0xFF0D), "-")
_HTML = frozenset(
    "div p br hr ul ol li dl dt dd b i strong em small sub sup span h1 h2 h3 h4 h5 h6 blockquote "
    "table thead tbody tr td th".split()
)
_XHTML = "{http://www.w3.org/1999/xhtml}"
_PERSON_ELEMENTS = ("subject", "for", "patient")


def looks_like_identity_code(text: str) -> bool:
    """Return whether the text holds the shape of a personal identity code, written with whatever dash."""
    return holds_identity_code(text.translate(_DASHES))


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk through a resource. *code_paths* are of codings that tell a section, *persons* of its client's code."""

    resource: Document
    root: str
    code_paths: frozenset[str]
    persons: frozenset[str]
    payloads: bool

    def faults(self) -> Iterator[Fault]:
        """Yield what must not be there."""
        yield from self._of(self.resource, self.root, "")

    def _of(self, value: Json, at: str, plain: str) -> Iterator[Fault]:
        if isinstance(value, dict):
            yield from self._of_object(value, at, plain)
        elif isinstance(value, list):
            if not value:
                yield at, "an empty list is not FHIR: leave the element out"
            for index, item in enumerate(value):
                yield from self._of(item, f"{at}[{index}]", plain)
        elif value is None:
            yield at, "null is not FHIR: leave the element out"
        elif isinstance(value, str):
            if not value.strip():
                yield at, "an empty text is not FHIR: leave the element out"
            if at not in self.persons and not plain.endswith("attachment.data") and looks_like_identity_code(value):
                yield at, "holds what looks like a personal identity code: only the client's identifier may"

    def _of_object(self, value: Document, at: str, plain: str) -> Iterator[Fault]:
        if not value:
            yield at, "an empty object is not FHIR: leave the element out"
        if value.get("system") == SECTION_SYSTEM and plain not in self.code_paths:
            yield at, "a section's code does not stand here in this category"
        for key, inner in value.items():
            here = f"{at}.{key}"
            if key in ("modifierExtension", "implicitRules"):
                yield here, "changes the meaning in a way that is not known here"
            elif key == "fhir_comments":
                yield here, "is not an element of FHIR R4"
            elif key == "extension":
                yield from self._of_extensions(inner, here, plain)
            elif key == "contained" and plain:
                yield here, "a contained resource contains none"
            elif key == "contained" and isinstance(inner, list):
                for index, resource in enumerate(inner):
                    kind = str(resource.get("resourceType")) if isinstance(resource, dict) else ""
                    yield from self._of(resource, f"{here}[{index}]", f"contained({kind})")
            elif key == "div":
                yield from _of_narrative(inner, here)
            else:
                yield from self._of(inner, here, f"{plain}.{key}" if plain else key)

    def _of_extensions(self, extensions: Json, at: str, plain: str) -> Iterator[Fault]:
        allowed: tuple[str, ...] = ()
        if not plain:
            allowed = (LABEL_EXTENSION, REFERRER_EXTENSION)
        elif plain == "payload" and self.payloads:
            allowed = (SECTION_EXTENSION,)
        for index, extension in enumerate(extensions if isinstance(extensions, list) else ()):
            url = extension.get("url") if isinstance(extension, dict) else None
            if url not in allowed:
                yield f"{at}[{index}]", "is not an extension that is known here"
            elif _holds_identity_code(extension):
                yield (
                    f"{at}[{index}]",
                    "holds what looks like a personal identity code: only the client's identifier may",
                )


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
    seen: set[str] = set()
    targets = set(_targets(resource))
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
        if f"#{name}" not in targets and "#" not in set(_targets(inner)):
            yield at, "nothing in the document refers to it"


def _identifier_value(resource: Json, element: str) -> Json:
    person = resource.get(element) if isinstance(resource, dict) else None
    identifier = person.get("identifier") if isinstance(person, dict) else None
    return identifier.get("value") if isinstance(identifier, dict) else None


def _targets(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(target := value.get("reference"), str):
            yield target
        for inner in value.values():
            yield from _targets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _targets(inner)


def _holds_identity_code(value: Json) -> bool:
    if isinstance(value, str):
        return looks_like_identity_code(value)
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
    if looks_like_identity_code("".join(root.itertext())):
        yield at, "holds what looks like a personal identity code: only the client's identifier may"


_ENTITIES = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
