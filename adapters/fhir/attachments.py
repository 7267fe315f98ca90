"""Attachments of a document: what may come with it, and whether it is whole."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator

from adapters.fhir.structure import Fault
from gateway.directory.identity_trace import holds_identity_code
from gateway.disclosure.sections import Document

MAX_ATTACHMENT_BYTES = 4 * 1024 * 1024
"""Of one attachment, decoded. A DocumentReference may be a third larger than this, for base64, and some more."""
ATTACHMENT_TYPES = frozenset({"application/pdf", "text/plain"})


def attachment_faults(resource: Document, root: str) -> Iterator[Fault]:
    """Yield faults of a DocumentReference's attachments: inline, of a known type, within the limit, with their hash.

    A PDF is opaque here: what it says is not scanned.
    """
    contents = resource.get("content")
    for index, content in enumerate(contents if isinstance(contents, list) else ()):
        at = f"{root}.content[{index}].attachment"
        attachment = content.get("attachment") if isinstance(content, dict) else None
        if not isinstance(attachment, dict):
            continue
        kind = str(attachment.get("contentType", "")).partition(";")[0].strip()
        if kind not in ATTACHMENT_TYPES:
            yield f"{at}.contentType", f"one of {', '.join(sorted(ATTACHMENT_TYPES))} is expected"
        if "url" in attachment:
            yield f"{at}.url", "the data itself is expected, not an address"
        try:
            data = base64.b64decode(str(attachment.get("data", "")), validate=True)
        except binascii.Error:
            data = b""
        if not 0 < len(data) <= MAX_ATTACHMENT_BYTES:
            yield f"{at}.data", f"base64 of 1 to {MAX_ATTACHMENT_BYTES} bytes is expected"
            continue
        if attachment.get("size", len(data)) != len(data):
            yield f"{at}.size", "is not the size of the data"
        # R4 Attachment.hash: SHA-1 of the data, in base64.
        if attachment.get("hash") != base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode():
            yield f"{at}.hash", "the SHA-1 of the data in base64 is expected"
        if kind == "application/pdf" and not data.startswith(b"%PDF-"):
            yield f"{at}.data", "is not a PDF"
        if kind == "text/plain":
            try:
                if holds_identity_code(data.decode()):
                    yield (
                        f"{at}.data",
                        "holds what looks like a personal identity code: only the client's identifier may",
                    )
            except UnicodeDecodeError:
                yield f"{at}.data", "text in UTF-8 is expected"
