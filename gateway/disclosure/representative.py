"""What a representative may learn from the pages of looking: only what a disclosure to them would show.

The client in person sees everything. A representative sees neither what the client decided in person, nor what tells of
a sensitive matter by its name alone: a category all of which is sensitive, a service whose very name tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from gateway.consent.model import GiverKind
from gateway.consent.view import ClientPicture
from gateway.directory.model import Directory
from gateway.disclosure.looking import Looker
from gateway.disclosure.matrix import Matrix
from gateway.disclosure.opened import Opened, Section

_TELLING = {"mental-health-and-substance": frozenset({"mental-health", "substance-use"})}
"""Kinds of service whose name alone tells of something sensitive, and of what."""
_OF_FACTS = frozenset({
    "decision", "disclosure", "search", "deposit", "custodian.read", "consent.requested", "relation.recorded",
    "relation.ended", "prohibition.given", "prohibition.lifted", "mandate.ended", "mandate.read", "log.start",
})  # fmt: skip
"""The kinds of entry that tell of no decision that is the client's own, save a prohibition: it beats a representative's
consent, so they must know of it."""


def may_be_told(looker: Looker, category: str | None, services: Iterable[str], directory: Directory) -> bool:
    """Return whether who looks may be told that a category, between these services, is there at all."""
    if looker.is_client:
        return True
    row = None if category is None else directory.category(category)
    if row is not None and all(directory.nature(row.code, one) - looker.ticks for one in row.sections):
        return False
    kinds = (service.kind for code in services if (service := directory.service(code)) is not None)
    return all(_TELLING.get(kind, frozenset()) <= looker.ticks for kind in kinds)


def seen_picture(picture: ClientPicture, looker: Looker) -> ClientPicture:
    """Return what of the picture who looks may see: a representative what representatives gave or refused."""
    if looker.is_client:
        return picture
    consents = tuple(one for one in picture.consents if not one.giver.is_client)
    refusals = tuple(one for one in picture.refusals if not one.by_client)
    return replace(picture, consents=consents, refusals=refusals, messages=())


def seen_cells(matrix: Matrix, looker: Looker, directory: Directory) -> Matrix:
    """Return what of the matrix who looks may see."""
    if looker.is_client:
        return matrix
    cells = {
        place: replace(cell, seen=seen)
        for place, cell in matrix.cells.items()
        if (
            seen := tuple(
                one for one in cell.seen if may_be_told(looker, one.category, (one.recipient, one.custodian), directory)
            )
        )
    }
    return replace(
        matrix, cells=cells,
        recipients=tuple(code for code in matrix.recipients if may_be_told(looker, None, (code,), directory)),
        categories=tuple(code for code in matrix.categories if any(place[1] == code for place in cells)),
    )  # fmt: skip


def seen_entries(entries: Sequence[Opened], looker: Looker, directory: Directory) -> Sequence[Opened]:
    """Return which entries of the client's log who looks may see. An entry that does not open is not shown to a
    representative: what it is about is not known."""
    return entries if looker.is_client else [one for one in entries if _is_seen(one, looker, directory)]


def _is_seen(entry: Opened, looker: Looker, directory: Directory) -> bool:
    body, subject = entry.b, entry.s
    if body is None or subject is None:
        return False
    # Of a consent it counts who gave it; else who acted.
    theirs = subject["giver"] in _REPRESENTATIVES if "giver" in subject else "representative" in subject
    by_representative = theirs and (entry.kind.startswith("consent.") or entry.kind == "relation.contested")
    if entry.kind not in _OF_FACTS and not by_representative:
        return False
    named = list(_sections(body))
    services = {code for one in named for code in _codes(one, _NAMING)}
    categories = {code for one in named for code in _codes(one, ("category", "categories"))}
    return all(may_be_told(looker, code, services, directory) for code in (categories or (None,)))


def _sections(body: Section) -> Iterator[Section]:
    yield body
    for name in ("documents", "grants", "rows"):
        listed = body.get(name)
        yield from (row for row in listed if isinstance(row, dict)) if isinstance(listed, list) else ()


def _codes(section: Section, keys: Collection[str]) -> Iterator[str]:
    for key in keys:
        value = section.get(key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (one for one in value if isinstance(one, str))


_NAMING = ("recipient", "custodian", "recorded_by", "by", "recipients", "custodians")
_REPRESENTATIVES = frozenset(str(kind) for kind in GiverKind if kind is not GiverKind.CLIENT)
