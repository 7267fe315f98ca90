"""Who can see what: the values of the matrix of recipients and categories, each cell with its reason.

Codes only: words come from the directory's names and `phrases`. Instants in microseconds, ends exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.disclosure.decision import RelianceGrant

CLOSEST = (
    "request-invalid", "not-found", "requester-mismatch", "service-closed", "role-not-allowed", "assurance-too-low",
    "basis-not-applicable", "recipient-not-named", "no-consent", "succeeded", "category-not-covered",
    "custodian-not-covered", "purpose-not-covered", "document-not-covered", "not-yet-in-force", "expired", "spent",
    "withdrawn", "unconfirmed", "sensitivity-not-covered", "suspended", "prohibited",
)  # fmt: skip
"""Reasons by how near they come to a yes: of several in one cell, the last of these is the cell's."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one recipient would see of one document for one purpose, as the policy engine says.

    `document` is None for a document such as could come: nothing of the kind is there now. `holder` is a custodian and
    its own document, on which nothing is judged. `sections` are in the category's order.
    """

    recipient: str
    category: str
    custodian: str
    document: str | None
    dated: int | None
    purpose: str | None
    roles: tuple[str, ...]
    permitted: bool
    basis: str | None = None
    reason: str | None = None
    grants: tuple[RelianceGrant, ...] = ()
    relation: str | None = None
    section_of_law: str | None = None
    until: int | None = None
    released: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    holder: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One recipient and one category: all that was judged, a row for each document and purpose."""

    recipient: str
    category: str
    seen: tuple[Seen, ...]

    @property
    def permitted(self) -> bool:
        """Whether the recipient may see anything of the category, its own documents left out."""
        return self.told.permitted and not self.told.holder

    @property
    def told(self) -> Seen:
        """The row that tells the cell: of those permitted the one with most sections, else the nearest to a yes."""
        others = [one for one in self.seen if not one.holder] or list(self.seen)
        allowed = [one for one in others if one.permitted]
        if allowed:
            return max(allowed, key=lambda one: (one.document is not None, len(one.released)))
        return max(others, key=lambda one: CLOSEST.index(one.reason) if one.reason in CLOSEST else -1)

    @property
    def documents(self) -> tuple[Seen, ...]:
        """The rows of documents that are there."""
        return tuple(one for one in self.seen if one.document is not None)

    @property
    def differs(self) -> bool:
        """Whether the documents of the cell differ in what may be seen of them."""
        return len({(one.permitted, one.basis, one.released, one.withheld) for one in self.documents}) > 1


@dataclass(frozen=True, slots=True)
class Matrix:
    """Who can see what of one client at an instant. A cell is missing where there is nothing that could be seen.

    `caveats` are codes of what could not be rebuilt of a past instant; see `phrases` group `caveats`.
    """

    client: str
    at: datetime
    recipients: tuple[str, ...]
    categories: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    policy: str
    directory: str
    caveats: tuple[str, ...] = ()

    def cell(self, recipient: str, category: str) -> Cell | None:
        """Return the cell of a recipient and a category."""
        return self.cells.get((recipient, category))

    def of_recipient(self, recipient: str) -> tuple[Cell, ...]:
        """Return a recipient's cells, in the order of the categories."""
        return tuple(cell for one in self.categories if (cell := self.cells.get((recipient, one))) is not None)

    def of_document(self, document: str) -> tuple[Seen, ...]:
        """Return what each recipient would see of a document, in the order of the recipients."""
        return tuple(
            seen
            for recipient in self.recipients
            for cell in self.of_recipient(recipient)
            for seen in cell.seen
            if seen.document == document
        )
