"""The matrix as a page shows it: a row for each recipient, a cell for each category, with one word and one sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.disclosure.matrix import Cell, Matrix
from gateway.web.language import N_

BY_CONSENT = frozenset({"consent", "consent-once"})
SEES, SEES_BY_LAW, OWN, SEES_NOT = "yes", "law", "document", "no"
WORDS = {
    SEES: N_("Sees: your permission"),
    SEES_BY_LAW: N_("Sees: the law"),
    OWN: N_("Wrote it"),
    SEES_NOT: N_("Does not see"),
}
"""What each sign is called, in a cell and in the legend."""


@dataclass(frozen=True, slots=True)
class Square:
    """One cell of the table: its sign (a name of WORDS) and whether only a part of it is seen."""

    recipient: str
    category: str
    sign: str
    partly: bool = False
    coming: bool = False
    """Whether the recipient may see such a document once there is one: now there is none."""

    @property
    def word(self) -> str:
        """What the cell says, to be translated."""
        return WORDS[self.sign]


@dataclass(frozen=True, slots=True)
class GridRow:
    """One recipient with a cell for every category of the table."""

    recipient: str
    squares: tuple[Square, ...]

    @property
    def sees_anything(self) -> bool:
        """Whether the recipient may see something that it did not write itself."""
        return any(one.sign in (SEES, SEES_BY_LAW) for one in self.squares)


def sign_of(cell: Cell | None) -> str:
    """Return the sign of a cell; where there is nothing that could be seen, nothing is seen."""
    if cell is None:
        return SEES_NOT
    if cell.permitted:
        return SEES if cell.told.basis in BY_CONSENT else SEES_BY_LAW
    return OWN if any(one.holder for one in cell.seen) and all(one.holder for one in cell.seen) else SEES_NOT


def is_partly(cell: Cell) -> bool:
    """Return whether a recipient that may see something of a category sees a part of it alone.

    A document counts as seen where any purpose lets it be, and whole where any purpose leaves nothing out.
    """
    if not cell.permitted:
        return False
    whole = {one.document for one in cell.seen if one.permitted and not one.withheld}
    return any(one.document not in whole for one in cell.seen if not one.holder)


def grid_of(matrix: Matrix, recipients: Sequence[str] | None = None) -> tuple[GridRow, ...]:
    """Return the rows of the table, recipients that see something first."""
    codes = matrix.recipients if recipients is None else recipients
    rows = [GridRow(code, tuple(_square(matrix, code, category) for category in matrix.categories)) for code in codes]
    return tuple(sorted(rows, key=lambda row: not row.sees_anything))


def _square(matrix: Matrix, recipient: str, category: str) -> Square:
    cell = matrix.cell(recipient, category)
    if cell is None:
        return Square(recipient, category, SEES_NOT)
    coming = cell.permitted and cell.told.document is None
    return Square(recipient, category, sign_of(cell), is_partly(cell), coming)
