"""Cutting values to the fields that a projection names, and leaving out what no list may name. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TypeAlias

from gateway.directory.layout import SECTION_EXTENSION
from gateway.disclosure.places import PLACES, mask_places
from gateway.disclosure.sections import Document, Json

SERVICE_SYSTEM = "https://saattaen.example/fhir/sid/service"
"""The system of our services' codes: the one identifier that a released reference keeps."""

Fields: TypeAlias = "dict[str, Fields | None]"
"""Named fields, as a tree; None names everything below."""

NEVER = frozenset(
    {"id", "meta", "implicitRules", "extension", "modifierExtension", "contained", "fhir_comments", "section"}
)
"""Dropped at every depth. `section` stands here for sections in sections, which could hide one of another code."""
_NEVER_INSIDE = NEVER | {"identifier"}
_NEVER_UNDER_STRIP = _NEVER_INSIDE | PLACES
_TOLD_PLACES = frozenset({"contentType", "type"})
"""What an attachment or a reference to a place can be known by."""
_NOT_TEXT = frozenset({"system", "code", "url", "contentType", "language", "status", "resourceType"})


def nameable(fields: Fields, strip: bool) -> Fields:
    """Return the fields without the names that no list may name inside a resource; with *strip*, without places."""
    never = _NEVER_UNDER_STRIP if strip else _NEVER_INSIDE
    return {
        name: None if below is None else nameable(below, strip) for name, below in fields.items() if name not in never
    }


class Cut:
    """Copies values by the fields that are named, leaving out what no list may name.

    Fields are to be given as `nameable` returns them. Every rule stands here once for both kinds of copy: with *strip*
    places go too.
    """

    __slots__ = ("_names", "_never", "_strip")

    def __init__(self, names: dict[str, str], strip: bool) -> None:
        """*names* are the new names of contained resources; a reference to another one is dropped."""
        self._names = names
        self._never = _NEVER_UNDER_STRIP if strip else _NEVER_INSIDE
        self._strip = strip

    def named(self, value: Json, fields: Fields | None) -> Json:
        """Return what *fields* name of the value, all that may be kept where they are None; None for nothing."""
        if isinstance(value, dict):
            return (self._whole(value) if fields is None else self.object(value, fields)) or None
        if isinstance(value, list):
            return (self._items(value) if fields is None else self._objects(value, fields)) or None
        if fields is not None or value == "":
            return None
        return mask_places(value) if self._strip and isinstance(value, str) else value

    def marked(self, value: Json, fields: Fields | None) -> Json:
        """Return the items as `named` does, each with the extension that says its section."""
        items: list[Json] = []
        for item in value if isinstance(value, list) else (value,):
            kept = self.named(item, fields)
            if isinstance(kept, dict) and isinstance(item, dict) and isinstance(marks := item.get("extension"), list):
                mark = next(m for m in marks if isinstance(m, dict) and m.get("url") == SECTION_EXTENSION)
                items.append({"extension": [{"url": SECTION_EXTENSION, "valueCode": mark["valueCode"]}], **kept})
        return items or None

    def object(self, value: Document, fields: Fields) -> Document | None:
        """Return what *fields* name of an object, maybe nothing; None for a reference that must not be told."""
        if "reference" in value or (self._strip and not value.keys().isdisjoint(_TOLD_PLACES)):
            # What such a value may say is not told by its fields alone.
            told = self._whole(value)
            if told is None:
                return None
            value = told
        new: Document = {}
        for key, inner in value.items():
            if key not in fields:
                continue
            below = fields[key]
            if isinstance(inner, dict):
                if kept := self._whole(inner) if below is None else self.object(inner, below):
                    new[key] = kept
            elif isinstance(inner, list):
                if left := self._items(inner) if below is None else self._objects(inner, below):
                    new[key] = left
            elif below is None and inner is not None:
                new[key] = self._text(key, inner) if self._strip and isinstance(inner, str) else inner
        return new

    def _objects(self, values: list[Json], fields: Fields) -> list[Json]:
        new: list[Json] = []
        for item in values:
            if isinstance(item, dict):
                if kept := self.object(item, fields):
                    new.append(kept)
            elif isinstance(item, list) and (left := self._objects(item, fields)):
                new.append(left)
        return new

    def _whole(self, value: Document) -> Document | None:
        """Return a copy of the object without what no list may name; None for a reference that must not be told."""
        never, strip = self._never, self._strip
        new: Document = {}
        for key, inner in value.items():
            if key in never or key[0] == "_":
                continue
            if isinstance(inner, str):
                new[key] = self._text(key, inner) if strip else inner
            elif isinstance(inner, dict):
                if kept := self._whole(inner):
                    new[key] = kept
            elif isinstance(inner, list):
                if left := self._items(inner):
                    new[key] = left
            else:
                new[key] = inner
        # What says more than its members has a rule of its own.
        if strip and "contentType" in value:
            return self._attachment(value, new)
        if "reference" in value or "identifier" in value or (strip and value.get("type") == "Location"):
            return self._reference(value, new)
        return new

    def _items(self, values: list[Json]) -> list[Json]:
        new: list[Json] = []
        for item in values:
            if isinstance(item, dict):
                if kept := self._whole(item):
                    new.append(kept)
            elif isinstance(item, list):
                if left := self._items(item):
                    new.append(left)
            elif isinstance(item, str):
                if item:
                    new.append(mask_places(item) if self._strip else item)
            elif item is not None:
                new.append(item)
        return new

    def _text(self, key: str, text: str) -> str:
        return text if key in _NOT_TEXT else mask_places(text)

    def _reference(self, value: Document, new: Document) -> Document | None:
        target = value.get("reference")
        if self._strip and (value.get("type") == "Location" or (isinstance(target, str) and "Location/" in target)):
            return None
        new.pop("reference", None)
        if isinstance(target, str) and target.startswith("#"):
            if target == "#":
                new["reference"] = target
            elif (name := self._names.get(target[1:])) is not None:
                new["reference"] = "#" + name
            else:
                # The display of a dropped resource would tell of it.
                return None
        identifier = value.get("identifier")
        if isinstance(identifier, dict) and identifier.get("system") == SERVICE_SYSTEM:
            new["identifier"] = {"system": SERVICE_SYSTEM, "value": identifier.get("value")}
        # A type alone says that somebody stood here.
        return None if new.keys() <= {"type"} else new

    def _attachment(self, value: Document, new: Document) -> Document | None:
        data = new.pop("data", None)
        for told in ("hash", "size"):
            new.pop(told, None)
        if not isinstance(data, str):
            return None
        kind = str(value.get("contentType", "")).partition(";")[0].strip().lower()
        try:
            text = base64.b64decode(str(value["data"]), validate=True).decode() if kind == "text/plain" else None
        except (binascii.Error, UnicodeDecodeError):
            text = None
        if not text:
            return None
        clean = mask_places(text).encode()
        new["data"] = base64.b64encode(clean).decode()
        new["size"] = len(clean)
        # R4 Attachment.hash is SHA-1 of the data; it guards against damage, the log's own digests against forgery.
        new["hash"] = base64.b64encode(hashlib.sha1(clean, usedforsecurity=False).digest()).decode()
        return new
