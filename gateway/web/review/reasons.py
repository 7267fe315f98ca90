"""The reason of one cell of the matrix: what is seen or not, why, since when, until when, on which consent or law."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.consent.view import ClientPicture
from gateway.directory.instants import to_micros
from gateway.disclosure.matrix import Cell, Seen
from gateway.disclosure.phrases import Eye, Phrases
from gateway.web.review.grid import BY_CONSENT, SEES_NOT, sign_of

NOTHING = "no-consent"
"""The reason where there is nothing that could be seen: nobody was given anything."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """One consent that a cell rests on: its id for links to it, when it was given, and whether it is one's own."""

    consent: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document in the cell, and whether the recipient may see it."""

    id: str
    dated: int
    custodian: str
    sign: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A cell told: `why` is a sentence. `until` is in microseconds; None where no end is known."""

    sign: str
    why: str
    purposes: tuple[str, ...]
    custodians: tuple[str, ...]
    until: int | None
    since: datetime | None
    consents: tuple[Reliance, ...]
    relation: str | None
    released: tuple[str, ...]
    withheld: tuple[str, ...]
    documents: tuple[DocumentRow, ...]
    goes_on: datetime | None = None
    """When another permission ends that lets the same be seen, at least in part, after `until`."""

    @property
    def sees(self) -> bool:
        """Whether anything may be seen."""
        return self.sign != SEES_NOT


def reason_of(
    cell: Cell | None, picture: ClientPicture, phrases: Phrases, language: str,
    *, now: datetime | None, for_another: bool,
) -> Reason:  # fmt: skip
    """Return why a recipient sees, or does not see, a category; *now* is None where the cell is of another day. With
    *for_another* who acts for the client reads it: no word of it calls the client's affairs theirs."""
    if cell is None:
        why = explain(NOTHING, phrases, language, for_another=for_another)
        return Reason(SEES_NOT, why, (), (), None, None, (), None, (), (), ())
    told, sign = cell.told, sign_of(cell)
    alike = [
        one for one in cell.seen if (one.permitted, one.holder, one.basis) == (told.permitted, told.holder, told.basis)
    ]
    consents = _consents(alike, picture)
    relation = next((row for row in picture.relations if row.id == told.relation), None)
    since = min((one.since for one in consents if one.since is not None), default=None)
    until = max((one.until for one in alike if one.until is not None), default=None)
    return Reason(
        sign, _why(told, phrases, language, for_another),
        _each(one.purpose for one in alike), _each(one.custodian for one in alike), until,
        relation.valid_from if relation is not None else since, consents, told.relation,
        told.released, told.withheld if told.permitted else (), _documents(cell),
        _goes_on(cell, picture, until, now) if told.permitted and told.basis in BY_CONSENT else None,
    )  # fmt: skip


def _goes_on(cell: Cell, picture: ClientPicture, until: int | None, now: datetime | None) -> datetime | None:
    """Return the last end of a permission in force that outlasts *until*, which is that of the first to end."""
    if until is None or now is None:
        return None
    ends = (
        grant.row.until
        for consent in picture.consents
        for grant in consent.grants
        if consent.in_force(now)
        and grant.in_force(now)
        and not grant.single_use
        and (grant.row.recipient, grant.row.category) == (cell.recipient, cell.category)
    )
    last = max(ends, default=None)
    return last if last is not None and to_micros(last) > until else None


def explain(reason: str, phrases: Phrases, language: str, *, for_another: bool) -> str:
    """Return why something is not seen, to the client or to who acts for the client."""
    if for_another:
        return phrases.explain_for_another(reason, language)
    return phrases.explain(reason, Eye.CLIENT, language)


def _why(told: Seen, phrases: Phrases, language: str, for_another: bool) -> str:
    if told.permitted and told.basis is not None:
        basis = phrases.basis_for_another if for_another else phrases.basis
        return basis(told.basis, language, told.section_of_law)
    if told.holder or told.reason is None:
        return ""
    return explain(told.reason, phrases, language, for_another=for_another)


def _consents(seen: Iterable[Seen], picture: ClientPicture) -> tuple[Reliance, ...]:
    ids = _each(one.consent for row in seen if row.basis in BY_CONSENT for one in row.grants)
    given = {str(one.id): one.given_at for one in picture.consents}
    return tuple(Reliance(id, given.get(id)) for id in ids)


def _documents(cell: Cell) -> tuple[DocumentRow, ...]:
    """Return the documents, each once: seen where any purpose lets it be."""
    found: dict[str, DocumentRow] = {}
    for one in cell.documents:
        if one.document is None or one.dated is None:
            continue
        sign = sign_of(Cell(cell.recipient, cell.category, (one,)))
        if one.document not in found or found[one.document].sign == SEES_NOT:
            found[one.document] = DocumentRow(one.document, one.dated, one.custodian, sign)
    return tuple(found.values())


def _each(codes: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in codes if code is not None))
