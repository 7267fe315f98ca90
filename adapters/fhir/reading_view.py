"""A document as a person reads it: each section's values as lines of plain text, whatever markup they came in.

What comes out is text and nothing else: a page escapes it, and no markup of a deposit ever reaches one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

import orjson

from gateway.directory.layout import (
    CodedItems,
    ContainedItems,
    ExtendedItems,
    ItemsWithin,
    Layout,
    Selector,
    WholeElement,
)
from gateway.disclosure.minimise import document_in
from gateway.disclosure.reading_view import Line, ReadingView, SectionView
from gateway.disclosure.sections import Document, Json, Rule, contained_of, contained_target, rules_of
from gateway.errors import CustodianUnavailable

LABELS: Mapping[str, str] = {
    "start": "from", "end": "until", "display": "who", "role": "role", "dueDate": "until", "occurrenceDateTime": "when",
    "scheduledString": "when", "valueInteger": "value", "valueDecimal": "value",
}  # fmt: skip
"""Elements whose text is told with a label (`phrases`, group `labels`)."""
ORGANISATION = "organisation"
"""The label of a name that is an organisation's and no person's."""
_ORGANISATIONS = frozenset(("Organization", "HealthcareService", "CareTeam"))

_NOT_READ = frozenset(
    "resourceType id meta extension modifierExtension url system code status intent use kind lifecycleStatus language "
    "contentType size hash reference identifier subject for focus coding type contained creation priority docStatus "
    "implicitRules category".split()
)
"""Elements that say how a document is built, not what it tells. A CodeableConcept's own text is read nevertheless."""


def reading_view(content: bytes, layout: Layout, only: frozenset[str] | None = None) -> ReadingView:
    """Return the sections of a document, accepted or released, in the layout's order.

    With *only*, an item is shown where every section that it names is among them. Raises CustodianUnavailable for
    content that is no document.
    """
    try:
        document = document_in(orjson.loads(content))
    except (orjson.JSONDecodeError, ValueError, KeyError, TypeError, IndexError):
        raise CustodianUnavailable("The document cannot be read.") from None
    contained = contained_of(document)
    found: list[SectionView] = []
    for section, selectors in layout.sections.items():
        if only is not None and section not in only:
            continue
        shown = frozenset({section}) if only is None else only
        lines = tuple(
            line
            for value in _values(document, layout, section, selectors, shown, contained, whole=only is None)
            for line in _lines(value, contained)
        )
        if lines:
            found.append(SectionView(section, lines))
    dated = document.get(layout.dated)
    return ReadingView(_text(document.get("title")), _author(document), _text(dated), tuple(found))


def _values(
    document: Document, layout: Layout, section: str, selectors: tuple[Selector, ...], shown: frozenset[str],
    contained: Mapping[str, Document], *, whole: bool,
) -> Iterator[Json]:  # fmt: skip
    rules = rules_of(layout)
    for selector in selectors:
        match selector:
            case WholeElement(element):
                yield document.get(element)
            case ItemsWithin(within, element, _):
                for resource in contained.values():
                    if resource.get("resourceType") == within:
                        yield from _of_section(
                            resource.get(element), rules.within[within][element], section, shown, contained, whole
                        )
            case CodedItems(element) | ExtendedItems(element) | ContainedItems(element):
                yield from _of_section(document.get(element), rules.elements[element], section, shown, contained, whole)


def _of_section(
    value: Json, rule: Rule, section: str, shown: frozenset[str], contained: Mapping[str, Document], whole: bool
) -> Iterator[Json]:
    if rule.whole is not None:
        if rule.whole == section:
            yield value
        return
    for item in value if isinstance(value, list) else () if value is None else (value,):
        named = rule.named_by(item, contained)
        if section in named and (whole or named <= shown):
            yield item


def _lines(value: Json, contained: Mapping[str, Document], label: str | None = None) -> Iterator[Line]:
    """Yield what a value tells, in the document's order."""
    if isinstance(value, list):
        for item in value:
            yield from _lines(item, contained, label)
    elif isinstance(value, dict):
        yield from _lines_of(value, contained, label)
    elif isinstance(value, bool) or value is None:
        return
    else:
        for one in str(value).splitlines():
            if one.strip():
                yield Line(one.strip(), label)


def _lines_of(value: Document, contained: Mapping[str, Document], label: str | None) -> Iterator[Line]:
    target = contained.get(contained_target(value) or "")
    if target is not None:
        # A contained resource refers to no other one: a reference inside it is not followed.
        yield from _lines_of(target, {}, label)
    elif isinstance(markup := value.get("div"), str):
        yield from (Line(one, label) for one in _plain(markup))
    elif "data" in value and "contentType" in value:
        yield from _attached(value)
    elif _is_concept(value):
        yield from _lines(_told(value), contained, label)
    else:
        for key, inner in value.items():
            if key in _NOT_READ and not (isinstance(inner, dict) and _told(inner) and key == "code"):
                continue
            if key == "text" and isinstance(inner, dict):
                yield from _lines_of(inner, contained, label)
            elif key == "title" and "text" in value:
                # A section's own title repeats the heading that the directory gives it.
                continue
            elif key == "display" and _names_organisation(value):
                yield from _lines(inner, contained, ORGANISATION)
            else:
                yield from _lines(inner, contained, LABELS.get(key, label))


def _names_organisation(reference: Document) -> bool:
    """Return whether a reference is to an organisation, as its type says, or the address in it."""
    kind = _text(reference.get("type")) or _text(reference.get("reference")) or ""
    return not _ORGANISATIONS.isdisjoint(kind.split("/"))


def _is_concept(value: Document) -> bool:
    return bool(value) and value.keys() <= {"coding", "text", "extension", "id"}


def _told(value: Document) -> str | None:
    """Return what a CodeableConcept says in words: its own text, else what its codes are called."""
    if text := _text(value.get("text")):
        return text
    codings = value.get("coding")
    names = [_text(one.get("display")) for one in codings if isinstance(one, dict)] if isinstance(codings, list) else []
    return next((name for name in names if name), None)


def _attached(value: Document) -> Iterator[Line]:
    kind, data = _text(value.get("contentType")) or "", _text(value.get("data")) or ""
    if kind.split(";")[0].strip() == "text/plain":
        try:
            content = base64.b64decode(data, validate=True).decode("utf-8", "replace")
        except binascii.Error:
            content = ""
        for one in content.splitlines():
            if one.strip():
                yield Line(one.strip())
    else:
        # Other attachments are told of, never shown: what they hold is not text that a page could escape.
        yield Line(_text(value.get("title")) or kind, "attachment")


def _author(document: Document) -> str | None:
    for element in ("author", "requester", "sender", "custodian", "performer"):
        value = document.get(element)
        one = value[0] if isinstance(value, list) and value else value
        if isinstance(one, dict) and (name := _text(one.get("display"))):
            return name
    return None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


class _Plain(HTMLParser):
    """Collects the text of a narrative, a line for each block."""

    _BLOCKS = frozenset("p div br li tr h1 h2 h3 h4 h5 h6 dt dd blockquote pre table ul ol dl".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._BLOCKS:
            self.lines.append("")
        elif tag in ("td", "th"):
            self.lines[-1] += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in self._BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        self.lines[-1] += data


def _plain(markup: str) -> list[str]:
    parser = _Plain()
    parser.feed(markup)
    parser.close()
    return [line for one in parser.lines if (line := " ".join(one.split()))]
