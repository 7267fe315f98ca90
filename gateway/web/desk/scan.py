"""A scanned paper: what it is by its first bytes, never by its name or said type."""

from __future__ import annotations

from typing import Final

MAX_SCAN: Final = 1_900_000
"""Bytes; a form of the gateway holds two megabytes in all."""
TYPES: Final = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
SUFFIXES: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


def type_of_scan(content: bytes) -> str | None:
    """Return the media type of a scan, None for what is no scan that we take."""
    if not 0 < len(content) <= MAX_SCAN:
        return None
    return next((kind for magic, kind in TYPES.items() if content.startswith(magic)), None)
