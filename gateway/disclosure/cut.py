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
_TOLD_PLACES = frozenset({"contentType", "type"})
"""What an attachment or a reference to a place can be known by."""
_NOT_TEXT = frozenset({"system", "code", "url", "contentType", "language", "status", "resourceType"})


def says_something(value: Json) -> bool:
    """Return whether there is anything in the value; 0 and false are something."""
    return bool(value) or value is False or (value == 0 and isinstance(value, (int, float)))


class Cut:
    """Copies values by the fields that are named, leaving out what no list may name."""

    __slots__ = ("names", "strip")

    def __init__(self, names: dict[str, str], strip: bool) -> None:
        self.names = names
        self.strip = strip

    def named(self, value: Json, fields: Fields | None) -> Json:
        """Return what *fields* name of the value; all that may be kept where they name the whole."""
        if fields is None:
            return self.whole(value)
        if isinstance(value, list):
            return [kept for item in value if (kept := self.named(item, fields))]
        if isinstance(value, dict) and (
            "reference" in value or (self.strip and not value.keys().isdisjoint(_TOLD_PLACES))
        ):
            # What such a value may say is not told by its fields alone.
            value = self.whole(value)
        if not isinstance(value, dict):
            return None
        new: Document = {}
        for key, inner in value.items():
            if key not in fields or key in _NEVER_INSIDE or (self.strip and key in PLACES):
                continue
            below = fields[key]
            if isinstance(inner, (dict, list)):
                if kept := self.named(inner, below):
                    new[key] = kept
            elif below is None and inner is not None:
                new[key] = self._text(key, inner) if self.strip and isinstance(inner, str) else inner
        return new

    def marked(self, value: Json, fields: Fields | None) -> Json:
        """Return the items as `named` does, each with the extension that says its section."""
        items: list[Json] = []
        for item in value if isinstance(value, list) else (value,):
            kept = self.named(item, fields)
            if (
                isinstance(kept, dict)
                and kept
                and isinstance(item, dict)
                and isinstance(marks := item.get("extension"), list)
            ):
                mark = next(m for m in marks if isinstance(m, dict) and m.get("url") == SECTION_EXTENSION)
                items.append({"extension": [{"url": SECTION_EXTENSION, "valueCode": mark["valueCode"]}], **kept})
        return items

    def whole(self, value: Json) -> Json:
        """Return a copy of the value without what no list may name."""
        if isinstance(value, str):
            return mask_places(value) if self.strip else value
        if isinstance(value, dict):
            if self.strip and "contentType" in value:
                return self._attachment(value)
            if "reference" in value or "identifier" in value or (self.strip and value.get("type") == "Location"):
                return self._reference(value)
            return self._members(value)
        if isinstance(value, list):
            return [kept for item in value if says_something(kept := self.whole(item))]
        return value

    def _members(self, value: Document) -> Document:
        new: Document = {}
        strip = self.strip
        for key, inner in value.items():
            if key in _NEVER_INSIDE or key[0] == "_" or (strip and key in PLACES):
                continue
            if isinstance(inner, (dict, list)):
                if kept := self.whole(inner):
                    new[key] = kept
            else:
                new[key] = self._text(key, inner) if strip and isinstance(inner, str) else inner
        return new

    def _text(self, key: str, text: str) -> str:
        return text if key in _NOT_TEXT else mask_places(text)

    def _reference(self, value: Document) -> Json:
        target = value.get("reference")
        if self.strip and (value.get("type") == "Location" or (isinstance(target, str) and "Location/" in target)):
            return None
        new = self._members(value)
        new.pop("reference", None)
        if isinstance(target, str) and target.startswith("#"):
            if target == "#":
                new["reference"] = target
            elif (name := self.names.get(target[1:])) is not None:
                new["reference"] = "#" + name
            else:
                # The display of a dropped resource would tell of it.
                return None
        identifier = value.get("identifier")
        if isinstance(identifier, dict) and identifier.get("system") == SERVICE_SYSTEM:
            new["identifier"] = {"system": SERVICE_SYSTEM, "value": identifier.get("value")}
        # A type alone says that somebody stood here.
        return None if new.keys() <= {"type"} else new

    def _attachment(self, value: Document) -> Json:
        new = self._members(value)
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
