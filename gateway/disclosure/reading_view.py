"""A document as a person reads it: headings and lines of text, no markup; `adapters.fhir.reading_view` makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.directory.layout import Layout


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. `label` is a code of `phrases` group `labels` (`from`, `until`, `who`, `role`), or None."""

    text: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class SectionView:
    """One section with its lines; its heading is the directory's name of the code in group `section`."""

    code: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A document's sections in the category's order. `title` and `author` are the document's own words, if any."""

    title: str | None
    author: str | None
    dated: str | None
    sections: tuple[SectionView, ...]


Reader = Callable[[bytes, Layout, frozenset[str] | None], ReadingView]
"""Turns a document's bytes into a view of these sections alone (None: all). Raises CustodianUnavailable for content
that is no document."""
