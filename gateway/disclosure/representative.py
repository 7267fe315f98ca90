"""What a representative may be told of: only what a disclosure to them would show.

The client in person sees everything. Of a document a representative sees the sections that are open to them, and of one
without any nothing at all; and no name that tells of a sensitive matter by itself: a category all of which is
sensitive, a service for such matters. `gateway.disclosure.sight` cuts pages by these rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.directory.model import Directory
from gateway.disclosure.looking import Looker
from gateway.disclosure.snapshot import DocumentFacts
from gateway.disclosure.whole import Whole

_TELLING = {"mental-health-and-substance": frozenset({"mental-health", "substance-use"})}
"""Kinds of service whose name alone tells of something sensitive, and of what."""


def may_be_told(looker: Looker, category: str | None, services: Iterable[str], directory: Directory) -> bool:
    """Return whether who looks may be told that a category, between these services, is there at all."""
    if looker.is_client:
        return True
    row = None if category is None else directory.category(category)
    if row is not None and all(directory.nature(row.code, one) - looker.ticks for one in row.sections):
        return False
    kinds = (service.kind for code in services if (service := directory.service(code)) is not None)
    return all(_TELLING.get(kind, frozenset()) <= looker.ticks for kind in kinds)


def is_forbidden(category: str, whole: Whole) -> bool:
    """Return whether a category is forbidden to everyone; a pause forbids every one."""
    return any(row.recipient is None and row.category in (None, category) for row in whole.prohibitions)


def open_sections(looker: Looker, document: DocumentFacts, whole: Whole, directory: Directory) -> frozenset[str]:
    """Return the sections of a client's document that may be shown to who looks: to the client in person, all.

    To a representative those whose every sensitivity is ticked; none where a prohibition to everyone stands, where the
    client is under a non-disclosure marking, while nothing is shown of a client who is suspended, and of what its name
    or its custodian's tells. A document without any is not told of at all: what is not open is not there.
    """
    if document.category not in directory.categories:
        return frozenset()
    if looker.is_client:
        return frozenset(document.sections)
    closed = whole.client.non_disclosure or whole.client.suspended or is_forbidden(document.category, whole)
    if closed or not may_be_told(looker, document.category, (document.custodian,), directory):
        return frozenset()
    return frozenset(
        section
        for section, added in document.sections.items()
        if directory.nature(document.category, section) | set(added) | set(document.labels) <= looker.ticks
    )
