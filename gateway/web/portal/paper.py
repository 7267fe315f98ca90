"""A receipt on paper: its QR code, and its PDF that a screen reader can read (PDF/UA-1)."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

import segno

_STYLE: Final = Path(__file__).with_name("receipt.css")


def qr_svg(address: str) -> bytes:
    """Return a QR code of an address as an SVG file of its own, drawn by attributes alone."""
    written = BytesIO()
    segno.make(address, error="m", micro=False).save(
        written, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=True, nl=False
    )
    return written.getvalue()


def qr_inline(address: str) -> str:
    """Return the same for a document that has no other file."""
    return segno.make(address, error="m", micro=False).svg_inline(scale=3, border=4, dark="#000", light="#fff")


def to_pdf(html: str) -> bytes:
    """Return a tagged PDF of a document. It takes half a second: call it in a thread.

    Raises where the document would load anything at all, from here or from elsewhere.
    """
    # WeasyPrint is imported when the first paper is made: it loads its libraries for a second.
    from weasyprint import CSS, HTML
    from weasyprint.urls import URLFetcher

    nothing = URLFetcher(allowed_protocols=(), fail_on_errors=True)
    style = CSS(string=_style(), url_fetcher=nothing)
    document = HTML(string=html, url_fetcher=nothing)
    return bytes(document.write_pdf(stylesheets=[style], pdf_variant="pdf/ua-1"))


@cache
def _style() -> str:
    return _STYLE.read_text("utf-8")
